"""The rows of a run in memory: raw features column by column, and labels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from checkrail_trainer.columns import Column


@dataclass(frozen=True)
class Categories:
    """A text column: ``values[codes]``, ``""`` where it is missing."""

    codes: NDArray[np.int32]
    values: NDArray[np.object_]

    def texts(self, rows: slice | NDArray[np.int64]) -> NDArray[np.object_]:
        """The values of these rows."""
        return self.values[self.codes[rows]]


Values: TypeAlias = "NDArray[np.float32] | NDArray[np.float64] | Categories"
"""A raw column, NaN or ``""`` where missing: float32; for DATE and TIMESTAMP float64, Unix seconds
in UTC; for text Categories."""


@dataclass(frozen=True)
class Table:
    """One side of the hold-out, in the run's fixed order of rows."""

    features: tuple[Column, ...]
    columns: Mapping[str, Values]
    """By feature."""
    labels: NDArray[Any]
    """``(rows,)``: of a classification int64 or objects of text, of a regression float64."""
    slices: Mapping[str, NDArray[np.object_]] = field(default_factory=dict)
    """By column of evaluation.slices: ``(rows,)`` text, ``""`` where missing; hold-out only."""
    extra: Mapping[str, Values] = field(default_factory=dict)
    """By column: inputs of baselines that are no features of this run; hold-out only."""
    numbers: NDArray[np.float32] | None = None
    """``(rows, features)``: all float32 features in their order; ``columns`` holds views of it."""

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.labels)

    def tensors(self, rows: slice | NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """The model's inputs for these rows: per feature ``(rows, 1)``, see `tensors`."""
        return tensors(self.columns, rows)


def tensors(
    columns: Mapping[str, Values], rows: slice | NDArray[np.int64]
) -> dict[str, NDArray[Any]]:
    """Return columns as inputs of a model: ``(rows, 1)`` float32, float64 or text each."""
    return {name: _values(column, rows).reshape(-1, 1) for name, column in columns.items()}


def _values(column: Values, rows: slice | NDArray[np.int64]) -> NDArray[Any]:
    return column.texts(rows) if isinstance(column, Categories) else column[rows]
