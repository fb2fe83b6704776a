"""The programs the local cluster takes from Debian, installed when they are missing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from local_cluster.run import run
from local_cluster.say import heartbeat, say, step

PROGRAMS = {
    "/usr/bin/containerd": "containerd",
    "/usr/bin/ctr": "containerd",
    "/usr/sbin/runc": "runc",
    "/usr/lib/cni/ptp": "containernetworking-plugins",
    "/usr/bin/buildah": "buildah",
    "/usr/sbin/debootstrap": "debootstrap",
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
    "/usr/sbin/nft": "nftables",
    "/usr/bin/openssl": "openssl",
    "ip": "iproute2",
    "mount": "mount",
}
"""Program, by path or by name on the PATH, and the package that brings it."""


def missing() -> list[str]:
    """Answer the packages this machine lacks."""
    lacking = (
        package
        for program, package in PROGRAMS.items()
        if not Path(program).exists() and shutil.which(program) is None
    )
    return sorted(set(lacking))


def install() -> None:
    """Install what is missing; quiet and quick when nothing is.

    The packages' own services stay stopped: the cluster starts a containerd of its own.
    """
    packages = missing()
    if not packages:
        return
    say(f"installing Debian packages: {' '.join(packages)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    with step("installed Debian packages"), heartbeat("installing Debian packages", 60):
        run(["apt-get", "update"], env=environment)
        command = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
        run(command, env=environment)
