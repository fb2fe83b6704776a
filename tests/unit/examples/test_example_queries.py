"""The examples' SQL on the real tables: every row once, and nothing that is known only later."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
import yaml
from demo.flights import CSV_TABLES, package_data, write_flights_parquet

from checkrail_api.model_deployment import ModelDeploymentSpec
from checkrail_api.training_job import TrainingJobSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checkrail_api.model import Model

EXAMPLES = Path(__file__).parents[3] / "examples"
SPECS: dict[str, type[Model]] = {
    "ModelDeployment": ModelDeploymentSpec,
    "TrainingJob": TrainingJobSpec,
}
OURS = [
    path
    for path in sorted(EXAMPLES.rglob("*.yaml"))
    if yaml.safe_load(path.read_text())["kind"] in SPECS
]
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


def test_a_delay_is_predicted_from_what_is_known_at_the_gate(
    lake: duckdb.DuckDBPyConnection,
) -> None:
    data = _spec("arrival-delay").data
    known_in_the_air = {"arr_time", "arr_delay", "air_time"}

    assert set(data.features or ()) <= set(lake.sql("FROM flights").columns) - known_in_the_air
    assert data.label in known_in_the_air


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_an_example_is_read_as_it_is_written(path: Path) -> None:
    body = yaml.safe_load(path.read_text())

    read = SPECS[body["kind"]].model_validate(body["spec"])

    assert _within(body["spec"], read.dump())


def test_both_runs_make_versions_that_can_take_over_from_each_other() -> None:
    first, second = _spec("flight-delays-2013q1"), _spec("flight-delays-2013h1")

    assert (first.model, first.data.query, first.data.features) == (
        second.model,
        second.data.query,
        second.data.features,
    )


def _within(written: Any, read: Any) -> bool:
    """Answer whether all that is written stands in what was read, as it was written."""
    if isinstance(written, dict):
        return all(_within(value, read.get(key)) for key, value in written.items())
    if isinstance(written, list):
        return len(written) == len(read) and all(map(_within, written, read))
    return bool(written == read)


def _spec(name: str) -> TrainingJobSpec:
    body = yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text())
    return TrainingJobSpec.model_validate(body["spec"])
