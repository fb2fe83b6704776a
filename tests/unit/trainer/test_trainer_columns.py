"""Roles of columns: which names and types a run takes, and what it says of others."""

from __future__ import annotations

from typing import Any

import pytest

from checkrail_api.data import Data
from checkrail_api.reasons import Reason
from checkrail_api.workflows import Task
from checkrail_trainer.columns import Column, Roles, resolve_roles
from checkrail_trainer.failures import RunFailedError

TYPES = {
    "id": "BIGINT",
    "day": "TIMESTAMP",
    "late": "BOOLEAN",
    "distance": "DOUBLE",
    "carrier": "VARCHAR",
}


def data(**parts: Any) -> Data:
    return Data.model_validate(
        {
            "sources": [{"name": "t", "uri": "s3://lake/t.parquet"}],
            "label": "late",
            "key": "id",
            "timeColumn": "day",
            "holdout": {"strategy": "Fraction", "fraction": "0.2"},
        }
        | parts
    )


def test_every_other_column_is_a_feature_in_the_tables_order() -> None:
    assert resolve_roles(data(), TYPES, Task.CLASSIFICATION) == Roles(
        label=Column("late", "BOOLEAN"),
        features=(Column("distance", "DOUBLE"), Column("carrier", "VARCHAR")),
        key=Column("id", "BIGINT"),
        time=Column("day", "TIMESTAMP"),
    )


def test_named_features_keep_the_order_of_the_spec() -> None:
    roles = resolve_roles(data(features=["carrier", "distance"]), TYPES, Task.CLASSIFICATION)

    assert [each.name for each in roles.features] == ["carrier", "distance"]


@pytest.mark.parametrize(
    ("parts", "types", "reason", "said"),
    [
        pytest.param(
            {"label": "Late"}, TYPES, "LabelNotFound", "did you mean `late`?", id="label's case"
        ),
        pytest.param(
            {"key": "flight"},
            TYPES,
            "ColumnNotFound",
            "there are `carrier`, `day`, `distance`, `id`, `late`",
            id="key unlike any column",
        ),
        pytest.param(
            {"features": ["distanse"]}, TYPES, "ColumnNotFound", "`distance`", id="feature"
        ),
        pytest.param({"timeColumn": "dat"}, TYPES, "ColumnNotFound", "`day`", id="time column"),
        pytest.param(
            {"label": "day", "timeColumn": None}, TYPES, "BadLabel", "TIMESTAMP", id="label's type"
        ),
        pytest.param({}, {**TYPES, "at": "TIME"}, "BadFeature", 'epoch("at")', id="feature's type"),
        pytest.param(
            {"features": ["carrier", "carrier"]}, TYPES, "InvalidSpec", "carrier", id="named twice"
        ),
        pytest.param(
            {}, {**TYPES, "label": "DOUBLE"}, "BadFeature", "label_value", id="an output's name"
        ),
        pytest.param(
            {},
            {**TYPES, "checkrail_matrix": "DOUBLE"},
            "BadFeature",
            'SELECT "checkrail_matrix" AS "matrix"',
            id="a name inside the model",
        ),
        pytest.param(
            {},
            {**TYPES, "a" * 129: "DOUBLE"},
            "BadFeature",
            f"begins `{'a' * 128}` has a name of 129 characters; expected at most 128",
            id="a name that no signature holds",
        ),
        pytest.param(
            {},
            {"id": "BIGINT", "day": "DATE", "late": "BOOLEAN"},
            "BadFeature",
            "0 features",
            id="no feature",
        ),
    ],
)
def test_a_role_that_cannot_be_filled_is_refused(
    parts: dict[str, Any], types: dict[str, str], reason: str, said: str
) -> None:
    with pytest.raises(RunFailedError) as caught:
        resolve_roles(data(**parts), types, Task.CLASSIFICATION)

    assert caught.value.reason.value == reason
    assert said in caught.value.message


def test_a_feature_has_the_name_of_no_output_of_its_own_task() -> None:
    types = {"id": "BIGINT", "day": "DATE", "late": "BIGINT", "prediction": "DOUBLE"}

    with pytest.raises(RunFailedError, match="AS prediction_value") as caught:
        resolve_roles(data(), types, Task.REGRESSION)

    assert caught.value.reason is Reason.BAD_FEATURE
    assert resolve_roles(data(), types, Task.CLASSIFICATION).features == (
        Column("prediction", "DOUBLE"),
    )


def test_a_column_that_is_no_feature_may_have_any_name() -> None:
    types = {**TYPES, "checkrail_note": "DOUBLE", "a" * 200: "DOUBLE"}

    roles = resolve_roles(data(features=["distance"]), types, Task.CLASSIFICATION)

    assert roles.features == (Column("distance", "DOUBLE"),)
