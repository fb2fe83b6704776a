"""The server's counters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkrail_server.metrics import Histogram, scores_of

EDGES = (0.25, 0.5, 0.75)


@pytest.mark.parametrize(
    ("values", "want"),
    [
        pytest.param([0.25], [1, 0, 0, 0], id="an edge belongs to its bucket"),
        pytest.param([0.26, 0.9], [0, 1, 0, 1], id="the last bucket has no edge"),
        pytest.param([0.1, float("nan")], [1, 0, 0, 0], id="NaN is not counted"),
        pytest.param([0.5] * 100, [0, 100, 0, 0], id="many values"),
    ],
)
def test_a_histogram_counts(values: list[float], want: list[int]) -> None:
    histogram = Histogram(EDGES)

    histogram.observe_all(np.array(values))

    assert histogram.counts == want


@given(st.lists(st.floats(0, 1, width=32), max_size=60))
def test_few_and_many_values_are_counted_alike(values: list[float]) -> None:
    together, apart = Histogram(EDGES), Histogram(EDGES)

    together.observe_all(np.array(values, dtype=np.float32))
    for value in values:
        apart.observe(value)

    assert together.counts == apart.counts
    assert together.total == pytest.approx(apart.total)


@pytest.mark.parametrize(
    ("output", "want"),
    [
        pytest.param([[0.2], [0.3]], [0.2, 0.3], id="one column is the score"),
        pytest.param([0.2, 0.3], [0.2, 0.3], id="a flat output too"),
        pytest.param([[0.2, 0.8], [0.7, 0.3]], [0.8, 0.3], id="of two, the positive class"),
        pytest.param([[0.2, 0.5, 0.3]], [0.5], id="of more, the largest"),
    ],
)
def test_the_score_of_a_row(output: list[object], want: list[float]) -> None:
    assert scores_of(np.array(output)).tolist() == want
