"""Tables that nothing can be learnt from, and what the trainer says of them."""

from __future__ import annotations

import pytest

from checkrail_api.workflows import Task
from checkrail_trainer.failures import RunFailedError
from harness.reading import ROWS, read, run


def test_a_slice_that_is_no_column_is_refused() -> None:
    with pytest.raises(RunFailedError, match=r"spec\.evaluation\.slices names `regoin`") as caught:
        read(run(), slices=["regoin"])

    assert caught.value.reason.value == "ColumnNotFound"


@pytest.mark.parametrize(
    ("bad", "good", "task", "said"),
    [
        pytest.param("'inf'::DOUBLE", "1", Task.REGRESSION, "is infinite in 1 rows", id="infinite"),
        pytest.param("'-inf'::FLOAT", "1", Task.CLASSIFICATION, "infinite in 1 rows", id="class"),
        pytest.param("'nan'::DOUBLE", "1", Task.REGRESSION, "null or NaN in 1 rows", id="NaN"),
        pytest.param("0.5", "1", Task.CLASSIFICATION, "no whole number", id="a fraction as class"),
        pytest.param("2e19", "1", Task.CLASSIFICATION, "of 64 bits in 1 rows", id="a huge class"),
        pytest.param("'yes'", "'no'", Task.REGRESSION, "a regressor needs numbers", id="text"),
        pytest.param("true", "false", Task.REGRESSION, "a regressor needs numbers", id="a flag"),
    ],
)
def test_a_label_that_cannot_be_learnt_is_refused(
    bad: str, good: str, task: Task, said: str
) -> None:
    label = f"CASE WHEN range = 7 THEN {bad} ELSE {good} END"
    rows = f"(SELECT range AS id, range AS real, {label} AS amount FROM range(20))"  # noqa: S608 - a table's column

    with pytest.raises(RunFailedError, match=said) as caught:
        read(run(features=["real"]), rows, task)

    assert caught.value.reason.value == "BadLabel"


@pytest.mark.parametrize(
    ("value", "reason", "said"),
    [
        pytest.param("'inf'::DOUBLE", "BadFeature", "`real` is infinite or beyond FP32", id="inf"),
        pytest.param("-1e39", "BadFeature", "beyond FP32 in 20 rows", id="beyond FP32"),
        pytest.param("NULL::DOUBLE", "NullFeature", "no value of `real` in any of the", id="null"),
        pytest.param("'nan'::FLOAT", "NullFeature", "no value of `real`", id="NaN"),
        pytest.param("NULL::VARCHAR", "NullFeature", "no value of `real`", id="null text"),
        pytest.param("NULL::DATE", "NullFeature", "no value of `real`", id="null dates"),
        pytest.param("'infinity'::DATE", "NullFeature", "no value of `real`", id="no instant"),
    ],
)
def test_a_feature_that_cannot_be_learnt_from_is_refused(
    value: str, reason: str, said: str
) -> None:
    rows = f"(SELECT range AS id, {value} AS real, range AS amount FROM range(20))"  # noqa: S608 - a table's column

    with pytest.raises(RunFailedError, match=said) as caught:
        read(run(features=["real"]), rows)

    assert caught.value.reason.value == reason


def test_no_joined_row_is_not_the_filters_fault() -> None:
    with pytest.raises(RunFailedError, match="the joined table has no rows") as caught:
        read(run(), f"{ROWS} WHERE id > 9")

    assert caught.value.reason.value == "EmptyData"


def test_more_features_than_a_model_has_are_refused() -> None:
    columns = ", ".join(f"{each} AS c{each}" for each in range(10_000))

    with pytest.raises(RunFailedError, match="10000 features; expected at most 512") as caught:
        read(run(features=None), f"(SELECT 1 AS id, 2 AS amount, {columns})")

    assert caught.value.reason.value == "TooManyFeatures"
