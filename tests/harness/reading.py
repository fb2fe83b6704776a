"""The rows of a test, read as the trainer reads the joined table."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np

from checkrail_api.run import ENV_MEMORY_LIMIT, Run
from checkrail_api.workflows import Task
from checkrail_trainer.columns import resolve_roles
from checkrail_trainer.environment import ENV_SCRATCH_DIR, read_environment
from checkrail_trainer.fetch import JOINED
from checkrail_trainer.reading import read_sides
from checkrail_trainer.table import Categories, Table, Values
from harness.run_files import small_run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkrail_api.reports import FilterUsed
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
    """Return a run over ``ROWS``; ``parts`` replace fields of its data."""
    data = {
        "label": "amount",
        "key": "id",
        "holdout": {"strategy": "Fraction", "fraction": "0.5"},
        "features": ["text", "real", "day"],
    }
    return small_run({**data, **parts})


def read(
    wanted: Run,
    rows: str = ROWS,
    task: Task = Task.REGRESSION,
    slices: Sequence[str] = (),
    also: Sequence[str] = (),
    *,
    environment: Environment = ENVIRONMENT,
) -> tuple[Table, Table, list[FilterUsed], Roles]:
    """Return both sides of ``rows``, what its filters left, and the roles of its columns."""
    with duckdb.connect() as database:
        database.execute(f"CREATE VIEW {JOINED} AS SELECT * FROM {rows}")  # noqa: S608 - the rows of a test
        described = database.execute(f"DESCRIBE {JOINED}").fetchall()
        types = {row[0]: row[1] for row in described}
        roles = resolve_roles(wanted.data, types, task, slices, also)
        return (*read_sides(database, wanted, roles, types, environment), roles)


def plain(column: Values) -> list[Any]:
    """Return a column as Python values, NaN as None."""
    if isinstance(column, Categories):
        return list(column.texts(slice(None)))
    return [None if np.isnan(each) else each for each in column.tolist()]


def numbered(rows: int, *, key: str, order: str) -> str:
    """Return ``rows`` rows in the order of an expression of ``i``."""
    return (
        f"(SELECT {key} AS id, i % 7 AS real, 'v' || i % 3 AS text, i AS amount "  # noqa: S608 - numbers
        f"FROM range({rows}) AS r(i) ORDER BY {order})"
    )
