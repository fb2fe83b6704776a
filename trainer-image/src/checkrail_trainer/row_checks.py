"""What the used rows must be before anything is trained on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from checkrail_api.reasons import Reason
from checkrail_api.workflows import Task
from checkrail_trainer.columns import Kind
from checkrail_trainer.failures import RunFailedError, listed
from checkrail_trainer.matrix_file import let_go
from checkrail_trainer.selection import USED
from checkrail_trainer.split import HOLDOUT, TRAIN
from checkrail_trainer.table import Categories

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from checkrail_api.run import Run
    from checkrail_trainer.columns import Column, Roles
    from checkrail_trainer.table import Table, Values

LARGEST_INT64 = 2**63


def check_sides(database: duckdb.DuckDBPyConnection, run: Run, left: Sequence[int]) -> None:
    """Make sure that both sides have rows.

    Args:
        database: Holds ``USED``.
        run: The spec.
        left: Number of the joined rows, then what each filter left of them.

    Raises:
        RunFailedError: EmptyData or EmptySplit.
    """
    if not left[0]:
        raise RunFailedError(
            Reason.EMPTY_DATA,
            "the joined table has no rows; expected at least one: does the condition of the join "
            "in spec.data.query ever hold?",
        )
    [(train, holdout)] = database.execute(
        f"SELECT count(*) FILTER (NOT held_out), count(*) FILTER (held_out) FROM {USED}"  # noqa: S608 - our own names
    ).fetchall()
    for name, rows in ((TRAIN, train), (HOLDOUT, holdout)):
        if rows:
            continue
        spec = ", ".join(f"{key} {value}" for key, value in run.data.holdout.dump().items())
        raise RunFailedError(
            Reason.EMPTY_SPLIT,
            f"the {name} side has no row: the joined table has {left[0]} rows, {left[-1]} of them "
            f"pass the filters, none of these falls on this side ({spec}). Expected at least one: "
            "correct spec.data.query, filters or holdout",
        )


def check_labels(database: duckdb.DuckDBPyConnection, roles: Roles) -> None:
    """Make sure that every row has a label that the workflow can learn.

    Raises:
        RunFailedError: BadLabel.
    """
    label = roles.label
    number = label.kind in (Kind.INTEGER, Kind.REAL)
    infinite = "isinf(CAST(label AS DOUBLE))" if number else "false"
    no_class = "false"
    if number and roles.task is Task.CLASSIFICATION:
        size = f"abs(CAST(label AS DOUBLE)) >= {float(LARGEST_INT64)!r}"
        no_class = f"(label <> trunc(label) OR {size})"
    tests = ("label IS NULL", infinite, no_class)
    counts = ", ".join(f"count(*) FILTER (held_out IS NOT NULL AND {each})" for each in tests)
    [(missing, unbounded, fractions)] = database.execute(f"SELECT {counts} FROM {USED}").fetchall()  # noqa: S608 - our own names
    if missing:
        raise _bad_label(
            label,
            f"is null or NaN in {missing} rows; expected a value in every row: add the filter "
            f"{{column: {label.name}, op: NotNull}}, or fill it in spec.data.query",
        )
    if unbounded:
        raise _bad_label(
            label,
            f"is infinite in {unbounded} rows; expected finite numbers: filter these rows, or "
            "correct them in spec.data.query",
        )
    if fractions:
        raise _bad_label(
            label,
            f"has type {label.type} and is no whole number of 64 bits in {fractions} rows; a "
            "classifier expects classes: derive them in spec.data.query, as with "
            f"{label.sql} > 15, or use a regressor",
        )


def check_features(train: Table, holdout: Table) -> None:
    """Make sure that features are finite, and that each has a value to learn from.

    Raises:
        RunFailedError: BadFeature or NullFeature.
    """
    for name, column in train.columns.items():
        found = _infinite(column) + _infinite(holdout.columns[name])
        if found:
            raise RunFailedError(
                Reason.BAD_FEATURE,
                f"feature `{name}` is infinite or beyond FP32 in {found} rows; expected finite "
                "numbers or null: filter these rows, or clip them in spec.data.query",
            )
    empty = [name for name, column in train.columns.items() if _is_empty(column)]
    if empty:
        raise RunFailedError(
            Reason.NULL_FEATURE,
            f"no value of {listed(empty)} in any of the {train.rows} rows to train on; "
            "expected at least one value of every feature: leave them out of spec.data.features, "
            "or mend the join that should have filled them",
        )


def _infinite(column: Values) -> int:
    if isinstance(column, Categories):
        return 0
    found = int(np.isinf(column).sum())
    let_go(column)
    return found


def _is_empty(column: Values) -> bool:
    if isinstance(column, Categories):
        return list(column.values) == [""]
    empty = bool(np.isnan(column).all())
    let_go(column)
    return empty


def _bad_label(label: Column, what: str) -> RunFailedError:
    return RunFailedError(Reason.BAD_LABEL, f"label `{label.name}` {what}")
