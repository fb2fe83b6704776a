"""The cgroups under which all pods are: made before the kubelet, emptied and removed after it."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

from local_cluster.configs import CGROUP

GONE_SECONDS = 10.0


def hierarchies(mounts: str) -> list[Path]:
    """Answer where cgroups are mounted, from the text of /proc/mounts: many for v1, one for v2."""
    fields = (line.split() for line in mounts.splitlines())
    return [Path(field[1]) for field in fields if field[2] in {"cgroup", "cgroup2"}]


def roots() -> list[Path]:
    """Answer the cluster's cgroup in every hierarchy of this machine."""
    return [path / CGROUP for path in hierarchies(Path("/proc/mounts").read_text())]


def create() -> None:
    """Make the cluster's cgroup; the kubelet expects it to be there."""
    for root in roots():
        root.mkdir(exist_ok=True)


def kill_all() -> None:
    """Kill every process in the cluster's cgroups: only pods' processes are ever there."""
    deadline = time.monotonic() + GONE_SECONDS
    while (pids := _pids()) and time.monotonic() < deadline:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def _pids() -> set[int]:
    found: set[int] = set()
    for root in roots():
        for file in root.rglob("cgroup.procs"):
            with contextlib.suppress(OSError):  # removed since it was listed
                found.update(int(line) for line in file.read_text().split())
    return found - {0}


def remove() -> None:
    """Remove the cluster's cgroups, the innermost first."""
    for root in roots():
        if root.is_dir():
            for path, _, _ in os.walk(root, topdown=False):
                _remove_one(Path(path))


def _remove_one(path: Path) -> None:
    """The kernel needs a moment after the last process: busy is tried again."""
    deadline = time.monotonic() + GONE_SECONDS
    while True:
        try:
            path.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
