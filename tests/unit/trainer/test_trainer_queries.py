"""A query is exactly one SELECT, whatever comments and semicolons stand around it."""

from __future__ import annotations

import duckdb
import pytest

from checkrail_api.data import Data
from checkrail_api.reasons import Reason
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.fetch import JOINED, join


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
    with duckdb.connect() as database:
        types, _ = join(database, data, [])
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
        pytest.param("SELECT 1 /* why", "unterminated /* comment", id="an open comment"),
        pytest.param("SELECT 1) --", 'syntax error at or near ")"', id="a closed parenthesis"),
        pytest.param("SELECT ?", "Unexpected prepared parameter", id="a parameter"),
    ],
)
def test_anything_but_one_select_is_refused(query: str, found: str) -> None:
    with pytest.raises(RunFailedError) as caught:
        run(query)

    assert caught.value.reason == Reason.QUERY_FAILED
    assert found in caught.value.message
