"""What ONNX Runtime says when it fails, without where in its own source it was."""

from __future__ import annotations

import re

PLACE = re.compile(
    r"\S+\.(?:h|cc):\d+ [^()]*\([^()]*(?:\([^()]*\)[^()]*)*\)(?: const)?(?: \[with [^\]]*\])? "
)
"""File, line and signature, which may be longer than a termination message."""
LONGEST = 500


def sentence(error: Exception) -> str:
    """Return the first line of the message of ``error``, at most ``LONGEST`` characters."""
    line = (str(error).splitlines() or [type(error).__name__])[0].strip()
    return PLACE.sub("", line)[:LONGEST].strip()
