"""Requests that share a run are answered as each is alone, to the bit."""

from __future__ import annotations

import json
import math
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkrail_server import model as models
from checkrail_server import open_inference
from checkrail_server.artifact import Artifact
from checkrail_server.batches import joined, parts, rows_of
from harness.one_matrix import centring_model, dropping_model, linear_model, tree_model
from harness.scoring_server import flight_model

if TYPE_CHECKING:
    from checkrail_server.model import Model

MAKERS = {"linear": linear_model, "trees": tree_model}
FLOATS = st.floats(-1e6, 1e6, width=32)
ROWS = st.lists(st.tuples(FLOATS, FLOATS, FLOATS), min_size=1, max_size=5)


@cache
def loaded(kind: str) -> Model:
    return models.load("m", Artifact(MAKERS[kind](), None, None), threads=1)


def read(model: Model, rows: list[tuple[float, ...]], *, nested: bool) -> Any:
    data: list[Any] = [list(row) for row in rows]
    item = {
        "name": "matrix",
        "datatype": "FP32",
        "shape": [len(rows), 3],
        "data": data if nested else [value for row in data for value in row],
    }
    return open_inference.read(json.dumps({"inputs": [item]}).encode(), model, 100)


@pytest.mark.parametrize("kind", MAKERS)
@settings(max_examples=60, deadline=None)
@given(requests=st.lists(st.tuples(ROWS, st.booleans()), min_size=1, max_size=30))
def test_any_grouping_of_requests_answers_each_as_if_it_were_alone(
    kind: str, requests: list[tuple[list[tuple[float, ...]], bool]]
) -> None:
    model = loaded(kind)
    assert model.joins_rows
    jobs = [read(model, rows, nested=nested) for rows, nested in requests]

    together = model.run(joined(jobs, model.layout))

    for job, part in zip(jobs, parts(jobs), strict=True):
        want = [output.tobytes() for output in model.run(job.feeds)]
        assert [output.tobytes() for output in rows_of(together, part)] == want


@pytest.mark.parametrize(
    ("content", "joins"),
    [
        pytest.param(linear_model(30), True, id="linear, as our trainer writes it"),
        pytest.param(tree_model(30), True, id="trees"),
        pytest.param(dropping_model(math.nan), False, id="it has no answer to a missing value"),
        pytest.param(centring_model(), False, id="it looks at the whole batch"),
        pytest.param(
            flight_model(), False, id="LinearClassifier, which rounds otherwise in a batch"
        ),
    ],
)
def test_requests_share_runs_only_where_that_changes_no_bit(content: bytes, joins: bool) -> None:  # noqa: FBT001 - a row of a table
    model = models.load("m", Artifact(content, None, None), threads=1)

    assert model.joins_rows is joins
