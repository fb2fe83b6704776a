"""The examples' SQL on the real tables: every row once, and nothing that is known only later."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest
import yaml
from demo.flights import CSV_TABLES, package_data, write_flights_parquet

from checkrail_api.training_job import TrainingJobSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).parents[3] / "examples"
KNOWN_ONLY_LATER = {"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "late"}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = tmp_path_factory.mktemp("lake")
    write_flights_parquet(folder / "flights.parquet")
    with duckdb.connect() as connection:
        connection.read_parquet(str(folder / "flights.parquet")).create_view("flights")
        for table in CSV_TABLES:
            connection.read_csv(str(package_data() / f"{table}.csv")).create_view(table)
        yield connection


@pytest.mark.parametrize(
    ("name", "month", "rows", "late"),
    [
        pytest.param("flight-delays-2013q1", 3, (50_009, 27_902), 0.228, id="first quarter"),
        pytest.param("flight-delays-2013h1", 6, (133_603, 27_075), 0.249, id="first half"),
    ],
)
def test_every_flight_is_on_one_side_once(
    lake: duckdb.DuckDBPyConnection,
    name: str,
    month: int,
    rows: tuple[int, int],
    late: float,
) -> None:
    data = _spec(name).data
    used = f"SELECT * FROM ({data.query}) WHERE month <= {month} AND late IS NOT NULL"  # noqa: S608 - our own example

    found = lake.sql(
        f"SELECT count(*) FILTER (scheduled < $start), count(*) FILTER (scheduled >= $start),"  # noqa: S608
        f" count(DISTINCT flight_id), round(avg(late), 3) FROM ({used})",
        params={"start": data.holdout.from_},
    ).fetchone()

    assert found == (*rows, sum(rows), late)


def test_features_are_columns_that_are_known_before_departure(
    lake: duckdb.DuckDBPyConnection,
) -> None:
    data = _spec("flight-delays-2013q1").data
    features = set(data.features or ())

    columns = set(lake.sql(data.query or "").columns)

    assert features <= columns
    assert features & KNOWN_ONLY_LATER == set()
    assert columns & KNOWN_ONLY_LATER == {"late"}


def test_both_runs_make_versions_that_can_take_over_from_each_other() -> None:
    first, second = _spec("flight-delays-2013q1"), _spec("flight-delays-2013h1")

    assert (first.model, first.data.query, first.data.features) == (
        second.model,
        second.data.query,
        second.data.features,
    )


def _spec(name: str) -> TrainingJobSpec:
    body = yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text())
    return TrainingJobSpec.model_validate(body["spec"])
