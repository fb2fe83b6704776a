"""How much memory the process has used."""

from __future__ import annotations

import re
from pathlib import Path

STATUS = Path("/proc/self/status")
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


def peak_rss_bytes() -> int | None:
    """Answer the most memory that the process has ever held, bytes; None where nobody counts it.

    ``getrusage`` would answer too much: its figure survives exec, and begins with the parent's.
    """
    try:
        found = _PEAK.search(STATUS.read_text())
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None
