"""Filters select rows: each is run by DuckDB on a table with one row of each kind."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from checkrail_api.data import Filter
from checkrail_api.reasons import Reason
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.filters import conditions, together

TABLE = """
CREATE TABLE t AS SELECT * FROM (VALUES
  (1, 3, 0.1::FLOAT, 'AA', true, DATE '2026-01-01', TIMESTAMPTZ '2026-01-01 00:30:00+02'),
  (2, 5, 'nan'::FLOAT, 'UA', false, DATE '2026-02-01', TIMESTAMPTZ '2026-02-01 00:00:00+00'),
  (3, NULL, NULL, NULL, NULL, NULL, NULL)
) AS t(id, whole, real, "text", flag, day, instant)
"""


@pytest.fixture(scope="module")
def database() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect()
    made.execute(TABLE)
    return made


def types(database: duckdb.DuckDBPyConnection) -> dict[str, str]:
    return {row[0]: row[1] for row in database.execute("DESCRIBE t").fetchall()}


@pytest.mark.parametrize(
    ("given", "want"),
    [
        pytest.param({"column": "whole", "op": "Eq", "value": 3}, [1], id="Eq keeps equal"),
        pytest.param({"column": "whole", "op": "NotEq", "value": 3}, [2], id="NotEq drops null"),
        pytest.param({"column": "whole", "op": "Gt", "value": "3.5"}, [2], id="3 is not over 3.5"),
        pytest.param({"column": "whole", "op": "GtEq", "value": 3}, [1, 2], id="GtEq keeps equal"),
        pytest.param({"column": "whole", "op": "Lt", "value": "5"}, [1], id="text is a number"),
        pytest.param({"column": "whole", "op": "LtEq", "value": 5}, [1, 2], id="LtEq keeps equal"),
        pytest.param({"column": "whole", "op": "In", "values": [5, "7"]}, [2], id="In takes any"),
        pytest.param({"column": "whole", "op": "NotIn", "values": [5]}, [1], id="NotIn drops null"),
        pytest.param({"column": "whole", "op": "IsNull"}, [3], id="IsNull keeps null"),
        pytest.param({"column": "real", "op": "Eq", "value": "0.1"}, [1], id="0.1 is its FP32"),
        pytest.param(
            {"column": "whole", "op": "Lt", "value": "170141183460469231731687303715884105727"},
            [1, 2],
            id="whole numbers are 128 bits",
        ),
        pytest.param(
            {"column": "whole", "op": "Gt", "value": "1e-999999999"}, [1, 2], id="almost nothing"
        ),
        pytest.param({"column": "real", "op": "Lt", "value": "3.4028234e38"}, [1], id="large FP32"),
        pytest.param({"column": "real", "op": "Gt", "value": 0}, [1], id="NaN is not large"),
        pytest.param({"column": "real", "op": "NotNull"}, [1], id="NaN is null"),
        pytest.param({"column": "text", "op": "Eq", "value": "AA"}, [1], id="text is compared"),
        pytest.param({"column": "text", "op": "Eq", "value": "a' OR 1"}, [], id="no injection"),
        pytest.param({"column": "flag", "op": "Eq", "value": "true"}, [1], id="true is a flag"),
        pytest.param({"column": "flag", "op": "Eq", "value": 0}, [2], id="0 is false"),
        pytest.param({"column": "day", "op": "Lt", "value": "2026-02-01"}, [1], id="dates order"),
        pytest.param(
            {"column": "instant", "op": "Lt", "value": "2026-01-01"}, [1], id="offsets count"
        ),
    ],
)
def test_a_filter_keeps(
    database: duckdb.DuckDBPyConnection, given: dict[str, Any], want: list[int]
) -> None:
    [condition] = conditions([Filter.model_validate(given)], types(database))

    rows = database.execute(
        f"SELECT id FROM t WHERE {condition.sql} ORDER BY id",  # noqa: S608 - what is tested
        list(condition.parameters),
    ).fetchall()

    assert [row[0] for row in rows] == want


def test_all_filters_must_hold(database: duckdb.DuckDBPyConnection) -> None:
    filters = [
        Filter(column="whole", op="NotNull"),
        Filter(column="text", op="In", values=["UA", "B6"]),
    ]

    condition = together(conditions(filters, types(database)))

    assert condition.sql == '("whole" IS NOT NULL) AND ("text" IN (?, ?))'
    assert condition.parameters == ("UA", "B6")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param({"column": "whole", "op": "Eq", "value": "AA"}, "a number", id="number"),
        pytest.param(
            {"column": "real", "op": "Eq", "value": "nan"}, "a finite number", id="finite"
        ),
        pytest.param(
            {"column": "whole", "op": "Lt", "value": f"1{'0' * 45}"},
            "a number of at most 38 digits",
            id="larger than any whole number",
        ),
        pytest.param(
            {"column": "whole", "op": "Gt", "value": "-170141183460469231731687303715884105729"},
            "a number of at most 38 digits",
            id="less than any whole number",
        ),
        pytest.param(
            {"column": "whole", "op": "Lt", "value": "1e999999999"},
            "a number of at most 38 digits",
            id="whole with a long exponent",
        ),
        pytest.param(
            {"column": "double", "op": "Lt", "value": "1e999999999"},
            "that this type can hold",
            id="beyond DOUBLE",
        ),
        pytest.param(
            {"column": "real", "op": "Lt", "value": "1e39"},
            "that this type can hold",
            id="beyond FLOAT",
        ),
        pytest.param({"column": "flag", "op": "Eq", "value": "yes"}, "true or false", id="flag"),
        pytest.param({"column": "day", "op": "Eq", "value": "May"}, "ISO 8601", id="date"),
    ],
)
def test_a_value_of_another_type_is_refused(
    database: duckdb.DuckDBPyConnection, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(RunFailedError, match=said) as caught:
        conditions([Filter.model_validate(given)], {**types(database), "double": "DOUBLE"})

    assert caught.value.reason is Reason.BAD_FILTER


def test_an_unknown_column_is_named_with_the_nearest_one() -> None:
    with pytest.raises(RunFailedError) as caught:
        conditions([Filter(column="orgin", op="NotNull")], {"origin": "VARCHAR"})

    assert caught.value.reason is Reason.COLUMN_NOT_FOUND
    assert caught.value.message == (
        "spec.data.filters[0].column names `orgin`, which is not a column of the joined table: "
        "did you mean `origin`?"
    )
