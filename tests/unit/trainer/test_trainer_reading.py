"""From the joined table to what a workflow sees: types, missing values, filters, labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pytest

from checkrail_api.reports import FilterUsed
from harness.reading import plain, read, run

if TYPE_CHECKING:
    from checkrail_trainer.table import Table


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


def test_each_filter_tells_what_it_left_of_the_rows_before() -> None:
    filters = [
        {"column": "id", "op": "Gt", "value": 1},
        {"column": "text", "op": "NotNull"},
        {"column": "amount", "op": "NotNull"},
    ]

    train, holdout, used, _ = read(run(filters=filters, features=["day", "text"]))

    assert used == [
        FilterUsed(column="id", op="Gt", rows=3),
        FilterUsed(column="text", op="NotNull", rows=2),
        FilterUsed(column="amount", op="NotNull", rows=2),
    ]
    assert train.rows + holdout.rows == 2


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


def test_a_query_runs_once_though_its_rows_are_counted_before_and_after_filters() -> None:
    """Rows that are drawn anew by a second run would not add up."""
    drawn = run(
        query="SELECT * FROM t",
        filters=[{"column": "amount", "op": "Gt", "value": 50_000}],
        features=["real"],
    )
    drawing = "i AS id, random() AS real, (random() * 100000)::INT AS amount"
    rows = f"(SELECT {drawing} FROM range(100000) AS r(i))"  # noqa: S608 - columns

    train, holdout, used, _ = read(drawn, rows)

    assert train.rows + holdout.rows == used[0].rows
