"""From the joined table to both sides of the hold-out in memory.

    query -> `selection.py`: the table of used rows, float32 -> order of the rows by the key alone
          -> a few columns at a time, each value put where its row belongs
          -> numbers into the matrix (`matrix_file.py`), everything else stays in memory

DuckDB sorts row numbers only, never whole rows. Meanwhile its table lies on the disk for the most
part (`spilling.py`), and so does the matrix.
"""

from __future__ import annotations

import logging
from contextlib import closing, suppress
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import duckdb
import numpy as np

from checkrail_api.reports import FilterUsed
from checkrail_api.workflows import Task
from checkrail_trainer.column_arrays import NumberArray, TextArray
from checkrail_trainer.database import memory_for_rows
from checkrail_trainer.fetch import query_errors
from checkrail_trainer.matrix_file import open_matrix
from checkrail_trainer.row_checks import check_features, check_labels, check_sides
from checkrail_trainer.selection import FP32_BYTES, USED, groups, matrix_bytes, select
from checkrail_trainer.spilling import spilling
from checkrail_trainer.table import Categories, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa
    from numpy.typing import NDArray

    from checkrail_api.run import Run
    from checkrail_trainer.column_arrays import Places
    from checkrail_trainer.columns import Column, Roles
    from checkrail_trainer.environment import Environment
    from checkrail_trainer.table import Values

log = logging.getLogger(__name__)

Arrays: TypeAlias = "dict[str, TextArray | NumberArray]"
"""By column of ``USED``."""
LABEL = "label"
BATCH_ROWS = 65_536
COLUMNS_BYTES = 2**24
"""Size of the numbers that are read at once, unless one column is larger."""
OUT_OF_MEMORY = '"exception_type":"Out of Memory"'
"""In what DuckDB says, with ``errors_as_json``."""


def read_sides(
    database: duckdb.DuckDBPyConnection,
    run: Run,
    roles: Roles,
    types: dict[str, str],
    environment: Environment,
) -> tuple[Table, Table, list[FilterUsed]]:
    """Filter and split the joined table, and read both sides.

    Rows come ordered by the key; where it is no key of every row, then by the label and every
    feature: rows that still tie are equal in all that the model sees, so the order is total.

    Args:
        database: Holds the joined table.
        run: The spec.
        roles: What its columns are for.
        types: Their types.
        environment: How much memory the database may use, and where the matrix may lie.

    Returns:
        The rows to train on, the rows held out, and what each filter left.

    Raises:
        RunFailedError: EmptyData, EmptySplit, BadFilter, BadLabel, BadFeature or NullFeature; or
            the query failed.
    """
    memory = memory_for_rows(environment)
    with query_errors(run.data):
        joined, *left = select(database, run, roles, types, memory)
        check_sides(database, run, [joined, *left])
        check_labels(database, roles)
        size = matrix_bytes(database, USED, roles)
        work = partial(_both, database, roles, _folder(database, environment, size))
        train, holdout = spilling(database, size, memory, work)
    check_features(train, holdout)
    filters = [
        FilterUsed(column=each.column, op=each.op, rows=rows)
        for each, rows in zip(run.data.filters, left, strict=True)
    ]
    return train, holdout, filters


def _folder(
    database: duckdb.DuckDBPyConnection, environment: Environment, size: int
) -> Path | None:
    """Return where a matrix of ``size`` bytes may lie; None where that is in memory.

    The database then keeps to what is left of the scratch volume: it needs room for as much again.
    """
    limit = environment.scratch_limit_bytes
    if limit is None:
        return environment.scratch
    if 2 * size <= limit:
        with suppress(duckdb.Error):  # of a lower limit than it has spilled already
            database.execute(f"SET max_temp_directory_size = '{limit - size}B'")
            return environment.scratch
    detail = f"{size} bytes beside as many rows on a scratch volume of {limit} bytes"
    log.info("the matrix stays in memory", extra={"detail": detail})
    return None


def _both(
    database: duckdb.DuckDBPyConnection, roles: Roles, folder: Path | None
) -> tuple[Table, Table]:
    order = _order(database, roles)
    train, holdout = (
        _read(database, roles, order, folder, held_out=side) for side in (False, True)
    )
    return train, holdout


def _order(database: duckdb.DuckDBPyConnection, roles: Roles) -> str:
    """Return the columns to order by, as few as give a total order."""
    if roles.key:
        [(unique,)] = database.execute(
            f"SELECT count(*) = count(DISTINCT key) FROM {USED} WHERE held_out IS NOT NULL"  # noqa: S608 - our own names
        ).fetchall()
        if unique:
            return "key"
    rest = ["label", *(f"f{number}" for number in range(len(roles.features)))]
    return ", ".join(["key", *rest] if roles.key else rest)


def _read(
    database: duckdb.DuckDBPyConnection,
    roles: Roles,
    order: str,
    folder: Path | None,
    *,
    held_out: bool,
) -> Table:
    places, rows = _places(database, order, held_out=held_out)

    def fill(arrays: Arrays) -> None:
        columns = ", ".join(_label(roles) if name == LABEL else name for name in arrays)
        query = f"SELECT rowid, {columns} FROM {USED} WHERE held_out = {held_out}"  # noqa: S608 - our own names
        for batch in _batches(database, query):
            at = _at(places[batch.column("rowid").to_numpy()])
            for name, array in arrays.items():
                array.put(at, batch.column(name))

    arrays = _arrays(roles, rows, held_out=held_out)
    fill(arrays)
    numbers = _numbers(roles, rows, folder, fill)
    columns = iter(numbers.T)
    labels = arrays[LABEL].values
    return Table(
        features=roles.features,
        columns={
            each.name: next(columns) if _is_number(each) else arrays[f"f{number}"].values
            for number, each in enumerate(roles.features)
        },
        labels=labels.texts(slice(None)) if isinstance(labels, Categories) else labels,
        slices={
            name: values.texts(slice(None))
            for name, values in _named("s", roles.slices, arrays).items()
            if isinstance(values, Categories)
        },
        extra=_named("x", roles.extra, arrays),
        numbers=numbers,
    )


def _numbers(
    roles: Roles, rows: int, folder: Path | None, fill: Callable[[Arrays], None]
) -> NDArray[np.float32]:
    """Read all features that are float32, ``(rows, numbers)``, in their order."""
    names = [f"f{number}" for number, each in enumerate(roles.features) if _is_number(each)]
    some = max(COLUMNS_BYTES // (FP32_BYTES * rows), 1)
    with closing(open_matrix(folder, rows, len(names))) as matrix:
        for start in range(0, len(names), some):
            part = names[start : start + some]
            columns = np.empty((rows, len(part)), dtype=np.float32, order="F")
            fill({name: NumberArray(each) for name, each in zip(part, columns.T, strict=True)})
            matrix.write(columns)
        return matrix.whole()


def _is_number(feature: Column) -> bool:
    return not feature.is_category and not feature.is_time


def _batches(database: duckdb.DuckDBPyConnection, query: str) -> Iterator[pa.RecordBatch]:
    """Run a query, and return its rows as it goes.

    Raises:
        duckdb.OutOfMemoryException: As of any query, where Arrow would make an OSError of it.
    """
    try:
        yield from database.execute(query).to_arrow_reader(BATCH_ROWS)
    except OSError as error:
        if OUT_OF_MEMORY in str(error):
            raise duckdb.OutOfMemoryException(f"Out of Memory Error: {error}") from error
        raise


def _places(
    database: duckdb.DuckDBPyConnection, order: str, *, held_out: bool
) -> tuple[NDArray[np.int64], int]:
    """Return the place of each row of ``USED`` in its side, and how many rows that has."""
    [(rows,)] = database.execute(f"SELECT count(*) FROM {USED}").fetchall()  # noqa: S608 - our own names
    numbers = database.execute(
        f"SELECT rowid FROM {USED} WHERE held_out = {held_out} ORDER BY {order}"  # noqa: S608 - our own names
    ).fetchnumpy()["rowid"]
    places = np.empty(rows, dtype=np.int64)
    places[numbers] = np.arange(len(numbers))
    return places, len(numbers)


def _at(places: NDArray[np.int64]) -> Places:
    """Return the places of a batch; as a slice, which is copied at once, where they adjoin."""
    first, last = int(places[0]), int(places[-1])
    adjoining = last - first == len(places) - 1 and bool((np.diff(places) == 1).all())
    return slice(first, last + 1) if adjoining else places


def _label(roles: Roles) -> str:
    kind = "DOUBLE" if roles.task is Task.REGRESSION else "BIGINT"
    return f"CAST({LABEL} AS {'VARCHAR' if roles.label.is_category else kind}) AS {LABEL}"


def _label_array(roles: Roles, rows: int) -> TextArray | NumberArray:
    if roles.label.is_category:
        return TextArray(rows)
    kind = np.float64 if roles.task is Task.REGRESSION else np.int64
    return NumberArray(np.empty(rows, dtype=kind))


def _arrays(roles: Roles, rows: int, *, held_out: bool) -> Arrays:
    """Make an array for each column of ``USED`` that this side reads, but those of the matrix."""
    arrays = {LABEL: _label_array(roles, rows)}
    for letter, group in groups(roles).items():
        if letter != "f" and not held_out:
            continue
        for number, each in enumerate(group):
            name = f"{letter}{number}"
            if each.is_category or letter == "s":
                arrays[name] = TextArray(rows)
            elif each.is_time:
                arrays[name] = NumberArray(np.empty(rows, dtype=np.float64))
            elif letter != "f":
                arrays[name] = NumberArray(np.empty(rows, dtype=np.float32))
    return arrays


def _named(
    letter: str, group: Sequence[Column], arrays: Mapping[str, TextArray | NumberArray]
) -> dict[str, Values]:
    return {
        each.name: arrays[f"{letter}{number}"].values
        for number, each in enumerate(group)
        if f"{letter}{number}" in arrays
    }
