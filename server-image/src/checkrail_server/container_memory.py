"""How much memory this container may have, and how much of that a model may take when tried."""

from __future__ import annotations

import os
from pathlib import Path

CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""Of cgroup v2 and v1, as a container sees its own."""
SHARE_OF_FILE = 0.25
"""Of the limit, that model.onnx may have. It is there three times while it is tried: as fetched, as
sent to the child, and as loaded."""
SHARE_OF_MODEL = 0.8
"""Of the memory that is left when a model is tried. The rest is for requests."""
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def container_limit(files: tuple[Path, ...] = CGROUP_LIMITS) -> int:
    """Return the memory limit of this container, or the machine's memory if it has none, bytes."""
    machine = os.sysconf("SC_PHYS_PAGES") * PAGE_BYTES
    limits = [_limit(file) for file in files]
    return min([machine, *(limit for limit in limits if limit)])


def most_for_file() -> int:
    """Return how many bytes model.onnx may have."""
    return int(container_limit() * SHARE_OF_FILE)


def left_for_model() -> int:
    """Return how many bytes a model may take while it is tried, beside what this process has."""
    return max(0, int((container_limit() - resident()) * SHARE_OF_MODEL))


def resident(process: int | None = None) -> int:
    """Return the resident memory of ``process``, or of this one, bytes; 0: it has ended."""
    try:
        return int(_statm(process)[1]) * PAGE_BYTES
    except OSError:
        return 0


def mapped() -> int:
    """Return the address space of this process, bytes."""
    return int(_statm()[0]) * PAGE_BYTES


def _statm(process: int | None = None) -> list[str]:
    return Path(f"/proc/{process or 'self'}/statm").read_text().split()


def _limit(file: Path) -> int | None:
    """Return what a file of the control group says; None: no limit, or no such file."""
    try:
        text = file.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None
