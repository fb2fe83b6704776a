"""The rows that a run uses, as one table of DuckDB's: filtered, split and cast.

Its columns are ours, so that no name of the user's meets SQL again:

    held_out   true on the hold-out side, false on the other, null on neither
    label, key as they are
    f0, f1 ..  features, s0 ... slices, x0 ... further inputs of baselines: as the model takes them
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from checkrail_trainer.columns import Column
from checkrail_trainer.database import one_thread
from checkrail_trainer.fetch import JOINED
from checkrail_trainer.filters import Condition, conditions, together
from checkrail_trainer.spilling import spilling
from checkrail_trainer.split import HOLDOUT, side

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from checkrail_api.run import Run
    from checkrail_trainer.columns import Roles

USED = "checkrail_used"
"""The table."""
FP32_BYTES = 4
_NEEDED = "checkrail_needed"
_NAN = "'NaN'::FLOAT"
_INFINITE = "'Infinity'::FLOAT"


def select(
    database: duckdb.DuckDBPyConnection,
    run: Run,
    roles: Roles,
    types: dict[str, str],
    memory_bytes: int,
) -> list[int]:
    """Make the table ``USED`` of the joined rows that pass the filters.

    The query runs once, on one thread, so that it gives the same twice: where filters are counted
    over its rows, these are kept meanwhile. It may use all of the memory; one source alone needs
    no more than its rows.

    Args:
        database: Holds the joined table.
        run: The spec.
        roles: What its columns are for.
        types: Their types.
        memory_bytes: What the database may use.

    Returns:
        The number of joined rows, then what each filter and those before it left of them.

    Raises:
        RunFailedError: ColumnNotFound, BadFilter or InvalidSpec.
    """
    kept = conditions(run.data.filters, types)
    sides = side(run.data.holdout, roles, run.train.seed)
    if run.data.query is None:
        left = _count(database, JOINED, kept)
        size = matrix_bytes(database, JOINED, roles)
        make = partial(_create, database, JOINED, roles, sides, together(kept))
        spilling(database, size, memory_bytes, make)
        return left
    if not kept:
        with one_thread(database):
            _create(database, JOINED, roles, sides, together(kept))
        return _count(database, USED, kept)
    named = [*_named(roles), *(Column(each.column, "") for each in run.data.filters)]
    needed = ", ".join(dict.fromkeys(each.sql for each in named))
    with one_thread(database):
        database.execute(f"CREATE TABLE {_NEEDED} AS SELECT {needed} FROM {JOINED}")  # noqa: S608 - identifiers quoted
    left = _count(database, _NEEDED, kept)
    _create(database, _NEEDED, roles, sides, together(kept))
    database.execute(f"DROP TABLE {_NEEDED}")
    return left


def groups(roles: Roles) -> dict[str, tuple[Column, ...]]:
    """Return the columns that the model or its judges see, by the letter of their new names."""
    return {"f": roles.features, "s": roles.slices, "x": roles.extra}


def matrix_bytes(database: duckdb.DuckDBPyConnection, table: str, roles: Roles) -> int:
    """Return the size of a table's features as FP32, a column each."""
    [(rows,)] = database.execute(f"SELECT count(*) FROM {table}").fetchall()  # noqa: S608 - our own names
    return int(rows) * len(roles.features) * FP32_BYTES


def _named(roles: Roles) -> list[Column]:
    others = (roles.label, roles.key, roles.time, roles.holdout)
    seen = [each for group in groups(roles).values() for each in group]
    return [*seen, *(each for each in others if each)]


def _count(database: duckdb.DuckDBPyConnection, table: str, kept: Sequence[Condition]) -> list[int]:
    upto = [together(kept[: number + 1]) for number in range(len(kept))]
    counts = ", ".join(["count(*)", *(f"count(*) FILTER ({each.sql})" for each in upto)])
    rows = database.execute(
        f"SELECT {counts} FROM {table}",  # noqa: S608 - identifiers quoted, values are parameters
        [value for each in upto for value in each.parameters],
    ).fetchall()
    return list(rows[0])


def _create(
    database: duckdb.DuckDBPyConnection,
    table: str,
    roles: Roles,
    sides: Condition,
    kept: Condition,
) -> None:
    columns = [f"({sides.sql}) = '{HOLDOUT}' AS held_out", f"{roles.label.value_sql} AS label"]
    if roles.key:
        columns.append(f"{roles.key.sql} AS key")
    for letter, group in groups(roles).items():
        cast = _text if letter == "s" else _raw
        columns += [f"{cast(each)} AS {letter}{number}" for number, each in enumerate(group)]
    database.execute(
        f"CREATE TABLE {USED} AS SELECT {', '.join(columns)} FROM {table} WHERE {kept.sql}",  # noqa: S608 - identifiers quoted, values are parameters
        [*sides.parameters, *kept.parameters],
    )


def _raw(column: Column) -> str:
    """Return a column as the model takes it; a number beyond FP32 becomes infinite, see checks."""
    if column.is_category:
        return _text(column)
    if column.is_time:
        return f"coalesce(epoch({column.sql}), {_NAN})"
    beyond = f"CASE WHEN {column.sql} IS NULL THEN {_NAN} ELSE {_INFINITE} END"
    return f"coalesce(TRY_CAST({column.sql} AS FLOAT), {beyond})"


def _text(column: Column) -> str:
    return f"coalesce(CAST({column.value_sql} AS VARCHAR), '')"
