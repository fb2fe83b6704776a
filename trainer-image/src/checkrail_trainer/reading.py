"""From the joined table to both sides of the hold-out in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from checkrail_api.reasons import Reason
from checkrail_api.reports import FilterUsed
from checkrail_api.workflows import Task
from checkrail_trainer.duckdb_failures import duckdb_errors
from checkrail_trainer.fetch import JOINED
from checkrail_trainer.filters import Condition, conditions, together
from checkrail_trainer.row_checks import USED, check_rows
from checkrail_trainer.split import HOLDOUT, TRAIN, side
from checkrail_trainer.table import Categories, Table, Values

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb
    import pyarrow as pa

    from checkrail_api.run import Run
    from checkrail_trainer.columns import Column, Roles


def read_sides(
    database: duckdb.DuckDBPyConnection, run: Run, roles: Roles, types: dict[str, str]
) -> tuple[Table, Table, list[FilterUsed]]:
    """Filter and split the joined table, and read both sides.

    Rows come ordered by the key, then by the label and every feature: rows that still tie are
    equal in all that the model sees, so the order is total.

    Returns:
        The rows to train on, the rows held out, and what each filter left.

    Raises:
        RunFailedError: BadFilter, BadLabel, BadFeature or EmptySplit.
    """
    kept = conditions(run.data.filters, types)
    sides = side(run.data.holdout, roles, run.train.seed)
    with duckdb_errors(
        Reason.QUERY_FAILED, "filters and hold-out do not run on the joined table", "Correct them"
    ):
        joined, left = _count(database, kept)
        _select(database, roles, together(kept), sides)
        check_rows(database, run, roles, [joined, *left])
        train, holdout = _read(database, roles, TRAIN), _read(database, roles, HOLDOUT)
    filters = [
        FilterUsed(column=each.column, op=each.op, rows=rows)
        for each, rows in zip(run.data.filters, left, strict=True)
    ]
    return train, holdout, filters


def _count(database: duckdb.DuckDBPyConnection, kept: Sequence[Condition]) -> tuple[int, list[int]]:
    """Count the joined rows, and what each filter and those before it leave of them."""
    upto = [together(kept[: number + 1]) for number in range(len(kept))]
    counts = ", ".join(["count(*)", *(f"count(*) FILTER ({each.sql})" for each in upto)])
    rows = database.execute(
        f"SELECT {counts} FROM {JOINED}",  # noqa: S608 - identifiers quoted, values are parameters
        [value for each in upto for value in each.parameters],
    ).fetchall()
    return rows[0][0], list(rows[0][1:])


def _select(
    database: duckdb.DuckDBPyConnection, roles: Roles, kept: Condition, sides: Condition
) -> None:
    columns = [f"{sides.sql} AS side", f"{roles.label.value_sql} AS label"]
    if roles.key:
        columns.append(f"{roles.key.sql} AS key")
    named = (("f", roles.features), ("s", roles.slices), ("x", roles.extra))
    columns += [
        f"{each.value_sql} AS {letter}{number}"
        for letter, group in named
        for number, each in enumerate(group)
    ]
    database.execute(
        f"CREATE TABLE {USED} AS SELECT {', '.join(columns)} FROM {JOINED} WHERE {kept.sql}",  # noqa: S608 - identifiers quoted, values are parameters
        [*sides.parameters, *kept.parameters],
    )


def _read(database: duckdb.DuckDBPyConnection, roles: Roles, name: str) -> Table:
    slices, extra = (roles.slices, roles.extra) if name == HOLDOUT else ((), ())
    columns = [f"CAST(label AS {_label_type(roles)}) AS label"]
    columns += [_raw(each, f"f{number}") for number, each in enumerate(roles.features)]
    columns += [f"{_text(f's{number}')} AS s{number}" for number in range(len(slices))]
    columns += [_raw(each, f"x{number}") for number, each in enumerate(extra)]
    order = ["key"] if roles.key else []
    order += ["label", *(f"f{number}" for number in range(len(roles.features)))]
    table = database.execute(
        f"SELECT {', '.join(columns)} FROM {USED} WHERE side = '{name}' "  # noqa: S608 - our own names
        f"ORDER BY {', '.join(f'{USED}.{each}' for each in order)}"
    ).to_arrow_table()

    def values(letter: str, group: Sequence[Column]) -> dict[str, Values]:
        return {
            each.name: _values(table.column(f"{letter}{number}"), each)
            for number, each in enumerate(group)
        }

    return Table(
        features=roles.features,
        columns=values("f", roles.features),
        labels=table.column("label").to_numpy(),
        slices={
            each.name: table.column(f"s{number}").to_numpy() for number, each in enumerate(slices)
        },
        extra=values("x", extra),
    )


def _label_type(roles: Roles) -> str:
    if roles.task is Task.REGRESSION:
        return "DOUBLE"
    return "VARCHAR" if roles.label.is_category else "BIGINT"


def _raw(column: Column, name: str) -> str:
    """Return a column of ``USED`` as the model sees it."""
    if column.is_category:
        return f"{_text(name)} AS {name}"
    if column.is_time:
        return f"epoch({name}) AS {name}"
    # Features are checked to be within FP32; of a baseline's other inputs, what is not is missing.
    return f"TRY_CAST({name} AS FLOAT) AS {name}"


def _text(name: str) -> str:
    return f"coalesce(CAST({name} AS VARCHAR), '')"


def _values(values: pa.ChunkedArray, column: Column) -> Values:
    if not column.is_category:
        if column.is_time:
            return np.ascontiguousarray(values.to_numpy(), dtype=np.float64)
        return np.ascontiguousarray(values.to_numpy(), dtype=np.float32)
    encoded = values.combine_chunks().dictionary_encode()
    return Categories(
        codes=np.asarray(encoded.indices, dtype=np.int32),
        values=np.asarray(encoded.dictionary.to_pylist(), dtype=object),
    )
