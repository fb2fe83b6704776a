"""From the joined table to what a workflow sees: types, missing values, order, labels."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pytest

from checkrail_api.reports import FilterUsed
from checkrail_api.run import ENV_MEMORY_LIMIT, Run
from checkrail_api.workflows import Task
from checkrail_trainer.columns import resolve_roles
from checkrail_trainer.environment import ENV_SCRATCH_DIR, read_environment
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.fetch import JOINED
from checkrail_trainer.reading import read_sides
from checkrail_trainer.table import Categories, Table, Values

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from checkrail_trainer.columns import Roles
    from checkrail_trainer.environment import Environment

ENVIRONMENT = read_environment(
    {ENV_SCRATCH_DIR: tempfile.gettempdir(), ENV_MEMORY_LIMIT: str(2**28 * 100 // 60)}
)
"""The database may use 256 MiB."""
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
    *,
    environment: Environment = ENVIRONMENT,
) -> tuple[Table, Table, list[FilterUsed], Roles]:
    with duckdb.connect() as database:
        database.execute(f"CREATE VIEW {JOINED} AS SELECT * FROM {rows}")  # noqa: S608 - the rows of a test
        described = database.execute(f"DESCRIBE {JOINED}").fetchall()
        types = {row[0]: row[1] for row in described}
        roles = resolve_roles(wanted.data, types, task, slices, also)
        return (*read_sides(database, wanted, roles, types, environment), roles)


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

    train, holdout, used, _ = read(run(filters=filters, features=["day", "text"]))

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


def numbered(rows: int, *, key: str, order: str) -> str:
    """Answer ``rows`` rows in the order of an expression of ``i``."""
    return (
        f"(SELECT {key} AS id, i % 7 AS real, 'v' || i % 3 AS text, i AS amount "  # noqa: S608 - numbers
        f"FROM range({rows}) AS r(i) ORDER BY {order})"
    )


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        pytest.param("i * 3", {}, id="by a key of every row"),
        pytest.param("i // 5", {}, id="by a key of several rows, then by all that is seen"),
        pytest.param("nullif(i, 9)", {}, id="by a key that one row lacks"),
        pytest.param("i", {"key": None}, id="without a key"),
        pytest.param("'k' || i", {}, id="by text"),
    ],
)
def test_rows_come_in_one_order_however_the_source_has_them(
    key: str, parts: dict[str, Any]
) -> None:
    """Over 65,536 rows, so that they come in several batches."""
    wanted = run(features=["real", "text"], **parts)

    one = read(wanted, numbered(70_000, key=key, order="i"))
    other = read(wanted, numbered(70_000, key=key, order="hash(i)"))

    for side, again in zip(one[:2], other[:2], strict=True):
        assert np.array_equal(side.labels, again.labels)
        assert {name: plain(each) for name, each in side.columns.items()} == {
            name: plain(each) for name, each in again.columns.items()
        }
    assert one[0].rows + one[1].rows == 70_000


def test_a_row_keeps_its_values_together() -> None:
    train, holdout, _, _ = read(
        run(features=["text", "real"]), numbered(70_000, key="hash(i)", order="i")
    )

    for side in (train, holdout):
        labels = side.labels.astype(np.int64)
        assert plain(side.columns["real"]) == (labels % 7).tolist()
        assert plain(side.columns["text"]) == [f"v{each % 3}" for each in labels]


def test_number_features_stand_side_by_side_without_a_copy() -> None:
    train, _, _, _ = read(run(features=["id", "text", "real"]), numbered(90, key="i", order="i"))

    assert train.numbers is not None
    assert train.numbers.shape == (train.rows, 2)
    assert [plain(each) for each in train.numbers.T] == [
        plain(train.columns[name]) for name in ("id", "real")
    ]
    assert all(
        getattr(train.columns[name], "base", None) is train.numbers for name in ("id", "real")
    )


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


@pytest.mark.parametrize(
    ("features", "count"),
    [
        pytest.param(30, 400_000, id="in little memory"),
        pytest.param(250, 125_000, id="after little memory was too little for a row group"),
    ],
)
def test_rows_that_lie_on_the_disk_meanwhile_come_in_order(
    features: int, count: int, tmp_path: Path
) -> None:
    names = [f"f{each}" for each in range(features)]
    wanted = run(features=names, holdout={"strategy": "Fraction", "fraction": "0.2"})
    numbers = ", ".join(f"(id % 4000) * {each + 1} AS {name}" for each, name in enumerate(names))
    ids = f"SELECT {count} - i AS id FROM range({count}) AS r(i)"  # noqa: S608 - a number
    rows = f"SELECT *, id AS amount, {numbers} FROM ({ids})"  # noqa: S608 - columns
    with duckdb.connect(config={"temp_directory": str(tmp_path), "threads": 1}) as database:
        database.execute("SET errors_as_json = true")
        database.execute(f"CREATE VIEW {JOINED} AS {rows}")
        types = {each[0]: each[1] for each in database.execute(f"DESCRIBE {JOINED}").fetchall()}
        roles = resolve_roles(wanted.data, types, Task.REGRESSION, (), ())

        train, holdout, _ = read_sides(database, wanted, roles, types, ENVIRONMENT)

        [(spilled,)] = database.execute(
            "SELECT sum(temporary_storage_bytes) FROM duckdb_memory()"
        ).fetchall()
    assert spilled > 0
    for side in (train, holdout):
        keys = side.labels.astype(np.int64)
        assert (np.diff(keys) > 0).all()
        assert side.numbers is not None
        assert np.array_equal(side.numbers, np.outer(keys % 4000, np.arange(1, features + 1)))


@pytest.mark.parametrize(
    ("limit", "in_memory"),
    [
        pytest.param(None, False, id="no limit"),
        pytest.param(2**30, False, id="room for the rows and the matrix"),
        pytest.param(2 * 4 * 90 - 1, True, id="room for less"),
    ],
)
def test_the_matrix_lies_on_the_scratch_volume_where_that_has_room(
    limit: int | None, caplog: pytest.LogCaptureFixture, *, in_memory: bool
) -> None:
    caplog.set_level("INFO")
    environment = replace(ENVIRONMENT, scratch_limit_bytes=limit)

    train, holdout, _, _ = read(
        run(features=["real"]), numbered(90, key="i", order="i"), environment=environment
    )

    assert ("the matrix stays in memory" in caplog.text) is in_memory
    for side in (train, holdout):
        assert side.numbers is not None
        assert side.numbers.flags.writeable is in_memory
        np.testing.assert_array_equal(side.numbers[:, 0], side.columns["real"])
