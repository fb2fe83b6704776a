"""The decision writer: from segments of the spool to files of a store."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from checkrail_decision_writer.__main__ import write_all
from checkrail_decision_writer.destination import Directory
from checkrail_server.decisions.frames import Column, Header, chunk
from checkrail_server.decisions.spool import Spool

if TYPE_CHECKING:
    from pathlib import Path

SCORE = Column("score", "FP32", 1, is_list=False)
HEADER = Header("team", "m", "0a1b2c3d", "0a1b2c3d" * 8, "r1", "pod-1", (), (SCORE,))


def one_request(values: bytes) -> bytes:
    """Return a chunk of one request of one row, whose values are ``values``."""
    now = (time.time_ns() // 1_000).to_bytes(8, "little")
    one = (1).to_bytes(4, "little")
    return chunk({"ids": ["a"], "odd": []}, [now, b"\0" * 8, one, one], [values])


def test_a_segment_of_which_no_table_can_be_made_keeps_no_other_waiting(tmp_path: Path) -> None:
    folder, store = tmp_path / "spool", tmp_path / "store"
    spool = Spool(folder, HEADER.frame(), limit=1 << 20, seconds=60, closed=lambda: None)
    for values in (b"", b"\0" * 4):  # the first lacks its value
        spool.append(one_request(values), 1)
        spool.close()

    pause = write_all(folder, Directory(store), 0.0)
    spool.look()

    assert (pause, spool.written, spool.dropped, spool.pending) == (0.0, 1, 1, 0)
    assert len(list(store.glob("date=*/model=m/version=0a1b2c3d/pod-1-*.parquet"))) == 1
