"""What the used rows must be before anything is trained on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from checkrail_api.reasons import Reason
from checkrail_api.workflows import Task
from checkrail_trainer.columns import Column, Kind, Roles
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.split import HOLDOUT, TRAIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from checkrail_api.run import Run

USED = "checkrail_used"
"""Table of the rows that pass the filters: ``side``, ``label``, ``key`` and ``f0``, ``f1`` ..."""
LARGEST_FP32 = float(np.finfo(np.float32).max)
LARGEST_INT64 = 2**63 - 1


def check_rows(
    database: duckdb.DuckDBPyConnection, run: Run, roles: Roles, left: Sequence[int]
) -> None:
    """Make sure that there are rows on both sides, with labels and finite features.

    Args:
        database: Holds ``USED``.
        run: The spec.
        roles: What the columns are for.
        left: Number of the joined rows, then what each filter left of them.

    Raises:
        RunFailedError: EmptySplit, BadLabel or BadFeature.
    """
    _check_sides(database, run, left)
    _check_label(database, roles)
    _check_finite(database, roles)


def _check_sides(database: duckdb.DuckDBPyConnection, run: Run, left: Sequence[int]) -> None:
    for name in (TRAIN, HOLDOUT):
        if _count(database, f"side = '{name}'"):
            continue
        holdout = run.data.holdout
        spec = ", ".join(f"{key} {value}" for key, value in holdout.dump().items())
        raise RunFailedError(
            Reason.EMPTY_SPLIT,
            f"the {name} side has no row: the joined table has {left[0]} rows, {left[-1]} of them "
            f"pass the filters, none of these falls on this side ({spec}). Expected at least one: "
            "correct spec.data.query, filters or holdout",
        )


def _check_label(database: duckdb.DuckDBPyConnection, roles: Roles) -> None:
    label = roles.label
    if missing := _count(database, "side IS NOT NULL AND label IS NULL"):
        raise RunFailedError(
            Reason.BAD_LABEL,
            f"label `{label.name}` is null or NaN in {missing} rows; expected a value in every "
            f"row: add the filter {{column: {label.name}, op: NotNull}}, or fill it in spec.data.query",
        )
    if label.kind not in (Kind.INTEGER, Kind.REAL):
        return
    infinite = "side IS NOT NULL AND isinf(CAST(label AS DOUBLE))"
    if found := _count(database, infinite):
        raise RunFailedError(
            Reason.BAD_LABEL,
            f"label `{label.name}` is infinite in {found} rows; expected finite numbers: filter "
            "these rows, or correct them in spec.data.query",
        )
    if roles.task is Task.CLASSIFICATION:
        _check_classes(database, label)


def _check_classes(database: duckdb.DuckDBPyConnection, label: Column) -> None:
    no_class = f"label <> trunc(label) OR abs(CAST(label AS DOUBLE)) >= {float(LARGEST_INT64)!r}"
    if found := _count(database, f"side IS NOT NULL AND ({no_class})"):
        raise RunFailedError(
            Reason.BAD_LABEL,
            f"label `{label.name}` has type {label.type} and is no whole number of 64 bits in "
            f"{found} rows; a classifier expects classes: derive them in spec.data.query, "
            f"as with {label.sql} > 15, or use a regressor",
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


def _count(database: duckdb.DuckDBPyConnection, condition: str) -> int:
    """Count the used rows that meet a condition of ours."""
    rows = database.execute(f"SELECT count(*) FROM {USED} WHERE {condition}").fetchall()  # noqa: S608 - our own names
    return int(rows[0][0])
