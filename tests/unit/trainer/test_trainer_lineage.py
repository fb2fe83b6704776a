"""Where a feature comes from: one column of one source, or nothing is said."""

from __future__ import annotations

import duckdb
import pytest

from checkrail_api.data import Data
from checkrail_api.record import Origin
from checkrail_trainer.lineage import origins

SOURCES = {
    "flights": ["id", "late", "dep", "arr", "origin", "Seats", "plane.type"],
    "weather": ["origin", "wind", "dep"],
}
TABLES = """
CREATE TABLE flights (id INT, late BOOL, dep INT, arr INT, origin TEXT, "Seats" INT,
  "plane.type" TEXT);
CREATE TABLE weather (origin TEXT, wind DOUBLE, dep INT);
"""


def data(query: str | None) -> Data:
    return Data.model_validate(
        {
            "sources": [{"name": each, "uri": f"s3://lake/{each}.csv"} for each in SOURCES],
            "query": query,
            "label": "late",
            "holdout": {"strategy": "Fraction", "fraction": "0.3"},
        }
    )


def traced(query: str) -> dict[str, str]:
    """Answer what is known of the columns that DuckDB itself gives the query."""
    with duckdb.connect() as database:
        database.execute(TABLES)
        names = database.sql(query).columns
    found = origins(data(query), SOURCES, names)
    return {name: f"{each.source}/{each.column}" for name, each in found.items()}


@pytest.mark.parametrize(
    ("query", "want"),
    [
        pytest.param(
            "SELECT f.dep, w.wind FROM flights f LEFT JOIN weather w USING (origin)",
            {"dep": "flights/dep", "wind": "weather/wind"},
            id="columns of a join",
        ),
        pytest.param(
            "SELECT ln(wind + 1) AS wind, dep // 100 AS hour, CASE WHEN dep > 5 THEN 1 END AS late "
            "FROM flights JOIN weather USING (origin, dep)",
            {"wind": "weather/wind"},
            id="a computed column, and columns of either side",
        ),
        pytest.param(
            "SELECT arr - dep AS took, 1 AS one, count(*) OVER () AS n, random() AS r FROM flights",
            {},
            id="of two columns or of none",
        ),
        pytest.param(
            "WITH w AS (SELECT origin, avg(wind) AS mean FROM weather GROUP BY ALL) "
            "SELECT f.* EXCLUDE (dep), mean, mean * 2 AS twice "
            "FROM flights f JOIN w USING (origin)",
            {
                **{name: f"flights/{name}" for name in SOURCES["flights"] if name != "dep"},
                "mean": "weather/wind",
                "twice": "weather/wind",
            },
            id="through an intermediate table and a star",
        ),
        pytest.param(
            "WITH flights AS (SELECT wind AS dep FROM weather) SELECT dep FROM flights",
            {"dep": "weather/wind"},
            id="a table that takes a source's name",
        ),
        pytest.param(
            "SELECT arr AS dep, dep + 1 AS later, later * 2 AS latest FROM flights",
            {"dep": "flights/arr", "later": "flights/dep", "latest": "flights/dep"},
            id="a name that means the column before the alias",
        ),
        pytest.param(
            'SELECT seats, FLIGHTS."plane.type" AS kind FROM flights',
            {"Seats": "flights/Seats", "kind": "flights/plane.type"},
            id="names in another case, and with a dot",
        ),
        pytest.param(
            "SELECT dep FROM flights UNION ALL SELECT dep FROM weather", {}, id="of two sources"
        ),
        pytest.param(
            "SELECT dep + (SELECT max(wind) FROM weather) AS a, "
            "EXISTS (FROM weather w WHERE w.dep = f.dep) AS b FROM flights f",
            {},
            id="through subqueries",
        ),
        pytest.param(
            "SELECT dep, arr FROM flights AS flights(id, late, arr, dep)",
            {},
            id="columns of a source that are given other names",
        ),
        pytest.param(
            "SELECT arr FROM weather JOIN flights AS f(a, b, arr, dep) USING (dep)",
            {},
            id="columns of a joined source that are given other names",
        ),
        pytest.param(
            "WITH f(arr, dep) AS (SELECT dep, arr FROM flights) SELECT arr FROM f",
            {"arr": "flights/dep"},
            id="columns of an intermediate table that are given other names",
        ),
        pytest.param(
            "SELECT (SELECT max(o.dep) FROM flights o WHERE o.arr = f.arr) AS m FROM flights f",
            {},
            id="through a correlated subquery",
        ),
        pytest.param(
            "SELECT l.m FROM flights f, "
            "LATERAL (SELECT max(o.dep) AS m FROM flights o WHERE o.arr = f.arr) AS l",
            {},
            id="through a lateral join",
        ),
        pytest.param("SELECT COLUMNS('d.*') FROM flights", {}, id="what sqlglot does not expand"),
        pytest.param("PIVOT flights ON origin IN ('JFK') USING sum(dep)", {}, id="a pivot"),
        pytest.param(
            "WITH RECURSIVE t AS (SELECT dep AS n FROM flights UNION ALL SELECT n + 1 FROM t "
            "WHERE n < 5) SELECT n FROM t",
            {},
            id="a recursion",
        ),
        pytest.param(
            "SELECT range AS r, dep FROM range(5), flights",
            {"dep": "flights/dep"},
            id="beside a table function",
        ),
    ],
)
def test_the_origin_of_a_column(query: str, want: dict[str, str]) -> None:
    assert traced(query) == want


def test_without_a_query_a_column_is_its_own_origin() -> None:
    assert origins(data(None), SOURCES, ["dep"]) == {"dep": Origin(source="flights", column="dep")}


def test_a_name_longer_than_a_record_holds_has_no_origin_and_takes_none_from_others() -> None:
    long = "a" * 129
    sources = {"flights": ["dep", long]}
    query = f"SELECT dep, {long} AS arr FROM flights"  # noqa: S608 - a name
    from_flights = {"dep": Origin(source="flights", column="dep")}

    assert origins(data(None), sources, ["dep", long]) == from_flights
    assert origins(data(query), sources, ["dep", "arr"]) == from_flights
