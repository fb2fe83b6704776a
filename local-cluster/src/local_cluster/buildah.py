"""Driving buildah: its own storage in the cache, its mounts in a mount namespace of their own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from local_cluster.paths import cache
from local_cluster.run import run

if TYPE_CHECKING:
    from collections.abc import Sequence

AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
"""The machine's certificate authorities, lent to a build that has to pass a proxy."""


def buildah(*args: str | Path) -> str:
    """Run buildah and answer its standard output.

    In a mount namespace of its own, because its storage stays mounted otherwise: not a mount of
    ours may be left on the machine.
    """
    folder = cache() / "images"
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    storage = ("--root", folder / "storage", "--runroot", folder / "run")
    environment = {**os.environ, "TMPDIR": str(folder / "tmp")}
    alone = ("unshare", "--mount", "--propagation", "private", "--")
    return run([*alone, "buildah", *storage, *args], env=environment).stdout.strip()


def image_id(reference: str) -> str | None:
    """Answer the id of an image in the storage, None when it is not there."""
    wanted = f"reference={reference}"
    found = buildah("images", "--no-trunc", "--quiet", "--filter", wanted)
    return found.splitlines()[0].removeprefix("sha256:") if found else None


def build(reference: str, dockerfile: Path, context: Path) -> None:
    """Build an image from a Dockerfile, reusing the layers of earlier builds."""
    secret: Sequence[str] = ()
    if AUTHORITIES.exists():
        secret = ("--secret", f"id=ca,src={AUTHORITIES}")
    how = ("--isolation", "chroot", "--network", "host", "--layers", "--format", "docker")
    buildah("build", *how, *secret, "--tag", reference, "--file", dockerfile, context)


def export(reference: str, archive: Path) -> None:
    """Write an image as the archive that `docker load` and containerd read."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    partial = archive.with_suffix(".part")
    partial.unlink(missing_ok=True)
    buildah("push", "--quiet", reference, f"docker-archive:{partial}:{reference}")
    partial.replace(archive)
