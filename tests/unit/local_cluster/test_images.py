"""When an image is built again, and how its size is told."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import tarfile
from typing import TYPE_CHECKING

import pytest

from local_cluster import images
from local_cluster.errors import ClusterError
from local_cluster.images import (
    ADDONS,
    IMAGES,
    Image,
    Sizes,
    chosen,
    digest,
    image_id,
    outdated,
    sizes,
)
from local_cluster.rootfs import slim

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = "ab" * 32


@pytest.fixture
def image(tmp_path: Path) -> Image:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY a b /\n")
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").write_text("2")
    return Image("thing", tmp_path / "Dockerfile", 1, ("a", "b"))


def test_the_same_files_give_the_same_digest(image: Image, tmp_path: Path) -> None:
    before = digest(image, ["a", "b"], tmp_path)
    (tmp_path / "c").write_text("not copied")

    assert digest(image, ["a", "b"], tmp_path) == before


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("a", "other", id="a copied file"),
        pytest.param("Dockerfile", "FROM scratch\nCOPY a /\n", id="the Dockerfile"),
    ],
)
def test_an_edit_changes_the_digest(image: Image, tmp_path: Path, name: str, content: str) -> None:
    before = digest(image, ["a", "b"], tmp_path)

    (tmp_path / name).write_text(content)

    assert digest(image, ["a", "b"], tmp_path) != before


def test_text_moved_between_files_changes_the_digest(image: Image, tmp_path: Path) -> None:
    before = digest(image, ["a", "b"], tmp_path)

    (tmp_path / "a").write_text("12")
    (tmp_path / "b").write_text("")

    assert digest(image, ["a", "b"], tmp_path) != before


def test_an_image_is_named_short_or_in_full() -> None:
    assert chosen(["checkrail.dev/operator:dev"]) == chosen(["operator"])
    assert chosen([]) == IMAGES
    with pytest.raises(ClusterError, match="no image nginx; there are pause"):
        chosen(["nginx"])


@pytest.mark.parametrize("addon", ADDONS, ids=lambda addon: addon.name)
def test_every_addon_has_its_dockerfile(addon: Image) -> None:
    assert "\nUSER 655" in addon.dockerfile.read_text()


def test_a_missing_dockerfile_is_skipped_with_a_word(
    image: Image,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    class NoBuilder:
        def build(self, reference: str, dockerfile: Path, context: Path) -> None:
            raise AssertionError((reference, dockerfile, context))

        def export(self, reference: str, archive: Path) -> None:
            raise AssertionError((reference, archive))

    monkeypatch.setattr(images, "PROJECT", tmp_path)
    image.dockerfile.unlink()

    assert images.ensure([image], NoBuilder()) == []
    assert "skipping thing: Dockerfile does not exist" in capsys.readouterr().err


def test_sizes_are_read_from_the_archive_layer_by_layer(tmp_path: Path) -> None:
    archive = tmp_path / "thing-1.tar"
    zeros, noise = bytes(100_000), random.Random(1).randbytes(100_000)
    _write(archive, {"one.tar": zeros, "two.tar": noise})

    measured = sizes(archive)

    assert measured.uncompressed == 200_000
    assert 100_000 < measured.compressed < 101_000
    assert image_id(archive) == CONFIG
    assert str(measured) == "0.2 MB, compressed 0.1 MB"
    assert set(json.loads((tmp_path / "layers.json").read_text())) == {"one.tar", "two.tar"}


def test_a_layer_that_is_already_packed_is_not_packed_again(tmp_path: Path) -> None:
    archive = tmp_path / "thing-1.tar"
    packed = gzip.compress(bytes(100_000))
    _write(archive, {"blobs/sha256/one": packed})

    assert sizes(archive) == Sizes(uncompressed=100_000, compressed=len(packed))


def _write(archive: Path, layers: dict[str, bytes]) -> None:
    manifest = json.dumps([{"Config": f"{CONFIG}.json", "Layers": list(layers)}]).encode()
    with tarfile.open(archive, "w") as content:
        for name, data in {**layers, "manifest.json": manifest}.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            content.addfile(member, io.BytesIO(data))


def test_the_base_image_keeps_copyrights_and_loses_manuals(tmp_path: Path) -> None:
    for name in (
        "usr/share/doc/bash/copyright",
        "usr/share/doc/bash/README",
        "usr/share/doc/empty/changelog.gz",
        "usr/share/man/man1/bash.1.gz",
        "usr/share/zoneinfo/UTC",
        "var/lib/apt/lists/deb.example_InRelease",
        "etc/dpkg/dpkg.cfg.d/none",
        "etc/apt/apt.conf.d/none",
        "etc/apt/sources.list",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)

    slim(tmp_path)

    kept = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    assert kept == {
        "usr/share/doc/bash/copyright",
        "usr/share/zoneinfo/UTC",
        "etc/dpkg/dpkg.cfg.d/none",
        "etc/dpkg/dpkg.cfg.d/docker",
        "etc/apt/apt.conf.d/none",
        "etc/apt/apt.conf.d/docker",
        "etc/apt/sources.list",
        "etc/resolv.conf",
        "etc/hostname",
    }
    assert not (tmp_path / "usr/share/doc/empty").exists()


@pytest.mark.parametrize(
    ("hours", "gone"),
    [
        pytest.param((9, 8, 7, 4, 3), [0, 1], id="all but the last three used"),
        pytest.param((9, 0.9, 0.5, 0.3, 0.1), [0], id="what was used within the hour stays"),
        pytest.param((3, 9, 8, 7), [1], id="by use, not by name"),
        pytest.param((9, 8, 7), [], id="three stay, however old"),
    ],
)
def test_archives_go_once_nobody_needs_them(
    tmp_path: Path, hours: tuple[float, ...], gone: list[int]
) -> None:
    """Another checkout was about to load an archive that this one's build threw away."""
    archives = [tmp_path / f"trainer-{number}.tar" for number in range(len(hours))]
    now = 1_000_000
    for archive, since in zip(archives, hours, strict=True):
        archive.touch()
        os.utime(archive, (now, now - 3600 * since))

    assert [archives[number] for number in gone] == outdated(archives, now)
