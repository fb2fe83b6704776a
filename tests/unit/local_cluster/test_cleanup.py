"""`down` touches what is ours and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_cluster.cgroups import hierarchies
from local_cluster.cleanup import cni_results, is_our_shim, mounts_below
from local_cluster.paths import RUN, STATE

MOUNTS = f"""\
/dev/vda / ext4 rw 0 0
tmpfs /sys/fs/cgroup tmpfs rw 0 0
cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0
overlay {RUN}/containerd/rootfs overlay rw 0 0
tmpfs {STATE}/kubelet/pods/a\\040b tmpfs rw 0 0
tmpfs {STATE}-of-another tmpfs rw 0 0
overlay /run/containerd/rootfs overlay rw 0 0
"""


def test_only_mounts_under_our_folders_are_undone() -> None:
    assert mounts_below(MOUNTS, (STATE, RUN)) == [
        f"{RUN}/containerd/rootfs",
        f"{STATE}/kubelet/pods/a b",
    ]


def test_every_hierarchy_of_cgroups_is_found() -> None:
    assert hierarchies(MOUNTS) == [Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup/memory")]
    assert hierarchies("cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n") == [Path("/sys/fs/cgroup")]


def test_network_results_are_ours_by_network_or_by_sandbox() -> None:
    names = [
        "checkrail-aaa-eth0",
        "cni-loopback-aaa-lo",
        "cni-loopback-bbb-lo",
        "other-bbb-eth0",
    ]

    found = cni_results([Path(name) for name in names])

    assert [path.name for path in found] == ["checkrail-aaa-eth0", "cni-loopback-aaa-lo"]


@pytest.mark.parametrize(
    ("line", "ours"),
    [
        pytest.param(
            f"/usr/bin/containerd-shim-runc-v2 -id x -address {RUN}/containerd.sock",
            True,
            id="a shim of our containerd",
        ),
        pytest.param(
            "/usr/bin/containerd-shim-runc-v2 -id x -address /run/containerd/containerd.sock",
            False,
            id="a shim of another's",
        ),
        pytest.param(
            f"vi containerd-shim {RUN}/containerd.sock", False, id="a program that names one"
        ),
    ],
)
def test_is_our_shim(line: str, ours: bool) -> None:  # noqa: FBT001 - a column of the table
    assert is_our_shim(line.split()) is ours
