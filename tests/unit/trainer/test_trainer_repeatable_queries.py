"""A query gives the same rows every time, on however many threads it may run."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pytest

from checkrail_api.workflows import Task
from checkrail_trainer.environment import ENV_CA_DIR, ENV_SCRATCH_DIR, read_environment
from checkrail_trainer.preparation import prepare
from checkrail_trainer.progress import Progress
from harness.run_files import small_run

if TYPE_CHECKING:
    from pathlib import Path

    from checkrail_api.run import Run
    from checkrail_trainer.table import Table

ROWS = 500_000
PREPARES = 4


@pytest.fixture(scope="module")
def flights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows in five row groups, which threads take in no order."""
    path = tmp_path_factory.mktemp("lake") / "flights.parquet"
    duckdb.connect().execute(
        f"COPY (SELECT range % 1000 AS plane, sin(range) * 1e6 AS delay, range / 7 AS fare "  # noqa: S608 - numbers
        f"FROM range({ROWS})) TO '{path}' (ROW_GROUP_SIZE 100000)"
    )
    return path


def run(source: Path, query: str, filters: list[dict[str, Any]]) -> Run:
    return small_run(
        {
            "sources": [{"name": "flights", "uri": f"file://{source}"}],
            "query": query,
            "filters": filters,
            "label": "y",
            "holdout": {"strategy": "Fraction", "fraction": "0.3"},
        },
        threads=4,
    )


def contents(table: Table) -> list[bytes]:
    columns = [each for each in table.columns.values() if isinstance(each, np.ndarray)]
    return [table.labels.tobytes(), *(each.tobytes() for each in columns)]


@pytest.mark.parametrize(
    "filters",
    [
        pytest.param([], id="unfiltered"),
        pytest.param([{"column": "y", "op": "NotNull"}], id="filtered"),
    ],
)
@pytest.mark.parametrize(
    "query",
    [
        pytest.param(
            "SELECT avg(delay) AS y, avg(fare) AS x FROM flights GROUP BY plane", id="a mean"
        ),
        pytest.param(
            "SELECT any_value(delay) AS y, any_value(fare) AS x FROM flights GROUP BY plane",
            id="any row",
        ),
    ],
)
def test_a_query_gives_the_same_rows_on_the_same_sides_every_time(
    flights: Path, tmp_path: Path, query: str, filters: list[dict[str, Any]]
) -> None:
    environment = read_environment(
        {ENV_SCRATCH_DIR: str(tmp_path / "scratch"), ENV_CA_DIR: str(tmp_path / "ca")}
    )
    found = []
    for _ in range(PREPARES):
        with Progress(io.StringIO()) as progress:
            made = prepare(run(flights, query, filters), Task.REGRESSION, environment, progress)
        found.append([*contents(made.train), *contents(made.holdout)])

    assert made.train.rows + made.holdout.rows == 1000
    assert all(each == found[0] for each in found)
