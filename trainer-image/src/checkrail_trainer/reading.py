"""From the joined table to both sides of the hold-out in memory.

    query -> `selection.py`: the table of used rows, float32 -> order of the rows by the key alone
          -> batches of columns, each value put where its row belongs

DuckDB sorts row numbers only, never whole rows, and every value is copied once, into arrays of
their final size. Meanwhile its table lies on the disk for the most part (`spilling.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import numpy as np

from checkrail_api.reports import FilterUsed
from checkrail_api.workflows import Task
from checkrail_trainer.column_arrays import NumberArray, TextArray
from checkrail_trainer.fetch import query_errors
from checkrail_trainer.row_checks import check_features, check_labels, check_sides
from checkrail_trainer.selection import USED, groups, matrix_bytes, select
from checkrail_trainer.spilling import spilling
from checkrail_trainer.table import Categories, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from checkrail_api.run import Run
    from checkrail_trainer.column_arrays import Places
    from checkrail_trainer.columns import Column, Roles
    from checkrail_trainer.table import Values

BATCH_ROWS = 65_536
OUT_OF_MEMORY = '"exception_type":"Out of Memory"'
"""In what DuckDB says, with ``errors_as_json``."""


def read_sides(
    database: duckdb.DuckDBPyConnection,
    run: Run,
    roles: Roles,
    types: dict[str, str],
    memory_bytes: int,
) -> tuple[Table, Table, list[FilterUsed]]:
    """Filter and split the joined table, and read both sides.

    Rows come ordered by the key; where it is no key of every row, then by the label and every
    feature: rows that still tie are equal in all that the model sees, so the order is total.

    Args:
        database: Holds the joined table.
        run: The spec.
        roles: What its columns are for.
        types: Their types.
        memory_bytes: What the database may use.

    Returns:
        The rows to train on, the rows held out, and what each filter left.

    Raises:
        RunFailedError: EmptyData, EmptySplit, BadFilter, BadLabel, BadFeature or NullFeature; or
            the query failed.
    """
    with query_errors(run.data):
        joined, *left = select(database, run, roles, types, memory_bytes)
        check_sides(database, run, [joined, *left])
        check_labels(database, roles)
        size = matrix_bytes(database, USED, roles)
        train, holdout = spilling(database, size, memory_bytes, lambda: _both(database, roles))
    check_features(train, holdout)
    filters = [
        FilterUsed(column=each.column, op=each.op, rows=rows)
        for each, rows in zip(run.data.filters, left, strict=True)
    ]
    return train, holdout, filters


def _both(database: duckdb.DuckDBPyConnection, roles: Roles) -> tuple[Table, Table]:
    order = _order(database, roles)
    train, holdout = (_read(database, roles, order, held_out=side) for side in (False, True))
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
    database: duckdb.DuckDBPyConnection, roles: Roles, order: str, *, held_out: bool
) -> Table:
    places, rows = _places(database, order, held_out=held_out)
    block = _block(roles, rows)
    label, arrays = _label_array(roles, rows), _arrays(roles, block, held_out=held_out)
    query = (
        f"SELECT {', '.join(['rowid', _label(roles), *arrays])} FROM {USED} "  # noqa: S608 - our own names
        f"WHERE held_out = {held_out}"
    )
    for batch in _batches(database, query):
        at = _at(places[batch.column("rowid").to_numpy()])
        label.put(at, batch.column("label"))
        for name, array in arrays.items():
            array.put(at, batch.column(name))
    labels = label.values
    return Table(
        features=roles.features,
        columns=_named("f", roles.features, arrays),
        labels=labels.texts(slice(None)) if isinstance(labels, Categories) else labels,
        slices={
            name: values.texts(slice(None))
            for name, values in _named("s", roles.slices, arrays).items()
            if isinstance(values, Categories)
        },
        extra=_named("x", roles.extra, arrays),
        numbers=block,
    )


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
    return f"CAST(label AS {'VARCHAR' if roles.label.is_category else kind}) AS label"


def _label_array(roles: Roles, rows: int) -> TextArray | NumberArray:
    if roles.label.is_category:
        return TextArray(rows)
    kind = np.float64 if roles.task is Task.REGRESSION else np.int64
    return NumberArray(np.empty(rows, dtype=kind))


def _block(roles: Roles, rows: int) -> NDArray[np.float32]:
    """Make room for all features that are float32, side by side: columns adjoin in memory."""
    count = sum(not each.is_category and not each.is_time for each in roles.features)
    return np.empty((rows, count), dtype=np.float32, order="F")


def _arrays(
    roles: Roles, block: NDArray[np.float32], *, held_out: bool
) -> dict[str, TextArray | NumberArray]:
    """Make an array for each column of ``USED`` that this side reads, by its name."""
    rows, columns = len(block), iter(block.T)
    arrays: dict[str, TextArray | NumberArray] = {}
    for letter, group in groups(roles).items():
        if letter != "f" and not held_out:
            continue
        for number, each in enumerate(group):
            if each.is_category or letter == "s":
                array: TextArray | NumberArray = TextArray(rows)
            elif each.is_time:
                array = NumberArray(np.empty(rows, dtype=np.float64))
            else:
                array = NumberArray(next(columns) if letter == "f" else np.empty(rows, np.float32))
            arrays[f"{letter}{number}"] = array
    return arrays


def _named(
    letter: str, group: Sequence[Column], arrays: Mapping[str, TextArray | NumberArray]
) -> dict[str, Values]:
    return {
        each.name: arrays[f"{letter}{number}"].values
        for number, each in enumerate(group)
        if f"{letter}{number}" in arrays
    }
