"""Somebody who may write one object below a globbed prefix gains nothing by its key."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from harness import trainer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.object_store import ObjectStoreServer

pytestmark = pytest.mark.images

ROWS = b"id,x,late\n" + b"".join(b"%d,%d,%d\n" % (row, row % 7, row % 2) for row in range(400))


@contextmanager
def stranger() -> Iterator[tuple[int, socket.socket]]:
    """A host that nobody should ever connect to: its port, and its listening socket."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        yield listening.getsockname()[1], listening


@pytest.mark.parametrize(
    "character",
    [
        pytest.param("?", id="a question mark begins settings"),
        pytest.param("*", id="a star"),
        pytest.param("[", id="the begin of a class"),
        pytest.param("]", id="the end of a class"),
        pytest.param("{", id="a brace"),
        pytest.param("#", id="a fragment"),
        pytest.param("\\", id="an escape"),
        pytest.param("\n", id="the end of a line"),
        pytest.param("\t", id="a tab"),
        pytest.param("\x7f", id="a delete"),
    ],
)
def test_a_key_that_duckdb_would_interpret_ends_the_run_before_anything_is_read(
    lake: ObjectStoreServer, tmp_path: Path, character: str
) -> None:
    """The key sends readers, if they read settings in it, to another host."""
    folder = f"hostile-{ord(character)}"
    with stranger() as (port, listening):
        key = f"{folder}/1{character}s3_endpoint=127.0.0.1:{port}&s3_use_ssl=false&s3_region=a.csv"
        lake.put(f"s3://lake/{folder}/0.csv", ROWS)
        lake.put(f"s3://lake/{key}", ROWS)
        data = {
            "sources": [{"name": "cases", "uri": f"s3://lake/{folder}/*.csv"}],
            "label": "late",
            "key": "id",
            "holdout": {"strategy": "Fraction", "fraction": "0.3"},
        }
        ended = trainer.train(trainer.run_spec(lake, data=data), lake, tmp_path)

        with pytest.raises(BlockingIOError):  # nobody waits to be accepted
            listening.accept()
    assert ended.failure == (10, "SourceUnreadable")
    assert f"matches the object {key!r}" in ended.report["message"]
    assert "source read" not in ended.log
    assert lake.keys("s3://models/team-a/model/") == []
