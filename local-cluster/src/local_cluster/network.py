"""The cluster's network namespace: a bridge with the node's address, and no way out.

`nsenter --net` enters it, never `ip netns exec`, which mounts a fresh /sys and hides the cgroups.
"""

from __future__ import annotations

from pathlib import Path

from local_cluster.configs import NODE_ADDRESS
from local_cluster.run import run

NAME = "checkrail"
FILE = Path("/run/netns") / NAME
INSIDE = ("nsenter", f"--net={FILE}", "--")
"""What to put before a command so that it runs inside."""


def create() -> None:
    """Make the namespace, or complete one that an interrupted `up` left half made."""
    if not exists():
        FILE.unlink(missing_ok=True)  # a file that an interrupted `ip netns add` left unmounted
        run(["ip", "netns", "add", NAME])
    inside = "; ".join(
        (
            "set -e",
            "ip link set lo up",
            "ip link show node0 >/dev/null 2>&1 || ip link add node0 type bridge",
            f"ip address replace {NODE_ADDRESS}/32 dev node0",
            "ip link set node0 up",
            # Service addresses must have a route for packets to reach the rules that replace them.
            f"ip route replace default dev node0 src {NODE_ADDRESS}",
            "echo 1 > /proc/sys/net/ipv4/ip_forward",
        )
    )
    run([*INSIDE, "sh", "-c", inside])


def exists() -> bool:
    """Answer whether the namespace is there and mounted."""
    return f" {FILE} nsfs " in Path("/proc/mounts").read_text()


def remove() -> None:
    """Remove the namespace; its interfaces go with it."""
    if exists():
        run(["ip", "netns", "delete", NAME])
    FILE.unlink(missing_ok=True)
    _remove_folder()


def _remove_folder() -> None:
    """Remove the folder that `ip netns` mounts on itself, once it names no namespace any more."""
    folder = FILE.parent
    if not folder.is_dir() or any(folder.iterdir()):
        return
    while f" {folder} " in Path("/proc/mounts").read_text():
        run(["umount", folder])
    folder.rmdir()
