"""Progress lines: what the operator reads from the pod's log."""

from __future__ import annotations

import io
import json
from itertools import pairwise
from typing import Any

from checkrail_api.reports import Phase
from checkrail_trainer.progress import SPANS, Progress


class Clock:
    """Seconds that pass when told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_the_phases_of_a_run_fill_it_in_order() -> None:
    spans = [SPANS[phase] for phase in Phase]

    assert (spans[0][0], spans[-1][1]) == (0, 100)
    assert all(before[1] == after[0] for before, after in pairwise(spans))


def test_a_phase_begins_with_a_line_and_advances_with_an_estimate() -> None:
    out, clock = io.StringIO(), Clock()
    progress = Progress(out, clock)

    progress.begin(Phase.FETCHING)
    clock.now = 20
    progress.begin(Phase.TRAINING)
    clock.now = 50
    progress.advance(30 / 55)

    assert lines(out) == [
        {"event": "progress", "phase": "Fetching", "percent": 0},
        {"event": "progress", "phase": "Training", "percent": 20, "eta_seconds": 80},
        {"event": "progress", "phase": "Training", "percent": 50, "eta_seconds": 50},
    ]


def test_fast_advances_are_not_all_said() -> None:
    out, clock = io.StringIO(), Clock()
    progress = Progress(out, clock)

    progress.begin(Phase.TRAINING)
    for tree in range(1000):
        clock.now = tree / 500
        progress.advance(tree / 1000)

    assert [line["percent"] for line in lines(out)] == [20, 47]
