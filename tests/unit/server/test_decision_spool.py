"""The spool: segments that server and writer hand to each other, within a limit."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

import pytest

from checkrail_server.decisions.frames import Header, chunk, frame
from checkrail_server.decisions.spool import Spool, claim, refuse, release

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEADER = Header("team", "m", "0a1b2c3d", "0a1b2c3d" * 8, "r1", "pod-1", (), ()).frame()
LIMIT = 80_000
FULL = LIMIT // 8
"""A full segment, bytes."""


OPENED: list[Spool] = []


def spool_in(folder: Path, *, seconds: float = 3600) -> Spool:
    OPENED.append(Spool(folder, HEADER, limit=LIMIT, seconds=seconds, closed=lambda: None))
    return OPENED[-1]


@pytest.fixture(autouse=True)
def no_file_is_left_open() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().close()


def requests(number: int) -> bytes:
    """Return a chunk of so many requests."""
    head = {"ids": ["a"] * number, "odd": []}
    return chunk(head, [b"\0" * 8 * number, b"\0" * 8 * number, b"\0" * 4 * number, b""], [])


def claimed(folder: Path) -> Path:
    path = claim(folder)
    assert path
    return path


def test_a_segment_is_closed_when_it_is_full(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    spool.append(frame(b"x" * FULL), 5)
    spool.append(frame(b"x"), 1)

    assert len(list(tmp_path.glob("*-5.closed"))) == 1
    assert (spool.pending, len(list(tmp_path.glob("*.open")))) == (6, 1)


def test_a_segment_is_closed_when_it_is_old_while_few_wait(tmp_path: Path) -> None:
    spool = spool_in(tmp_path, seconds=0)
    for _ in range(20):
        spool.append(frame(b"x"), 1)
        spool.look()

    assert len(list(tmp_path.glob("*.closed"))) == 16
    assert spool.pending == 20


def test_what_the_writer_has_written_is_counted_as_written(tmp_path: Path) -> None:
    spool = spool_in(tmp_path, seconds=0)
    for requests_of_one in (3, 4):
        spool.append(frame(b"x"), requests_of_one)
        spool.look()
    first = claimed(tmp_path)
    spool.look()
    before = (spool.written, spool.pending)
    release(first)
    spool.look()

    assert (before, (spool.written, spool.pending)) == ((0, 7), (3, 4))


def test_a_segment_that_cannot_be_read_is_counted_as_dropped(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    spool.append(frame(b"x"), 3)
    spool.close()
    refuse(claimed(tmp_path))
    spool.look()

    assert (spool.written, spool.dropped, spool.pending) == (0, 3, 0)
    assert list(tmp_path.iterdir()) == []


def test_beyond_the_limit_the_oldest_go_but_not_what_the_writer_has(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    first = None
    for number in range(12):
        spool.append(frame(bytes([number]) * FULL), 1)
        spool.look()
        first = first or claimed(tmp_path)

    kept = sorted(path.read_bytes()[-1] for path in tmp_path.iterdir())
    assert kept == [0, *range(12 - len(kept) + 1, 12)]
    assert spool.dropped == 12 - len(kept)
    assert LIMIT - 2 * FULL < sum(path.stat().st_size for path in tmp_path.iterdir()) <= LIMIT


def test_what_a_killed_server_left_is_taken_over_with_its_count(tmp_path: Path) -> None:
    killed = spool_in(tmp_path)
    killed.append(requests(3), 3)
    killed.close()
    killed.append(requests(4), 4)
    (path,) = tmp_path.glob("*.open")
    path.write_bytes(path.read_bytes() + requests(5)[:-1])  # as it was cut
    claimed(tmp_path)  # by its writer

    spool = spool_in(tmp_path)

    assert spool.pending == 7
    assert claimed(tmp_path).name.endswith("-3.claimed")
    release(claimed(tmp_path))
    assert claimed(tmp_path).name.endswith("-4.claimed")


def test_a_disk_that_takes_nothing_costs_records_and_nothing_else(tmp_path: Path) -> None:
    spool = spool_in(tmp_path / "spool")
    (tmp_path / "spool").rmdir()
    spool.append(requests(3), 3)
    (tmp_path / "spool").mkdir()
    spool.append(requests(4), 4)

    assert (spool.dropped, spool.pending) == (3, 4)


def test_a_segment_that_cannot_be_closed_is_dropped_and_not_counted_as_written(
    tmp_path: Path,
) -> None:
    spool = spool_in(tmp_path)
    spool.append(requests(3), 3)
    (path,) = tmp_path.glob("*.open")
    path.unlink()
    spool.close()
    spool.look()

    assert (spool.written, spool.dropped, spool.pending) == (0, 3, 0)


def test_nothing_is_left_of_a_segment_without_a_request(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(HEADER) + 10, hard))  # as on a full disk
    try:
        spool.append(requests(3), 3)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert (spool.dropped, spool.pending) == (3, 0)
    assert list(tmp_path.iterdir()) == []
