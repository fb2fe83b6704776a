"""The base image `debian:trixie-slim`, made here where no registry answers.

Under the public name, so that the Dockerfiles say what they would say anywhere; slimmed like the
public one: no documentation, manual pages, translations or package lists.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from local_cluster.buildah import buildah, image_id
from local_cluster.paths import cache
from local_cluster.run import run
from local_cluster.say import heartbeat, say, step

BASE = "docker.io/library/debian:trixie-slim"
SUITE = "trixie"
PULL_SECONDS = 20
DEBOOTSTRAP_SECONDS = 120

EXCLUDED = ("doc", "groff", "info", "linda", "lintian", "locale", "man")
"""Folders under /usr/share that the public slim image leaves out as well."""

APT = """DPkg::Post-Invoke { "rm -f /var/cache/apt/*.bin /var/cache/apt/archives/*.deb || true"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Acquire::GzipIndexes "true";
Acquire::Languages "none";
APT::AutoRemove::SuggestsImportant "false";
"""


def ensure_base() -> None:
    """Have the base image in the storage: pulled if a registry answers, else made."""
    if image_id(BASE) is not None:
        return
    if _pulled():
        say(f"pulled {BASE}")
        return
    say(f"no registry answers for {BASE}; making it with debootstrap")
    with (
        step(f"made {BASE}"),
        heartbeat("installing Debian trixie into a folder", DEBOOTSTRAP_SECONDS),
        tempfile.TemporaryDirectory(dir=cache() / "images") as name,
    ):
        root = Path(name) / "rootfs"
        # No mirror is named: debootstrap's own choice is Debian's, and honours http_proxy.
        run(["debootstrap", "--variant=minbase", SUITE, str(root)])
        slim(root)
        _commit(root)


def _pulled() -> bool:
    folder = cache() / "images"
    folder.mkdir(parents=True, exist_ok=True)
    storage = ["--root", str(folder / "storage"), "--runroot", str(folder / "run")]
    limit = ["timeout", str(PULL_SECONDS), "unshare", "--mount", "--propagation", "private"]
    pull = ["buildah", *storage, "pull", "--quiet", "--retry", "0", BASE]
    return run([*limit, *pull], check=False).returncode == 0


def slim(root: Path) -> None:
    """Take out of a fresh Debian what the public slim image does not hold."""
    share = root / "usr" / "share"
    for name in EXCLUDED:
        _empty(share / name, keep="copyright")
    for folder in ("var/cache/apt", "var/lib/apt/lists", "var/log", "var/cache/debconf"):
        _empty(root / folder, keep="")
    lines = [f"path-exclude /usr/share/{name}/*" for name in EXCLUDED]
    lines.append("path-include /usr/share/doc/*/copyright")
    rules = root / "etc/dpkg/dpkg.cfg.d/docker"
    rules.write_text("\n".join(lines) + "\n")
    (root / "etc/apt/apt.conf.d/docker").write_text(APT)
    (root / "etc/resolv.conf").write_text("")
    (root / "etc/hostname").write_text("")


def _empty(folder: Path, *, keep: str) -> None:
    """Remove the files under ``folder``, but not those named ``keep``, and then empty folders."""
    for path, folders, files in os.walk(folder, topdown=False):
        for name in files:
            if name != keep:
                Path(path, name).unlink()
        for name in folders:
            child = Path(path, name)
            if child.is_symlink():
                child.unlink()
            elif not any(child.iterdir()):
                child.rmdir()


def _commit(root: Path) -> None:
    container = buildah("from", "scratch")
    try:
        archive = root.parent / "rootfs.tar"
        run(["tar", "--create", "--file", archive, "--directory", root, "--numeric-owner", "."])
        shutil.rmtree(root)
        buildah("add", "--quiet", container, archive, "/")
        buildah("config", "--cmd", "bash", container)
        buildah("commit", "--quiet", "--format", "docker", container, BASE)
    finally:
        buildah("rm", container)
