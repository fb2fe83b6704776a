"""From the joined table to what a workflow sees: types, missing values, order, labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pytest

from checkrail_api.reports import FilterUsed
from checkrail_api.run import Run
from checkrail_api.workflows import Task
from checkrail_trainer.columns import resolve_roles
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.fetch import JOINED
from checkrail_trainer.reading import read_sides
from checkrail_trainer.table import Categories, Table, Values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkrail_trainer.columns import Roles

ROWS = """
(VALUES
  (4, 'a',  1.5, DATE '1969-12-31', false, 10, 'x'),
  (3, NULL, NULL, NULL, true, 20, NULL),
  (2, 'b',  'nan'::DOUBLE, DATE '2026-01-01', false, 30, 'y'),
  (1, 'a', -2.0, DATE '1970-01-02', true, 40, 'x')
) AS t(id, "text", real, day, held, amount, region)
"""


def run(**parts: Any) -> Run:
    data = {
        "sources": [{"name": "t", "uri": "s3://lake/t.parquet"}],
        "label": "amount",
        "key": "id",
        "holdout": {"strategy": "Fraction", "fraction": "0.5"},
        "features": ["text", "real", "day"],
    }
    return Run.model_validate(
        {
            "job": {"namespace": "a", "name": "b", "uid": "c", "generation": 1},
            "attempt": 1,
            "model": "m",
            "data": data | parts,
            "train": {"workflow": "linear-regression"},
            "evaluation": {},
            "store": {"uri": "s3://models"},
            "threads": 1,
            "image": "i",
        }
    )


def read(
    wanted: Run,
    rows: str = ROWS,
    task: Task = Task.REGRESSION,
    slices: Sequence[str] = (),
    also: Sequence[str] = (),
) -> tuple[Table, Table, list[FilterUsed], Roles]:
    with duckdb.connect() as database:
        database.execute(f"CREATE TABLE {JOINED} AS SELECT * FROM {rows}")  # noqa: S608 - the rows of a test
        described = database.execute(f"DESCRIBE {JOINED}").fetchall()
        types = {row[0]: row[1] for row in described}
        roles = resolve_roles(wanted.data, types, task, slices, also)
        return (*read_sides(database, wanted, roles, types), roles)


def plain(column: Values) -> list[Any]:
    """Answer a column as Python values, NaN as None."""
    if isinstance(column, Categories):
        return list(column.texts(slice(None)))
    return [None if np.isnan(each) else each for each in column.tolist()]


def both(train: Table, holdout: Table, name: str) -> dict[float, Any]:
    """Answer a column of both sides by label."""
    return {
        label: value
        for side in (train, holdout)
        for label, value in zip(side.labels.tolist(), plain(side.columns[name]), strict=True)
    }


def test_numbers_texts_and_times_arrive_as_the_model_takes_them() -> None:
    train, holdout, _, _ = read(run())

    assert both(train, holdout, "real") == {10: 1.5, 20: None, 30: None, 40: -2.0}
    assert both(train, holdout, "text") == {10: "a", 20: "", 30: "b", 40: "a"}
    assert both(train, holdout, "day") == {
        10: -86400.0,
        20: None,
        30: 1767225600.0,
        40: 86400.0,
    }
    kinds = {name: getattr(each, "dtype", None) for name, each in train.columns.items()}
    assert kinds == {"text": None, "real": np.float32, "day": np.float64}
    assert train.labels.dtype == np.float64


@pytest.mark.parametrize(
    ("type_name", "text"),
    [
        pytest.param("TIMESTAMP", "2026-01-01 12:00:00.25", id="without an offset it is UTC"),
        pytest.param("TIMESTAMPTZ", "2026-01-01 14:00:00.25+02", id="with an offset"),
        pytest.param("TIMESTAMP_NS", "2026-01-01 12:00:00.25", id="nanoseconds"),
        pytest.param("TIMESTAMP_MS", "2026-01-01 12:00:00.25", id="milliseconds"),
    ],
)
def test_an_instant_is_its_unix_seconds(type_name: str, text: str) -> None:
    rows = f"(SELECT range AS id, range AS amount, '{text}'::{type_name} AS day FROM range(20))"  # noqa: S608 - a table's column

    train, _, _, _ = read(run(features=["day"]), rows)

    assert set(plain(train.columns["day"])) == {1767268800.25}


def test_the_hold_out_also_brings_slices_and_what_a_baseline_asks_for() -> None:
    by_day = {"strategy": "DateRange", "from": "1970-01-01"}
    train, holdout, _, _ = read(
        run(features=["real"], timeColumn="day", holdout=by_day),
        slices=["region", "held", "real"],
        also=["text", "real", "absent"],
    )

    assert {name: each.tolist() for name, each in holdout.slices.items()} == {
        "region": ["x", "y"],
        "held": ["true", "false"],
        "real": ["-2.0", ""],
    }
    assert {name: plain(each) for name, each in holdout.extra.items()} == {"text": ["a", "b"]}
    assert (train.slices, train.extra) == ({}, {})


def test_a_slice_that_is_no_column_is_refused() -> None:
    with pytest.raises(RunFailedError, match=r"spec\.evaluation\.slices names `regoin`") as caught:
        read(run(), slices=["regoin"])

    assert caught.value.reason.value == "ColumnNotFound"


def test_each_filter_tells_what_it_left_of_the_rows_before() -> None:
    filters = [
        {"column": "id", "op": "Gt", "value": 1},
        {"column": "text", "op": "NotNull"},
        {"column": "amount", "op": "NotNull"},
    ]

    train, holdout, used, _ = read(run(filters=filters))

    assert used == [
        FilterUsed(column="id", op="Gt", rows=3),
        FilterUsed(column="text", op="NotNull", rows=2),
        FilterUsed(column="amount", op="NotNull", rows=2),
    ]
    assert train.rows + holdout.rows == 2


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
    "kind", ["TINYINT", "UBIGINT", "HUGEINT", "DECIMAL(12,3)", "FLOAT", "DOUBLE"]
)
def test_any_number_is_a_label_of_a_regression(kind: str) -> None:
    rows = f"(SELECT range AS id, range AS real, (range / 2)::{kind} AS amount FROM range(50))"  # noqa: S608 - a table's column

    train, holdout, _, _ = read(run(features=["real"]), rows)

    assert {float(each) for side in (train, holdout) for each in side.labels} == {
        float(each[0])
        for each in duckdb.sql(f"SELECT (range / 2)::{kind} FROM range(50)").fetchall()  # noqa: S608 - a table's column
    }
