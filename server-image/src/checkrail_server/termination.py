"""What the kubelet shows of a container that has ended."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

LOG = Path("/dev/termination-log")
MOST_BYTES = 4_096


def write_message(message: str, path: Path = LOG) -> None:
    """Leave ``message`` where the kubelet looks for it, if it made that file."""
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC)
        try:
            os.write(descriptor, message.encode()[:MOST_BYTES])
        finally:
            os.close(descriptor)
