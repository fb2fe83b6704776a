"""Taking our own cluster off the machine, whole or half made: nothing of it may stay.

Only what is ours is touched: processes by their pid files, container shims that serve our
containerd, processes in our cgroups, mounts under our folders.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from pathlib import Path

from local_cluster import cgroups, kernel, network, node
from local_cluster.paths import RUN, STATE
from local_cluster.process import command_line, kill
from local_cluster.run import run
from local_cluster.say import say, step

SHIM = "containerd-shim"
SHIM_SOCKETS = Path("/run/containerd/s")
"""Where every containerd of a machine puts its shims' sockets; the place cannot be set."""

KUBELET = Path("/var/lib/kubelet")
CNI_RESULTS = Path("/var/lib/cni/results")
LOG_LINKS = Path("/var/log/containers")
STRAY = (
    LOG_LINKS,
    KUBELET / "device-plugins",
    KUBELET,
    CNI_RESULTS,
    CNI_RESULTS.parent,
    SHIM_SOCKETS,
    SHIM_SOCKETS.parent,
)
"""Folders outside ours that the kubelet and containerd insist on; removed once they are empty."""


def down() -> None:
    """Stop and remove everything of the cluster; idempotent, whatever state it was left in."""
    with step("stopped"):
        # The kubelet first: it would start again what is killed.
        kill((node.PIDS / "kubelet.pid",))
        kill(sorted(node.PIDS.glob("*.pid")) if node.PIDS.is_dir() else ())
        sockets = _shim_sockets()
        _kill_shims()
        cgroups.kill_all()
    with step("removed mounts, cgroups, network and files"):
        for _ in range(3):  # a mount over a mount shows only once the upper one is gone
            for mount in reversed(mounts_below(Path("/proc/mounts").read_text(), (STATE, RUN))):
                run(["umount", "--lazy", mount])
        cgroups.remove()
        network.remove()
        kernel.restore()
        _remove_strays(sockets)
        for folder in (STATE, RUN):
            if folder.exists():
                shutil.rmtree(folder)
    say("nothing of the cluster is left; what was built stays in the cache")


def mounts_below(mounts: str, folders: tuple[Path, ...]) -> list[str]:
    """Answer the mount points under ``folders``, in mounting order, from /proc/mounts."""
    points = [line.split()[1].replace("\\040", " ") for line in mounts.splitlines()]
    return [point for point in points if any(Path(point).is_relative_to(f) for f in folders)]


def _shims() -> list[int]:
    """Answer the shims whose command line names our containerd's socket."""
    pids = (int(folder.name) for folder in Path("/proc").glob("[0-9]*"))
    lines = ((pid, command_line(pid)) for pid in pids)
    return [pid for pid, words in lines if words and is_our_shim(words)]


def is_our_shim(words: list[str]) -> bool:
    """Answer whether a command line is that of a shim of our containerd."""
    return Path(words[0]).name.startswith(SHIM) and str(node.SOCKET) in words


def _kill_shims() -> None:
    for pid in _shims():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _shim_sockets() -> list[Path]:
    """Answer the sockets of our shims, which each shim's folder names."""
    files = RUN.glob("containerd/io.containerd.runtime.v2.task/*/*/address")
    return [Path(file.read_text().strip().removeprefix("unix://")) for file in files]


def _remove_strays(sockets: list[Path]) -> None:
    for path in sockets:
        if path.is_relative_to(SHIM_SOCKETS):
            path.unlink(missing_ok=True)
    for link in _inside(LOG_LINKS):
        if link.is_symlink() and link.readlink().is_relative_to(STATE):
            link.unlink()
    for file in cni_results(_inside(CNI_RESULTS)):
        file.unlink()
    if _inside(KUBELET) == [KUBELET / "device-plugins"]:  # another kubelet would keep more there
        (KUBELET / "device-plugins" / "kubelet.sock").unlink(missing_ok=True)
    for folder in STRAY:
        if folder.is_dir() and not _inside(folder):
            folder.rmdir()


def _inside(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def cni_results(files: list[Path]) -> list[Path]:
    """Answer the files that our pods' network left: those of our network, and of their loopback.

    `checkrail-<sandbox>-eth0` is ours by name; `cni-loopback-<sandbox>-lo` only by its sandbox.
    """
    ours = [file for file in files if file.name.startswith("checkrail-")]
    sandboxes = {file.name.split("-")[1] for file in ours}
    loopbacks = (file for file in files if file.name.startswith("cni-loopback-"))
    return ours + [file for file in loopbacks if file.name.split("-")[2] in sandboxes]
