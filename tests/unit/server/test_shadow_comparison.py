"""A candidate's process with a batch: it reports, and rests for the time that the batch took."""

from __future__ import annotations

import socket
from contextlib import closing, nullcontext
from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from checkrail_api.shadow import Candidate
from checkrail_server import model as models
from checkrail_server import shadow_process
from checkrail_server.artifact import Artifact
from checkrail_server.shadow_candidate import TIME_SHARE
from checkrail_server.shadow_frames import FrameReader, packed
from checkrail_server.shadow_link import ANSWERED
from harness import small_models

if TYPE_CHECKING:
    from collections.abc import Iterator

BATCH_SECONDS = 0.0625
CANDIDATE = Candidate.model_validate(
    {
        "version": "steady-0a1b2c3d",
        "uri": "file:///steady",
        "sha256": "0a1b2c3d" * 8,
        "attempt": "1",
        "thresholds": ["0.5"],
    }
)


class Desk:
    """A comparison, the server's end of its socket, and a clock on which a batch takes a while."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rests: list[float] = []
        self.told_before_rest: list[dict[str, Any]] = []
        self.wanted = BATCH_SECONDS
        """What passes between two looks at the clock, on a core or in waiting for one."""
        self.computed = 0.0
        """What of it is on a core."""
        self._ticks, self._computed_ticks = count(), count()
        clock = SimpleNamespace(
            monotonic=lambda: self.wanted * next(self._ticks),
            process_time=lambda: self.computed * next(self._computed_ticks),
            sleep=self._rest,
        )
        monkeypatch.setattr(shadow_process, "time", clock)
        # it would limit the process of the tests
        monkeypatch.setattr(shadow_process, "_processor_seconds", lambda _: nullcontext())
        self._server, self._link = socket.socketpair()
        self._reader = FrameReader()
        artifact = Artifact(small_models.good(1), None, None)
        model = models.load("steady", artifact, threads=1)
        start = {"share": TIME_SHARE, "output": "score", "edges": (0.25, 0.5, 0.75)}
        self._comparison = shadow_process.Comparison(self._link, CANDIDATE, model, start, 60)
        self.heard()

    def _rest(self, seconds: float) -> None:
        self.rests.append(seconds)
        self.told_before_rest += self.heard()

    def close(self) -> None:
        self._server.close()
        self._link.close()

    def heard(self) -> list[dict[str, Any]]:
        """Return what the server was told since this was asked."""
        try:
            data = self._server.recv(1 << 16, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return []
        return [head for head, _ in self._reader.feed(data)]

    def take(self, *values: float) -> None:
        """Hand it a batch, one request a value."""
        column = np.array(values, np.float32).reshape(-1, 1)
        described, content = packed([{"x": column, ANSWERED: column}])
        head = {"ids": [None] * len(values), "tensors": described}
        self._comparison.run(iter([(head, content)]))

    def say_nothing(self) -> None:
        """Be silent for as long as it waits for a word."""
        self._comparison.run(iter([({}, b"")]))


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with closing(Desk(monkeypatch)) as made:
        yield made


def test_it_rests_for_the_time_that_it_wanted_a_core(desk: Desk) -> None:
    desk.take(0.1, 0.9)

    assert desk.rests == [pytest.approx(BATCH_SECONDS / TIME_SHARE - BATCH_SECONDS)]
    assert desk.heard() == [{"done": 2}]


def test_it_rests_for_ten_seconds_at_most_however_long_it_waited(desk: Desk) -> None:
    desk.wanted = 3.0

    desk.take(0.1)

    assert desk.rests == [10.0]


def test_it_never_computes_for_more_than_a_tenth_of_the_time(desk: Desk) -> None:
    desk.wanted = desk.computed = 16.0

    desk.take(0.1)

    assert desk.rests == [pytest.approx(9 * 16.0)]


def test_it_tells_what_it_found_before_it_rests(desk: Desk) -> None:
    desk.take(0.1, 0.9)

    [told] = desk.told_before_rest
    assert told["report"]["compared"] == 2


def test_it_tells_what_it_found_when_nothing_follows(desk: Desk) -> None:
    desk.wanted = 0.001  # a rest that is too short to tell before it
    desk.take(0.1, 0.9)
    assert desk.heard() == [{"done": 2}]
    desk.wanted = 1.0

    desk.say_nothing()

    [told] = desk.heard()
    assert told["report"]["compared"] == 2
