"""The first rows that a model answers: whether it can, and how many fit the event loop."""

from __future__ import annotations

import time
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from checkrail_server.errors import LoadError
from checkrail_server.inference_queue import LOOP_SECONDS
from checkrail_server.probe_rows import probe_rows
from checkrail_server.runtime_errors import sentence
from checkrail_server.tensors import ANY, FLOATS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkrail_server.model import Feeds, Model
    from checkrail_server.tensors import Array, TensorSpec

TRIAL_ROWS = 64
"""That are timed together; what they take beyond one of them is the time of a row."""
MAX_DIFFERENT_VALUES = 1 << 14
"""Of a row that is tried with others: as many as a wide table has columns."""
UNLIKE = 4
"""How much longer a row takes than an equal one, where that cannot be timed: of trees, measured."""
TRIALS = 3
TRIED_VALUES = (0, 1)
"""What rows are tried of: a model may have no answer to zeros, as a logarithm has none."""


def loop_rows(model: Model) -> int:
    """Run some rows, check the answers, and return how many rows fit ``LOOP_SECONDS``.

    Raises:
        LoadError: The model fails on them, or answers what is no answer.
    """
    value, tried = _answers(model)
    one = _fastest_of_equal(model, 1, value)
    many = _fastest_of_equal(model, TRIAL_ROWS, value)
    _check(model.outputs, tried)
    if one >= LOOP_SECONDS:
        return 0
    different = _fastest_of_different(model)
    beyond_one = UNLIKE * (many - one) if different is None else max(many, different) - one
    return int((LOOP_SECONDS - one) / max(beyond_one / (TRIAL_ROWS - 1), 1e-9))


def _answers(model: Model) -> tuple[int, list[list[Array]]]:
    """Return the answers to a row of each of ``TRIED_VALUES``, and the first value with one."""
    answers: dict[int, list[Array]] = {}
    for value in TRIED_VALUES:
        try:
            answers[value] = model.run(model.blank(1, value))
        except Exception as raised:  # noqa: BLE001 - ONNX Runtime's have no base of their own
            error = raised
    if not answers:
        raise LoadError(f"the model fails on a row of zeros and on one of ones: {sentence(error)}")
    return next(iter(answers)), list(answers.values())


def _check(outputs: Sequence[TensorSpec], tried: Sequence[list[Array]]) -> None:
    """Refuse answers to one row that are not of one row, or never finite."""
    for spec, *answers in zip(outputs, *tried, strict=True):
        if answers[0].shape[:1] != (1,):
            raise LoadError(
                f"the output {spec.name!r} has the shape {list(answers[0].shape)} for one row; "
                "its first dimension must be the number of rows"
            )
        if spec.datatype in FLOATS and not any(np.isfinite(answer).all() for answer in answers):
            raise LoadError(
                f"the output {spec.name!r} is not finite, neither for a row of zeros nor for one "
                "of ones: look for NaN and infinity among the weights"
            )


def _fastest_of_equal(model: Model, rows: int, value: int) -> float:
    feeds = model.blank(rows, value)
    try:
        return _fastest(model, feeds)
    except Exception as error:
        raise LoadError(f"the model fails on {rows} equal rows: {sentence(error)}") from error


def _fastest_of_different(model: Model) -> float | None:
    """Return the time of ``TRIAL_ROWS`` rows that differ; None: they are large, or not answered.

    A processor soon knows the way of equal rows through trees, and takes a quarter of the time.
    """
    sizes = [spec.shape[1:] for spec in model.inputs]
    if any(ANY in size for size in sizes) or sum(map(prod, sizes)) > MAX_DIFFERENT_VALUES:
        return None
    try:
        return _fastest(model, probe_rows(model.inputs, TRIAL_ROWS))
    except Exception:  # noqa: BLE001 - ONNX Runtime's have no base of their own
        return None


def _fastest(model: Model, feeds: Feeds) -> float:
    """Return the CPU time of a run, of all its threads: a start shares its cores with others."""
    seconds = []
    for _ in range(TRIALS):
        started = time.process_time()
        model.run(feeds)
        seconds.append(time.process_time() - started)
    return min(seconds)
