"""From what was answered to a table: the decision log's buffer, its frames, and the writer."""

from __future__ import annotations

import asyncio
import datetime as dt
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest

from checkrail_decision_writer.table import by_date, table_of
from checkrail_server.decisions import gathered
from checkrail_server.decisions.frames import FrameError, Header, column_of
from checkrail_server.decisions.gathered import Requests
from checkrail_server.decisions.log import DecisionLog
from checkrail_server.decisions.spool import Spool
from checkrail_server.tensors import ANY, TensorSpec

if TYPE_CHECKING:
    from pathlib import Path

INPUTS = (
    TensorSpec("amount", "FP32", (ANY, 1)),
    TensorSpec("country", "BYTES", (ANY,)),
    TensorSpec("history", "FP64", (ANY, ANY)),
    TensorSpec("pair", "INT16", (ANY, 2)),
)
OUTPUTS = (TensorSpec("score", "FP32", (ANY,)), TensorSpec("flag", "BOOL", (ANY, 1)))


def feeds(*amounts: float, history: int = 1) -> dict[str, Any]:
    """Return a batch of one row for each amount."""
    rows = len(amounts)
    return {
        "country": np.array([f"c{amount:g}" for amount in amounts], object),
        "amount": np.array(amounts, np.float32).reshape(rows, 1),
        "pair": np.array([[amount, -amount] for amount in amounts], np.int16),
        "history": np.full((rows, history), np.nan),
    }


def outputs(*amounts: float) -> list[Any]:
    scores = np.array(amounts, np.float32) / 2
    return [scores, scores.reshape(-1, 1) > 1]


def requests(*told: tuple[str | None, int, float], left_out: tuple[str, ...] = ()) -> Requests:
    """Return requests of one batch: the id, rows and seconds of each."""
    ids, rows, seconds = map(list, zip(*told, strict=True))
    return Requests(ids, rows, seconds, [each not in left_out for each in ids])


class Recorder:
    """A log over a folder, and what is in its segments."""

    def __init__(self, folder: Path, ratio: float = 1, limit: int = 1 << 20) -> None:
        inputs, told = (tuple(map(column_of, specs)) for specs in (INPUTS, OUTPUTS))
        header = Header("team", "m", "0a1b2c3d", "0a1b2c3d" * 8, "r1", "pod-1", inputs, told)
        self.folder = folder
        self.spool = Spool(folder, header.frame(), limit=limit, seconds=60, closed=lambda: None)
        self.log = DecisionLog(self.spool, inputs, told, ratio)

    async def rows(self) -> list[dict[str, Any]]:
        await self.log.close()
        return rows_of(self.segment())

    async def names(self) -> list[str]:
        """Return the ids in all segments, in their order."""
        await self.log.close()
        segments = sorted(self.folder.glob("*.closed"))
        return [row["request_id"] for path in segments for row in rows_of(path.read_bytes())]

    def segment(self) -> bytes:
        (path,) = (path for path in self.folder.iterdir() if path.suffix in (".open", ".closed"))
        return path.read_bytes()


def rows_of(content: bytes) -> list[dict[str, Any]]:
    _, table = table_of(content, "s")
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


async def test_requests_that_were_answered_together_come_apart_again(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    together = requests(("a", 2, 0.001), ("b", 1, 0.002), (None, 1, 0.003))
    recorder.log.take(feeds(1, 2, 3, 4, history=2), outputs(1, 2, 3, 4), together)
    recorder.log.take(feeds(5), outputs(5), requests(("d", 1, 0.004)))

    rows = await recorder.rows()

    assert [(r["request_id"], r["row"], r["latency_us"]) for r in rows] == [
        ("a", 0, 1000), ("a", 1, 1000), ("b", 0, 2000), ("s-2", 0, 3000), ("d", 0, 4000),
    ]  # fmt: skip
    assert [row["outputs"] for row in rows] == [
        {"score": amount / 2, "flag": amount > 2} for amount in (1, 2, 3, 4, 5)
    ]
    assert [{**row["inputs"], "history": len(row["inputs"]["history"])} for row in rows] == [
        {"amount": n, "country": f"c{n}", "history": size, "pair": [n, -n]}
        for n, size in ((1, 2), (2, 2), (3, 2), (4, 2), (5, 1))
    ]
    assert all(np.isnan(row["inputs"]["history"]).all() for row in rows)


async def test_of_a_batch_only_what_was_answered_is_recorded(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    together = requests(("a", 1, 0.1), ("refused", 2, 0.1), ("c", 1, 0.1), left_out=("refused",))
    recorder.log.take(feeds(1, 2, 3, 4), outputs(1, 2, 3, 4), together)
    recorder.log.take(feeds(5), outputs(5), requests(("none", 1, 0.1), left_out=("none",)))

    rows = await recorder.rows()

    assert [(row["request_id"], row["inputs"]["pair"][0]) for row in rows] == [("a", 1), ("c", 4)]


async def test_values_that_skip_memory_are_recorded_as_they_are(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    batch = feeds(1, 2)
    batch["pair"] = np.array([[1, 9, -1, 9], [2, 9, -2, 9]], np.int16)[:, ::2]
    recorder.log.take(batch, outputs(1, 2), requests(("a", 2, 0.1)))

    assert [row["inputs"]["pair"] for row in await recorder.rows()] == [[1, -1], [2, -2]]


async def test_an_output_of_another_size_is_dropped_and_counted_alone(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.log.take(feeds(1), outputs(1, 2), requests(("odd", 1, 0.1)))
    recorder.log.take(feeds(3), outputs(3), requests(("a", 1, 0.1)))

    assert [row["request_id"] for row in await recorder.rows()] == ["a"]
    assert recorder.log.dropped == 1


async def test_a_text_that_is_none_costs_its_own_records_alone(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.log.take(feeds(1), outputs(1), requests(("\ud800", 1, 0.1)))
    recorder.log.tick()
    recorder.log.take(feeds(3), outputs(3), requests(("a", 1, 0.1)))

    assert [row["request_id"] for row in await recorder.rows()] == ["a"]
    assert recorder.log.dropped == 1


async def test_many_requests_are_handed_over_before_the_next_tick(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    for number in range(3000):
        recorder.log.take(feeds(number), outputs(number), requests((str(number), 1, 0.1)))
        await asyncio.sleep(0)

    assert recorder.log.pending == 3000
    await recorder.log.look()  # after what its thread was handed
    assert recorder.spool.pending >= 1024
    rows = await recorder.rows()
    assert [row["request_id"] for row in rows] == [str(number) for number in range(3000)]
    assert [row["inputs"]["country"] for row in rows] == [f"c{number}" for number in range(3000)]


async def test_each_request_has_the_time_at_which_its_batch_was_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(tmp_path)
    seconds = iter((100, 200))
    clock = SimpleNamespace(time_ns=lambda: next(seconds) * 10**9)
    monkeypatch.setattr(gathered, "time", clock)
    recorder.log.take(feeds(1, 2), outputs(1, 2), requests(("a", 1, 0.1), ("b", 1, 0.1)))
    recorder.log.take(feeds(3), outputs(3), requests(("c", 1, 0.1)))

    rows = await recorder.rows()

    assert [row["time"].timestamp() for row in rows] == [100, 100, 200]


async def test_ids_of_any_size_delete_no_record_of_others(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, limit=1 << 30)
    for name in "ab":  # the second waits while the first is written
        recorder.log.take(feeds(1), outputs(1), requests((name, 1, 0.1)))
        recorder.log.tick()
    for _ in range(20):  # more than may wait
        recorder.log.take(feeds(1), outputs(1), requests(("x" * (1 << 20), 1, 0.1)))
    recorder.log.tick()
    recorder.log.take(feeds(1), outputs(1), requests(("c", 1, 0.1)))

    names = await recorder.names()

    assert [name for name in names if len(name) == 1] == ["a", "b", "c"]
    assert recorder.log.dropped == 23 - len(names) > 0


async def test_a_batch_that_is_too_large_is_dropped_alone(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.log.take(feeds(1), outputs(1), requests(("a", 1, 0.1)))
    recorder.log.take(feeds(2, history=3 << 20), outputs(2), requests(("large", 1, 0.1)))
    recorder.log.take(feeds(3), outputs(3), requests(("c", 1, 0.1)))

    assert await recorder.names() == ["a", "c"]
    assert recorder.log.dropped == 1


async def test_reading_ends_where_a_segment_is_cut(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    ends = []
    for name in "ab":
        recorder.log.take(feeds(1), outputs(1), requests((name, 1, 0.1)))
        await recorder.log.flush()
        ends.append(len(recorder.segment()))
    await recorder.log.close()
    content = recorder.segment()

    for cut in range(ends[0], ends[1]):
        assert [row["request_id"] for row in rows_of(content[:cut])] == ["a"]
    damaged = bytearray(content)
    damaged[ends[0] + 20] ^= 1
    assert [row["request_id"] for row in rows_of(bytes(damaged))] == ["a"]


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"PAR1" * 100], ids=["empty", "0", "other"])
def test_what_is_no_segment_is_refused(content: bytes) -> None:
    with pytest.raises(FrameError):
        table_of(content, "s")


async def test_days_are_kept_apart(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.log.take(feeds(1, 2), outputs(1, 2), requests(("a", 1, 0.1), ("b", 1, 0.1)))
    await recorder.log.close()
    _, table = table_of(recorder.segment(), "s")
    midnight = dt.datetime(2026, 11, 29, tzinfo=dt.UTC)
    moments = [midnight - dt.timedelta(microseconds=1), midnight]
    times = pa.array(moments, pa.timestamp("us", "UTC"))

    days = by_date(table.set_column(0, "time", times))

    assert {day: rows["request_id"].to_pylist() for day, rows in days.items()} == {
        "2026-11-28": ["a"],
        "2026-11-29": ["b"],
    }
