"""How many rows a model is given in the event loop: as many as rows that differ have time for."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from checkrail_server import first_rows
from checkrail_server import model as models
from checkrail_server.artifact import Artifact
from checkrail_server.inference_queue import LOOP_SECONDS
from harness import small_models

if TYPE_CHECKING:
    from checkrail_server.model import Feeds, Model
    from checkrail_server.tensors import Array

EQUAL, OTHER = 4e-6, 20e-6
"""Seconds that a row takes like the one before it, and another one, as of trees (measured)."""


class Timed:
    """Runs a model, on a clock of its own."""

    def __init__(self, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
        self._now = 0.0
        self._answer = model.run
        monkeypatch.setattr(first_rows, "time", SimpleNamespace(process_time=lambda: self._now))
        monkeypatch.setattr(model, "run", self._run)

    def _run(self, feeds: Feeds) -> list[Array]:
        rows = feeds["x"]
        others = len(np.unique(rows, axis=0))
        self._now += others * OTHER + (len(rows) - others) * EQUAL
        return self._answer(feeds)


def loaded(content: bytes) -> Model:
    return models.load("tried", Artifact(content, None, None), threads=1)


def test_equal_rows_do_not_tell_how_long_rows_take(monkeypatch: pytest.MonkeyPatch) -> None:
    model = loaded(small_models.good(1))
    Timed(model, monkeypatch)

    assert first_rows.loop_rows(model) == pytest.approx(LOOP_SECONDS / OTHER, abs=2)


def test_a_model_without_an_answer_to_them_is_taken_to_be_as_uneven_as_trees(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = loaded(small_models.failing_above(1.0, 2))
    Timed(model, monkeypatch)

    most = (LOOP_SECONDS - OTHER) / (first_rows.UNLIKE * EQUAL)
    assert first_rows.loop_rows(model) == pytest.approx(most, abs=2)


def test_work_of_other_threads_counts() -> None:
    """Their time is no time of the thread that asks, which sleeps while they work."""
    model = loaded(small_models.good(3))
    answer = model.run

    def work(feeds: Feeds) -> list[Array]:
        until = time.thread_time() + 2 * LOOP_SECONDS
        while time.thread_time() < until:
            pass
        return answer(feeds)

    def run_elsewhere(feeds: Feeds) -> list[Array]:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(work, feeds).result()

    model.run = run_elsewhere  # type: ignore[method-assign]

    assert first_rows.loop_rows(model) == 0
