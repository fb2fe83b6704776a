"""Which images there are, what each is made of, and building those whose parts have changed."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import tarfile
import time
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Protocol

from local_cluster.build import alone
from local_cluster.errors import ClusterError
from local_cluster.modules import chosen as modules_named
from local_cluster.paths import HOME, PROJECT, cache
from local_cluster.run import run
from local_cluster.say import heartbeat, say, step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

KEPT_ARCHIVES = 3
"""Archives of one image kept in the cache: today's, and those of other branches."""
IN_USE_SECONDS = 3600
"""How long after its last use an archive may be needed by a command that is still running."""

GZIP_MAGIC = b"\x1f\x8b"

_LOCKED = ("pyproject.toml", "uv.lock", "README.md", "LICENSE", ".dockerignore")


@dataclass(frozen=True)
class Image:
    """One image: its Dockerfile, its context, and what of the context it is made of."""

    name: str
    dockerfile: Path
    seconds: int
    """What a cold build takes on 2 cores."""

    paths: tuple[str, ...] = ()
    """Files and folders of the repository that the Dockerfile copies."""

    module: str = ""
    """The module whose built program is the context; else the repository is."""

    folder: str = ""
    """Folder of the repository that is the context, if not all of it is."""

    @property
    def reference(self) -> str:
        """The name by which pods ask for it."""
        return f"checkrail.dev/{self.name}:dev"

    @property
    def context(self) -> Path:
        """The folder the Dockerfile copies from."""
        return modules_named((self.module,))[0].target if self.module else PROJECT / self.folder


def _ours(name: str, seconds: int, *paths: str) -> Image:
    folder = "operator" if name == "operator" else f"{name}-image"
    return Image(name, PROJECT / folder / "Dockerfile", seconds, (*paths, *_LOCKED))


def _addon(name: str, seconds: int, module: str) -> Image:
    return Image(name, HOME / "images" / name / "Dockerfile", seconds, module=module)


ADDONS = (
    _addon("pause", 5, "pause"),
    _addon("coredns", 5, "coredns"),
    _addon("versitygw", 5, "versitygw"),
    _addon("traefik", 60, ""),
)
PROJECT_IMAGES = (
    _ours("operator", 60, "operator"),
    _ours("trainer", 150, "trainer-image", "operator/src/checkrail_api"),
    _ours("server", 90, "server-image", "operator/src/checkrail_api"),
)
EXAMPLE = "examples/custom-workflow"
EXAMPLE_IMAGES = (
    Image(
        "custom-workflow",
        PROJECT / EXAMPLE / "Dockerfile",
        5,
        (EXAMPLE, "trainer-image", "operator/src/checkrail_api", *_LOCKED),
        folder=EXAMPLE,
    ),
)
"""Built from the trainer's, which has to be there."""
IMAGES = ADDONS + PROJECT_IMAGES + EXAMPLE_IMAGES


class Builder(Protocol):
    """What builds images: buildah for our own cluster, docker for kind."""

    def build(self, reference: str, dockerfile: Path, context: Path) -> None:
        """Build the image and keep it under ``reference``."""

    def export(self, reference: str, archive: Path) -> None:
        """Write it as the archive that `docker load` and containerd read."""


@dataclass(frozen=True)
class Sizes:
    """How large an image is, in bytes."""

    uncompressed: int
    compressed: int
    """As a registry would hold it: each layer through gzip."""

    def __str__(self) -> str:
        """Answer both in MB."""
        return f"{self.uncompressed / 1e6:.1f} MB, compressed {self.compressed / 1e6:.1f} MB"


def chosen(names: Sequence[str]) -> tuple[Image, ...]:
    """Answer the images of these names or references, or all of them when none is named.

    Raises:
        ClusterError: A name is not that of an image.
    """
    short = [name.removeprefix("checkrail.dev/").removesuffix(":dev") for name in names]
    known = {image.name: image for image in IMAGES}
    if unknown := sorted(set(short) - known.keys()):
        raise ClusterError(f"no image {', '.join(unknown)}; there are {', '.join(known)}")
    return tuple(image for image in IMAGES if not short or image.name in short)


def listed_files(paths: Iterable[str]) -> list[str]:
    """Answer the files under ``paths`` that git tracks or would offer to track, sorted."""
    shown = run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *paths],
        cwd=PROJECT,
    ).stdout
    return sorted({name for name in shown.split("\0") if name and (PROJECT / name).is_file()})


def digest(image: Image, files: Sequence[str], root: Path = PROJECT) -> str:
    """Answer what identifies the image: its Dockerfile and the files it is made of."""
    state = hashlib.sha256(image.dockerfile.read_bytes())
    if image.module:
        state.update(modules_named((image.module,))[0].digest.encode())
    for name in files:
        content = (root / name).read_bytes()
        state.update(f"\0{name}\0{len(content)}\0".encode())
        state.update(content)
    return state.hexdigest()[:12]


def archive_of(image: Image) -> Path:
    """Answer where the archive of the image as it would be built now is kept."""
    files = listed_files(image.paths) if image.paths else []
    return cache() / "images" / f"{image.name}-{digest(image, files)}.tar"


def ensure(images: Sequence[Image], builder: Builder) -> list[Image]:
    """Build those whose archive the cache lacks; answer those that exist now.

    A Dockerfile that is not written yet is skipped with a word.
    """
    there = [image for image in images if image.dockerfile.exists()]
    for image in images:
        if image not in there:
            say(f"skipping {image.name}: {image.dockerfile.relative_to(PROJECT)} does not exist")
    lacking = [image for image in there if not _mark_used(archive_of(image))]
    if lacking:
        with alone("image build"):
            for number, image in enumerate(lacking, start=1):
                _build_one(image, builder, f"{number} of {len(lacking)}: {image.reference}")
    return there


def _build_one(image: Image, builder: Builder, title: str) -> None:
    archive = archive_of(image)
    if archive.exists():
        return  # the build we waited for has made it
    say(f"building image {title}, about {image.seconds} s")
    with step(f"built image {title}"), heartbeat(f"building image {title}", image.seconds):
        builder.build(image.reference, image.dockerfile, image.context)
        builder.export(image.reference, archive)
    for path in outdated(archive.parent.glob(f"{image.name}-*.tar"), time.time()):
        path.unlink(missing_ok=True)


def _mark_used(archive: Path) -> bool:
    """Answer whether the archive exists, and make it the one that was used last."""
    try:
        os.utime(archive)
    except FileNotFoundError:
        return False
    return True


def outdated(archives: Iterable[Path], now: float) -> list[Path]:
    """Answer which archives of an image may go: all but the last used ones.

    One that was used within the hour stays: a cluster of another checkout may be about to load it.
    """
    used = {path: path.stat().st_mtime for path in archives}
    oldest_first = sorted(used, key=lambda path: (used[path], path))
    return [path for path in oldest_first[:-KEPT_ARCHIVES] if used[path] < now - IN_USE_SECONDS]


def image_id(archive: Path) -> str:
    """Answer the id of the image in an archive: the digest of its configuration."""
    with tarfile.open(archive) as content:
        found = re.search(r"[0-9a-f]{64}", _manifest(content)["Config"])
    if found is None:
        raise ClusterError(f"{archive} names no image configuration; remove it and build again")
    return found[0]


def sizes(archive: Path) -> Sizes:
    """Measure an image; a layer is measured once, its figures are kept by its name."""
    ledger = archive.parent / "layers.json"
    known: dict[str, list[int]] = json.loads(ledger.read_text()) if ledger.exists() else {}
    with tarfile.open(archive) as content:
        layers = _manifest(content)["Layers"]
        for layer in layers:
            if layer not in known:
                known[layer] = _layer_sizes(content, layer)
    partial = ledger.with_suffix(".part")
    partial.write_text(json.dumps(known, indent=1, sort_keys=True))
    partial.replace(ledger)
    return Sizes(*(sum(known[layer][index] for layer in layers) for index in (0, 1)))


def _layer_sizes(archive: tarfile.TarFile, layer: str) -> list[int]:
    """Answer a layer's size unpacked and packed, however the archive holds it."""
    source = _file(archive, layer)
    if source.read(2) == GZIP_MAGIC:  # Docker with containerd's image store keeps them packed
        source.seek(0)
        with gzip.open(source) as unpacked:
            total = sum(map(len, _chunks(unpacked)))
        return [total, source.tell()]
    source.seek(0)
    packer, packed, total = zlib.compressobj(6), 0, 0
    for chunk in _chunks(source):
        total += len(chunk)
        packed += len(packer.compress(chunk))
    return [total, packed + len(packer.flush())]


def _chunks(source: IO[bytes] | gzip.GzipFile) -> Iterator[bytes]:
    while chunk := source.read(1 << 20):
        yield chunk


def _manifest(archive: tarfile.TarFile) -> dict[str, Any]:
    first: dict[str, Any] = json.load(_file(archive, "manifest.json"))[0]
    return first


def _file(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    source = archive.extractfile(name)  # follows links
    if source is None:
        raise ClusterError(f"{archive.name!r} holds no file {name}; remove it and build again")
    return source
