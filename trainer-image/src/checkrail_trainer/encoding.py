"""From raw features to a matrix: what is learnt from the training rows, in numpy.

    numbers, in the order of the features   -> as they are, or standardised with NaN -> mean
    text features, in the order of features -> one column per known value, 0 everywhere if unknown

``""`` is the missing value of a text feature. Where training saw it, it is a value like the
others; where it did not, it is unknown. `preprocessor.py` writes the same as an ONNX graph, and the
parity check compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from checkrail_api.reasons import Reason
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.table import Categories, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

MAX_CATEGORIES = 1000


@dataclass(frozen=True)
class Standard:
    """Mean and standard deviation of the number features, ``(numbers,) float32`` each."""

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]


@dataclass(frozen=True)
class Encoding:
    """How raw features become columns of the matrix."""

    numbers: tuple[str, ...]
    """Number features."""
    categories: dict[str, tuple[str, ...]]
    """Text features and their known values, sorted."""
    standard: Standard | None
    """Absent: numbers stay as they are."""

    @property
    def width(self) -> int:
        """Columns of the matrix."""
        return len(self.numbers) + sum(map(len, self.categories.values()))

    @property
    def column_names(self) -> list[str]:
        """What each column of the matrix means."""
        known = self.categories.items()
        return [*self.numbers, *(f"{name}={value}" for name, values in known for value in values)]

    def encode(self, tensors: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
        """Return the matrix ``(rows, width)`` of raw features ``(rows, 1)`` each."""
        rows = len(next(iter(tensors.values())))
        matrix = np.zeros((rows, self.width), dtype=np.float64)
        for number, name in enumerate(self.numbers):
            matrix[:, number] = tensors[name][:, 0]
        if self.standard is not None:
            scaled = (matrix[:, : len(self.numbers)] - self.standard.mean) / self.standard.scale
            matrix[:, : len(self.numbers)] = np.where(np.isnan(scaled), 0.0, scaled)
        start = len(self.numbers)
        for name, values in self.categories.items():
            known = np.asarray(values, dtype=object)
            matrix[:, start : start + len(values)] = tensors[name] == known
            start += len(values)
        return matrix


def fit_encoding(train: Table, *, standardise: bool) -> Encoding:
    """Learn the encoding from the rows trained on.

    Raises:
        RunFailedError: BadFeature; a text feature has too many values.
    """
    numbers, categories = [], {}
    for name, column in train.columns.items():
        if isinstance(column, Categories):
            categories[name] = _known(name, column)
        else:
            numbers.append(name)
    standard = _standard(train, numbers) if standardise and numbers else None
    return Encoding(tuple(numbers), categories, standard)


def _known(name: str, column: Categories) -> tuple[str, ...]:
    if len(column.values) > MAX_CATEGORIES:
        shown = ", ".join(repr(each) for each in sorted(column.values)[:3])
        raise RunFailedError(
            Reason.BAD_FEATURE,
            f"text feature `{name}` has {len(column.values)} values ({shown}, ...); expected at "
            f"most {MAX_CATEGORIES}, one column of the model each: if it holds numbers use "
            f"TRY_CAST in spec.data.query, else group its values there, or leave it out",
        )
    return tuple(sorted(column.values))


def _standard(train: Table, numbers: list[str]) -> Standard:
    mean, scale = np.zeros(len(numbers)), np.ones(len(numbers))
    for place, name in enumerate(numbers):
        column = train.columns[name]
        present = column[~np.isnan(column)].astype(np.float64)  # type: ignore[index,arg-type]  # numbers are arrays
        if present.size:
            mean[place] = present.mean()
            scale[place] = present.std() or 1.0
    return Standard(mean.astype(np.float32), scale.astype(np.float32))
