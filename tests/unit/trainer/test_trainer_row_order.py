"""Rows come in one order, with their values together, however many there are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pytest

from checkrail_api.workflows import Task
from checkrail_trainer.columns import resolve_roles
from checkrail_trainer.fetch import JOINED
from checkrail_trainer.reading import read_sides
from harness.reading import ENVIRONMENT, numbered, plain, read, run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        pytest.param("i * 3", {}, id="by a key of every row"),
        pytest.param("i // 5", {}, id="by a key of several rows, then by all that is seen"),
        pytest.param("nullif(i, 9)", {}, id="by a key that one row lacks"),
        pytest.param("i", {"key": None}, id="without a key"),
        pytest.param("'k' || i", {}, id="by text"),
    ],
)
def test_rows_come_in_one_order_however_the_source_has_them(
    key: str, parts: dict[str, Any]
) -> None:
    """Over 65,536 rows, so that they come in several batches."""
    wanted = run(features=["real", "text"], **parts)

    one = read(wanted, numbered(70_000, key=key, order="i"))
    other = read(wanted, numbered(70_000, key=key, order="hash(i)"))

    for side, again in zip(one[:2], other[:2], strict=True):
        assert np.array_equal(side.labels, again.labels)
        assert {name: plain(each) for name, each in side.columns.items()} == {
            name: plain(each) for name, each in again.columns.items()
        }
    assert one[0].rows + one[1].rows == 70_000


def test_a_row_keeps_its_values_together() -> None:
    train, holdout, _, _ = read(
        run(features=["text", "real"]), numbered(70_000, key="hash(i)", order="i")
    )

    for side in (train, holdout):
        labels = side.labels.astype(np.int64)
        assert plain(side.columns["real"]) == (labels % 7).tolist()
        assert plain(side.columns["text"]) == [f"v{each % 3}" for each in labels]


def test_number_features_stand_side_by_side_without_a_copy() -> None:
    train, _, _, _ = read(run(features=["id", "text", "real"]), numbered(90, key="i", order="i"))

    assert train.numbers is not None
    assert train.numbers.shape == (train.rows, 2)
    assert [plain(each) for each in train.numbers.T] == [
        plain(train.columns[name]) for name in ("id", "real")
    ]
    assert all(
        getattr(train.columns[name], "base", None) is train.numbers for name in ("id", "real")
    )


@pytest.mark.parametrize(
    ("features", "count"),
    [
        pytest.param(30, 400_000, id="in little memory"),
        pytest.param(250, 125_000, id="after little memory was too little for a row group"),
    ],
)
def test_rows_that_lie_on_the_disk_meanwhile_come_in_order(
    features: int, count: int, tmp_path: Path
) -> None:
    names = [f"f{each}" for each in range(features)]
    wanted = run(features=names, holdout={"strategy": "Fraction", "fraction": "0.2"})
    numbers = ", ".join(f"(id % 4000) * {each + 1} AS {name}" for each, name in enumerate(names))
    ids = f"SELECT {count} - i AS id FROM range({count}) AS r(i)"  # noqa: S608 - a number
    rows = f"SELECT *, id AS amount, {numbers} FROM ({ids})"  # noqa: S608 - columns
    with duckdb.connect(config={"temp_directory": str(tmp_path), "threads": 1}) as database:
        database.execute("SET errors_as_json = true")
        database.execute(f"CREATE VIEW {JOINED} AS {rows}")
        types = {each[0]: each[1] for each in database.execute(f"DESCRIBE {JOINED}").fetchall()}
        roles = resolve_roles(wanted.data, types, Task.REGRESSION, (), ())

        train, holdout, _ = read_sides(database, wanted, roles, types, ENVIRONMENT)

        [(spilled,)] = database.execute(
            "SELECT sum(temporary_storage_bytes) FROM duckdb_memory()"
        ).fetchall()
    assert spilled > 0
    for side in (train, holdout):
        keys = side.labels.astype(np.int64)
        assert (np.diff(keys) > 0).all()
        assert side.numbers is not None
        assert np.array_equal(side.numbers, np.outer(keys % 4000, np.arange(1, features + 1)))


@pytest.mark.parametrize(
    ("limit", "in_memory"),
    [
        pytest.param(None, False, id="no limit"),
        pytest.param(2**30, False, id="room for the rows and the matrix"),
        pytest.param(2 * 4 * 90 - 1, True, id="room for less"),
    ],
)
def test_the_matrix_lies_on_the_scratch_volume_where_that_has_room(
    limit: int | None, caplog: pytest.LogCaptureFixture, *, in_memory: bool
) -> None:
    caplog.set_level("INFO")
    environment = replace(ENVIRONMENT, scratch_limit_bytes=limit)

    train, holdout, _, _ = read(
        run(features=["real"]), numbered(90, key="i", order="i"), environment=environment
    )

    assert ("the matrix stays in memory" in caplog.text) is in_memory
    for side in (train, holdout):
        assert side.numbers is not None
        assert side.numbers.flags.writeable is in_memory
        np.testing.assert_array_equal(side.numbers[:, 0], side.columns["real"])
