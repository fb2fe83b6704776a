"""What a replay compares, and in which order: rows, settings, and answers of two models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from checkrail_api.evaluation import Parity
from checkrail_api.record import Origin
from checkrail_api.reports import DataUsed, FilterUsed, LibraryVersion, Rows
from checkrail_api.workflows import Task
from checkrail_trainer.columns import Column
from checkrail_trainer.predictions import Distance, distance
from checkrail_trainer.prepared import Prepared
from checkrail_trainer.provenance import Reading, version_here
from checkrail_trainer.recorded import Recorded
from checkrail_trainer.replay import other_rows, other_settings
from checkrail_trainer.table import Table
from harness.run_files import small_run

BOUNDS = Parity()
RUN = small_run()
USED = DataUsed(source="t", uri="s3://lake/t.parquet", etag="e", bytes=1, rows=9)
FILTER = FilterUsed(column="month", op="LtEq", rows=5)


def recorded(**parts: Any) -> Recorded:
    whole: dict[str, Any] = {
        "uri": "s3://models/a",
        "sha256": "0" * 64,
        "model": b"",
        "run": RUN,
        "used": [USED],
        "components": [],
        "libraries": [],
        "reading": Reading(rows=Rows(train=3, holdout=2), filters=[FILTER], origins={}),
    }
    return Recorded(**(whole | parts))


def prepared(rows: int = 9, left: int = 5, train: int = 3, holdout: int = 2) -> Prepared:
    column = Column("a", "FLOAT")
    sides = [
        Table((column,), {"a": np.zeros(each, np.float32)}, np.zeros(each))
        for each in (train, holdout)
    ]
    return Prepared(
        train=sides[0],
        holdout=sides[1],
        task=Task.REGRESSION,
        classes_found=None,
        used=[USED.model_copy(update={"rows": rows})],
        filters=[FILTER.model_copy(update={"rows": left})],
        origins={"a": Origin(source="t", column="x")},
    )


@pytest.mark.parametrize(
    ("now", "said"),
    [
        pytest.param(prepared(), [], id="the same rows"),
        pytest.param(prepared(rows=8), ["source `t`: 9 rows recorded, 8 now"], id="a source"),
        pytest.param(
            prepared(left=4),
            ["filters[0] (LtEq on `month`): 5 rows left recorded, 4 now"],
            id="a filter",
        ),
        pytest.param(
            prepared(train=2, holdout=3),
            ["train side: 3 rows recorded, 2 now", "holdout side: 2 rows recorded, 3 now"],
            id="both sides",
        ),
    ],
)
def test_other_numbers_of_rows_are_told_in_the_order_of_a_run(
    now: Prepared, said: list[str]
) -> None:
    assert list(other_rows(recorded(), now)) == said


def test_libraries_that_are_others_or_none_are_told() -> None:
    here = version_here("numpy")
    before = recorded(
        libraries=[
            LibraryVersion(name="numpy", version=str(here)),
            LibraryVersion(name="python", version="3.9.0"),
            LibraryVersion(name="no-such-library", version="1.0"),
        ]
    )

    assert list(other_settings(before, threads=4)) == [
        "threads: 1 recorded, 4 here",
        f"python: 3.9.0 recorded, {version_here('python')} here",
        "no-such-library: 1.0 recorded, none here",
    ]


def classes(*positive: float) -> np.ndarray:
    return np.asarray([[1 - each, each] for each in positive])


@pytest.mark.parametrize(
    ("before", "now", "found"),
    [
        pytest.param(
            classes(0.2, 0.7), classes(0.2, 0.7), Distance(2, 0.0, 0, 0, None, 0.0), id="equal"
        ),
        pytest.param(
            classes(0.25, 0.75, 0.5),
            classes(0.25, 0.5, 0.875),
            Distance(3, 0.375, 2, 2, 1, 0.25),
            id="the first row beyond is not the worst",
        ),
        pytest.param(
            np.asarray([0.5, -1000.0]),
            np.asarray([0.5, -1000.03125]),
            Distance(2, 0.03125 / 1000, 1, 0, None, 0.0),
            id="a large prediction is compared by its share",
        ),
        pytest.param(
            np.asarray([0.5, 1.0]),
            np.asarray([0.75, 1.0]),
            Distance(2, 0.25, 0, 0, 0, 0.25),
            id="a small prediction is compared as it is",
        ),
    ],
)
def test_the_distance_of_two_models(before: np.ndarray, now: np.ndarray, found: Distance) -> None:
    assert distance(before, now, BOUNDS) == found


@pytest.mark.parametrize(
    ("bounds", "within"),
    [
        pytest.param(Parity(), False, id="no label may change"),
        pytest.param(Parity(max_flips=1), True, id="one label may change"),
        pytest.param(Parity(max_flips=1, max_abs_diff="1e-6"), False, id="scores are too far"),
    ],
)
def test_a_changed_label_counts_even_where_scores_are_near(bounds: Parity, *, within: bool) -> None:
    found = distance(classes(0.50001), classes(0.49999), bounds)

    assert found is not None
    assert found.is_within(bounds) is within


def test_models_with_other_classes_have_no_distance() -> None:
    assert distance(classes(0.5), np.asarray([[0.2, 0.3, 0.5]]), BOUNDS) is None
