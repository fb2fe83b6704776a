"""How much memory this container may still take, as its control group says."""

from __future__ import annotations

from pathlib import Path

GROUPS = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (
        Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
        Path("/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ),
)
"""Limit and usage, of version 2 and version 1."""
STATISTICS = "memory.stat"
CACHED = {"inactive_file", "total_inactive_file"}
"""What the kernel gives back before it lacks memory: the kubelet leaves it out, too."""
MACHINE = Path("/proc/meminfo")


def memory_left() -> int:
    """Return the bytes that are left of the container's limit, or of the machine's memory."""
    machine = _of_machine()
    for limit, usage in GROUPS:
        try:
            most, used = int(limit.read_text()), int(usage.read_text())
        except (OSError, ValueError):  # no such group, or "max": without a limit
            continue
        return max(0, min(machine, most - used + _cached(usage.parent)))
    return machine


def _cached(group: Path) -> int:
    try:
        lines = (group / STATISTICS).read_text().splitlines()
    except OSError:
        return 0
    return max((int(value) for name, value in map(str.split, lines) if name in CACHED), default=0)


def _of_machine() -> int:
    for line in MACHINE.read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) << 10
    return 0
