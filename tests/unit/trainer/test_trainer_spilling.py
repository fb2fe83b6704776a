"""DuckDB keeps rows on the disk while the matrix is made of them, and takes more where it must."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from checkrail_trainer.spilling import LEAST_BYTES, limits, spilling

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MIB = 2**20
MOST = 512 * MIB
GATHERED = "SELECT len(list(i)) FROM range({}) AS r(i)"
"""A list cannot be spilled: it takes 8 bytes for each number, and more while it grows."""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"memory_limit": f"{MOST}B", "threads": 1}) as opened:
        opened.execute(f"SET temp_directory = '{tmp_path}'")
        yield opened


class Work:
    """A statement that notes the limits under which it was tried."""

    def __init__(self, database: duckdb.DuckDBPyConnection, statement: str) -> None:
        self.database = database
        self.statement = statement
        self.tried: list[str] = []

    def __call__(self) -> int:
        self.tried.append(limit_of(self.database))
        [(answer,)] = self.database.execute(self.statement).fetchall()
        return int(answer)


def limit_of(database: duckdb.DuckDBPyConnection) -> str:
    [(limit,)] = database.execute("SELECT current_setting('memory_limit')").fetchall()
    return str(limit)


@pytest.mark.parametrize(
    ("matrix", "most", "tried"),
    [
        pytest.param(0, MOST, [64, 128, 256], id="a small matrix begins with the least"),
        pytest.param(400 * MIB, MOST, [200, 400], id="a larger one with half of it"),
        pytest.param(2048 * MIB, MOST, [], id="one beyond the limit has the limit alone"),
        pytest.param(0, LEAST_BYTES, [], id="less than the least is no try"),
    ],
)
def test_limits(matrix: int, most: int, tried: list[int]) -> None:
    assert [each * MIB for each in tried] == list(limits(matrix, most))


def test_what_fits_is_done_once_and_the_limit_is_as_before(
    database: duckdb.DuckDBPyConnection,
) -> None:
    work = Work(database, GATHERED.format(1000))

    assert spilling(database, 0, MOST, work) == 1000
    assert (work.tried, limit_of(database)) == (["64.0 MiB"], "512.0 MiB")


def test_what_does_not_fit_is_done_again_with_twice_as_much(
    database: duckdb.DuckDBPyConnection,
) -> None:
    work = Work(database, GATHERED.format(4_000_000))

    assert spilling(database, 0, MOST, work) == 4_000_000
    assert work.tried == ["64.0 MiB", "128.0 MiB"]


def test_what_does_not_fit_at_all_is_out_of_memory(database: duckdb.DuckDBPyConnection) -> None:
    work = Work(database, GATHERED.format(20_000_000))

    with pytest.raises(duckdb.OutOfMemoryException):
        spilling(database, 0, 128 * MIB, work)

    assert work.tried == ["64.0 MiB", "128.0 MiB"]


def test_rows_that_the_disk_cannot_hold_stay_in_memory(
    database: duckdb.DuckDBPyConnection,
) -> None:
    database.execute("SET max_temp_directory_size = '1MiB'")
    database.execute("CREATE TABLE kept AS SELECT random() AS x FROM range(10_000_000)")
    work = Work(database, "SELECT count(x) FROM kept")

    assert spilling(database, 0, MOST, work) == 10_000_000
    assert work.tried == ["128.0 MiB"]
