"""How much memory this container may still take, all of its processes counted."""

from __future__ import annotations

from pathlib import Path

from checkrail_server.container_memory import CGROUP_LIMITS, container_limit

USAGES = (
    Path("/sys/fs/cgroup/memory.current"),
    Path("/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)
"""Of cgroup v2 and v1, as a container sees its own."""
STATISTICS = "memory.stat"
CACHED = {"inactive_file", "total_inactive_file"}
"""What the kernel gives back before it lacks memory: the kubelet leaves it out, too."""
MACHINE = Path("/proc/meminfo")


def memory_left(
    usages: tuple[Path, ...] = USAGES,
    limits: tuple[Path, ...] = CGROUP_LIMITS,
    machine: Path = MACHINE,
) -> int:
    """Return the bytes that are left of the container's limit, or of the machine's memory."""
    free = _free_of_machine(machine)
    for usage in usages:
        try:
            used = int(usage.read_text())
        except (OSError, ValueError):
            continue
        return max(0, min(free, container_limit(limits) - used + _cached(usage.parent)))
    return free


def _cached(group: Path) -> int:
    try:
        lines = (group / STATISTICS).read_text().splitlines()
    except OSError:
        return 0
    return max((int(value) for name, value in map(str.split, lines) if name in CACHED), default=0)


def _free_of_machine(machine: Path) -> int:
    for line in machine.read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) << 10
    return 0
