"""A query is exactly one SELECT, whatever comments and semicolons stand around it."""

from __future__ import annotations

import duckdb
import pytest

from checkrail_api.data import Data
from checkrail_api.reasons import Reason
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.fetch import JOINED, join, query_errors


def run(query: str) -> tuple[dict[str, str], list[tuple[object, ...]]]:
    """Answer columns and rows of the joined table; the query reads no source."""
    data = Data.model_validate(
        {
            "sources": [{"name": "cases", "uri": "s3://lake/cases.csv"}],
            "query": query,
            "label": "late",
            "holdout": {"strategy": "Fraction", "fraction": "0.3"},
        }
    )
    with duckdb.connect(config={"errors_as_json": True}) as database:
        types, _ = join(database, data, [])
        with query_errors(data):
            return types, database.execute(f"FROM {JOINED}").fetchall()


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("SELECT ';--' AS a", id="nothing"),
        pytest.param("SELECT ';--' AS a;", id="a semicolon"),
        pytest.param("SELECT ';--' AS a -- why", id="a comment"),
        pytest.param("SELECT ';--' AS a; -- why", id="a comment behind the semicolon"),
        pytest.param("-- why;\nSELECT ';--' AS a;;\n/* and; how */ ;\n", id="all of them"),
        pytest.param("WITH one AS (SELECT ';--' AS a) FROM one; --", id="an intermediate table"),
        pytest.param("(VALUES (';--')) LIMIT 1; --", id="values"),
    ],
)
def test_what_stands_around_a_select_does_not_matter(query: str) -> None:
    types, rows = run(query)

    assert ([*types.values()], rows) == (["VARCHAR"], [(";--",)])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param("-- nothing", "holds no statement; expected one SELECT", id="no statement"),
        pytest.param("SELECT 1; -- a\nSELECT 2", "holds SELECT, SELECT", id="two statements"),
        pytest.param("SELECT 1; DROP TABLE a", "holds SELECT, DROP", id="another one behind"),
        pytest.param("COPY (SELECT 1) TO 'a.csv'", "holds COPY", id="a copy"),
        pytest.param("INSERT INTO cases VALUES (1)", "holds INSERT", id="an insert"),
        pytest.param("SET threads = 1", "holds SET", id="a setting"),
    ],
)
def test_anything_but_one_select_is_refused(query: str, found: str) -> None:
    with pytest.raises(RunFailedError, match=found) as caught:
        run(query)

    assert caught.value.reason == Reason.NOT_A_SELECT


@pytest.mark.parametrize(
    ("query", "said"),
    [
        pytest.param("SELECT 1 /* why", "unterminated /* comment", id="an open comment"),
        pytest.param(
            "SELECT 1) --",
            'syntax error at or near ")"\nLINE 1: SELECT 1) --\n',
            id="a syntax error",
        ),
        pytest.param("SELECT ?", "Unexpected prepared parameter", id="a parameter"),
        pytest.param(
            "-- é\nSELECT a,\n  'é' || b\nFROM (VALUES (1)) AS t(a)",
            'Referenced column "b" not found in FROM clause!\nCandidate bindings: "a"\n'
            "LINE 3:   'é' || b\n                 ^",
            id="an unknown column",
        ),
        pytest.param(
            "SELECT * FROM cases",
            "Table with name cases does not exist!\nDid you mean",
            id="an unknown table",
        ),
    ],
)
def test_a_query_that_does_not_run_is_shown_the_place(query: str, said: str) -> None:
    with pytest.raises(RunFailedError) as caught:
        run(query)

    assert caught.value.reason == Reason.QUERY_FAILED
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        pytest.param(
            "CAST(t.a AS INTEGER)",
            "Conversion Error: when casting from source column a\n"
            "LINE 2: CAST(t.a AS INTEGER)\n        ^\n",
            id="a cast",
        ),
        pytest.param("strptime(t.a, '%d')", "Invalid Input Error\n", id="a format"),
        pytest.param("t.n + 9223372036854775807", "Overflow in addition of INT64\n", id="a sum"),
        pytest.param("error('secret' || n)", "Invalid Input Error\n", id="an error of its own"),
    ],
)
def test_an_error_over_a_value_does_not_tell_the_value(expression: str, said: str) -> None:
    rows = "SELECT 'secret parquet' || n AS a, n FROM range(1, 9) AS r(n)"
    query = f"SELECT\n{expression}\nFROM ({rows}) AS t"

    with pytest.raises(RunFailedError) as caught:
        run(query)

    assert caught.value.reason == Reason.QUERY_FAILED
    assert said in caught.value.message
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    ("query", "named"),
    [
        pytest.param(
            "SELECT * FROM range(3) a, range(3) b", "`range`; expected different", id="of a join"
        ),
        pytest.param("SELECT 1 AS a, 2 AS A, 3 AS b", "`a`, `A`; expected", id="in another case"),
    ],
)
def test_columns_of_one_name_are_refused(query: str, named: str) -> None:
    with pytest.raises(RunFailedError, match=named) as caught:
        run(query)

    assert caught.value.reason == Reason.DUPLICATE_COLUMN
