"""How much memory DuckDB takes for rows that it only keeps, which is less than it may."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

import duckdb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

LEAST_BYTES = 2**26
"""What is tried first for small matrices."""
SHARE = 2
"""What is tried first for others is the matrix divided by this: fitting takes more beside it."""


def spilling(
    database: duckdb.DuckDBPyConnection, matrix_bytes: int, most_bytes: int, work: Callable[[], T]
) -> T:
    """Do ``work`` with little memory for DuckDB, which spills what is beyond it.

    Where that is too little, ``work`` is done again with twice as much: of a Parquet file, say,
    each thread holds a whole row group. DuckDB finds that out early. The last try has all it may.

    Args:
        database: May use ``most_bytes``, before and afterwards.
        matrix_bytes: Size of the matrix that its rows become.
        most_bytes: What it may use.
        work: Can be done again after it has failed half-way.

    Raises:
        duckdb.OutOfMemoryException: All is too little; or whatever ``work`` raises.
    """
    try:
        for limit in limits(matrix_bytes, most_bytes):
            # A lower limit spills at once, and is refused where the disk is full.
            with suppress(duckdb.OutOfMemoryException):
                _limit(database, limit)
                return work()
    finally:
        _limit(database, most_bytes)
    return work()


def limits(matrix_bytes: int, most_bytes: int) -> Iterator[int]:
    """Return what is tried before ``most_bytes``, which is not among it."""
    limit = max(matrix_bytes // SHARE, LEAST_BYTES)
    while limit < most_bytes:
        yield limit
        limit *= 2


def _limit(database: duckdb.DuckDBPyConnection, size: int) -> None:
    database.execute(f"SET memory_limit = '{size}B'")
