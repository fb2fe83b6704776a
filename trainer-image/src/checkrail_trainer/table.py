"""The rows of a run in memory: raw features column by column, and labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from checkrail_api.reasons import Reason
from checkrail_trainer.columns import Column, Kind, Roles
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.fetch import JOINED, duckdb_errors
from checkrail_trainer.filters import Condition, where
from checkrail_trainer.split import HOLDOUT, TRAIN, side

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    from numpy.typing import NDArray

    from checkrail_api.run import Run

USED = "checkrail_used"
LARGEST_FP32 = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Categories:
    """A text column: ``values[codes]``, ``""`` where it is missing."""

    codes: NDArray[np.int32]
    values: NDArray[np.object_]

    def texts(self, rows: slice) -> NDArray[np.object_]:
        """The values of these rows."""
        return self.values[self.codes[rows]]


@dataclass(frozen=True)
class Table:
    """One side of the hold-out, in the run's fixed order of rows."""

    features: tuple[Column, ...]
    columns: dict[str, NDArray[np.float32] | Categories]
    """By feature: ``(rows,) float32`` with NaN where missing, or text."""
    labels: NDArray[Any]
    """``(rows,)`` int64, or objects of text."""

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.labels)

    def tensors(self, rows: slice) -> dict[str, NDArray[Any]]:
        """The model's inputs for these rows: per feature ``(rows, 1)`` float32 or text."""
        return {name: _values(column, rows).reshape(-1, 1) for name, column in self.columns.items()}


def _values(column: NDArray[np.float32] | Categories, rows: slice) -> NDArray[Any]:
    return column.texts(rows) if isinstance(column, Categories) else column[rows]


def read_sides(
    database: duckdb.DuckDBPyConnection, run: Run, roles: Roles, types: dict[str, str]
) -> tuple[Table, Table]:
    """Filter and split the joined table, and read both sides.

    Rows come ordered by the key, then by the label and every feature: rows that still tie are
    equal in all that the model sees, so the order is total.

    Returns:
        The rows to train on, and the rows held out.

    Raises:
        RunFailedError: BadFilter, BadLabel, BadFeature or EmptySplit.
    """
    kept = where(run.data.filters, types)
    sides = side(run.data.holdout, roles, run.train.seed)
    with duckdb_errors(
        Reason.QUERY_FAILED, "filters and hold-out do not run on the joined table", "Correct them"
    ):
        _select(database, roles, kept, sides)
        _check_rows(database, run)
        _check_label(database, roles.label)
        _check_finite(database, roles)
        return _read(database, roles, TRAIN), _read(database, roles, HOLDOUT)


def _select(
    database: duckdb.DuckDBPyConnection, roles: Roles, kept: Condition, sides: Condition
) -> None:
    columns = [f"{sides.sql} AS side", f"{roles.label.value_sql} AS label"]
    if roles.key:
        columns.append(f"{roles.key.sql} AS key")
    columns += [f"{each.value_sql} AS f{number}" for number, each in enumerate(roles.features)]
    database.execute(
        f"CREATE TABLE {USED} AS SELECT {', '.join(columns)} FROM {JOINED} WHERE {kept.sql}",  # noqa: S608 - identifiers quoted, values are parameters
        [*sides.parameters, *kept.parameters],
    )


def _check_rows(database: duckdb.DuckDBPyConnection, run: Run) -> None:
    joined, kept = _count(database, "true", JOINED), _count(database, "true")
    for name in (TRAIN, HOLDOUT):
        if _count(database, f"side = '{name}'"):
            continue
        holdout = run.data.holdout
        spec = ", ".join(f"{key} {value}" for key, value in holdout.dump().items())
        raise RunFailedError(
            Reason.EMPTY_SPLIT,
            f"the {name} side has no row: the joined table has {joined} rows, {kept} of them pass "
            f"the filters, none of these falls on this side ({spec}). Expected at least one: "
            "correct spec.data.query, filters or holdout",
        )


def _check_label(database: duckdb.DuckDBPyConnection, label: Column) -> None:
    if missing := _count(database, "side IS NOT NULL AND label IS NULL"):
        raise RunFailedError(
            Reason.BAD_LABEL,
            f"label `{label.name}` is null in {missing} rows; expected a value in every row: add "
            f"the filter {{column: {label.name}, op: NotNull}}, or fill it in spec.data.query",
        )
    fractions = "side IS NOT NULL AND label <> trunc(label)"
    if label.kind is Kind.REAL and (found := _count(database, fractions)):
        raise RunFailedError(
            Reason.BAD_LABEL,
            f"label `{label.name}` has type {label.type} and is no whole number in {found} rows; "
            "a classifier expects classes: derive them in spec.data.query, "
            f"as with {label.sql} > 15",
        )


def _check_finite(database: duckdb.DuckDBPyConnection, roles: Roles) -> None:
    for number, feature in enumerate(roles.features):
        if feature.kind not in (Kind.REAL, Kind.INTEGER):
            continue
        large = f"side IS NOT NULL AND abs(CAST(f{number} AS DOUBLE)) > {LARGEST_FP32!r}"
        if found := _count(database, large):
            raise RunFailedError(
                Reason.BAD_FEATURE,
                f"feature `{feature.name}` is infinite or beyond FP32 in {found} rows; expected "
                "finite numbers or null: filter these rows, or clip them in spec.data.query",
            )


def _read(database: duckdb.DuckDBPyConnection, roles: Roles, name: str) -> Table:
    label = roles.label
    columns = [f"CAST(label AS {'VARCHAR' if label.is_category else 'BIGINT'}) AS label"]
    for number, feature in enumerate(roles.features):
        text = f"coalesce(CAST(f{number} AS VARCHAR), '')"
        columns.append(
            f"{text if feature.is_category else f'CAST(f{number} AS FLOAT)'} AS f{number}"
        )
    order = ["key"] if roles.key else []
    order += ["label", *(f"f{number}" for number in range(len(roles.features)))]
    table = database.execute(
        f"SELECT {', '.join(columns)} FROM {USED} WHERE side = '{name}' "  # noqa: S608 - our own names
        f"ORDER BY {', '.join(f'{USED}.{each}' for each in order)}"
    ).to_arrow_table()
    return Table(
        features=roles.features,
        columns={
            feature.name: _column(table.column(f"f{number}"), feature)
            for number, feature in enumerate(roles.features)
        },
        labels=table.column("label").to_numpy(),
    )


def _column(values: pa.ChunkedArray, feature: Column) -> NDArray[np.float32] | Categories:
    if not feature.is_category:
        return np.ascontiguousarray(values.to_numpy(), dtype=np.float32)
    encoded = values.combine_chunks().dictionary_encode()
    return Categories(
        codes=np.asarray(encoded.indices, dtype=np.int32),
        values=np.asarray(encoded.dictionary.to_pylist(), dtype=object),
    )


def _count(database: duckdb.DuckDBPyConnection, condition: str, table: str = USED) -> int:
    """Count the rows of one of our tables that meet a condition of ours."""
    rows = database.execute(f"SELECT count(*) FROM {table} WHERE {condition}").fetchall()  # noqa: S608 - our own names
    return int(rows[0][0])
