"""From raw features to a matrix: what is learnt from the training rows, in numpy.

    numbers, in the order of the features   -> one column each
    instants, in the order of the features  -> day since 1970-01-01, second of the day, weekday
    text features, in the order of features -> one column per known value, 0 everywhere if unknown

Numbers and what comes of instants stay as they are, or missing ones become the mean, or all are
standardised. ``""`` is the missing value of a text feature. Where training saw it, it is a value
like the others; where it did not, it is unknown. `preprocessor.py` writes the same as an ONNX
graph, and the parity check compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, assert_never

import numpy as np

from checkrail_api.reasons import Reason
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.table import Categories, Table
from checkrail_trainer.workflow import Numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

MAX_CATEGORIES = 1000
DAY_SECONDS = 86_400
WEEK_DAYS = 7
WEEKDAY_OF_DAY_0 = 3
"""1970-01-01 was a Thursday; Monday is 0."""
PARTS = ("day", "second", "weekday")
"""What an instant becomes, one column each."""


@dataclass(frozen=True)
class Imputed:
    """``(columns,) float32``: what stands for a missing value."""

    mean: NDArray[np.float32]


@dataclass(frozen=True)
class Standard:
    """Mean and standard deviation, ``(columns,) float32`` each."""

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]


@dataclass(frozen=True)
class Encoding:
    """How raw features become columns of the matrix."""

    numbers: tuple[str, ...]
    """Number features."""
    categories: dict[str, tuple[str, ...]]
    """Text features and their known values, sorted."""
    change: Imputed | Standard | None
    """What is done to numbers and to parts of instants; None: they stay as they are."""
    times: tuple[str, ...] = ()
    """Features that hold instants, FP64 Unix seconds."""

    @property
    def quantities(self) -> int:
        """Columns of numbers and of parts of instants; they come first."""
        return len(self.numbers) + len(PARTS) * len(self.times)

    @property
    def width(self) -> int:
        """Columns of the matrix."""
        return self.quantities + sum(map(len, self.categories.values()))

    @property
    def column_names(self) -> list[str]:
        """What each column of the matrix means."""
        known = self.categories.items()
        return [
            *self.numbers,
            *(f"{name}.{part}" for name in self.times for part in PARTS),
            *(f"{name}={value}" for name, values in known for value in values),
        ]

    def encode(self, tensors: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
        """Return the matrix ``(rows, width)`` of raw features ``(rows, 1)`` each."""
        rows = len(next(iter(tensors.values())))
        matrix = np.zeros((rows, self.width), dtype=np.float64)
        for number, name in enumerate(self.numbers):
            matrix[:, number] = tensors[name][:, 0]
        start = len(self.numbers)
        for name in self.times:
            matrix[:, start : start + len(PARTS)] = parts(tensors[name][:, 0])
            start += len(PARTS)
        matrix[:, :start] = self._changed(matrix[:, :start])
        for name, values in self.categories.items():
            known = np.asarray(values, dtype=object)
            matrix[:, start : start + len(values)] = tensors[name] == known
            start += len(values)
        return matrix

    def _changed(self, quantities: NDArray[np.float64]) -> NDArray[np.float64]:
        match self.change:
            case None:
                return quantities
            case Imputed(mean):
                return np.where(np.isnan(quantities), mean, quantities)
            case Standard(mean, scale):
                return np.where(np.isnan(quantities), 0.0, (quantities - mean) / scale)
            case _:
                assert_never(self.change)


def parts(seconds: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return day, second of the day and weekday ``(rows, 3)`` of Unix seconds, NaN of NaN.

    Computed in float64 and rounded once, as the graph does: float32 would round seconds of our
    time to two minutes.
    """
    with np.errstate(invalid="ignore"):  # an infinite instant has no second of the day
        day = np.floor(seconds / DAY_SECONDS)
        second = seconds - day * DAY_SECONDS
        shifted = day + WEEKDAY_OF_DAY_0
        weekday = shifted - np.floor(shifted / WEEK_DAYS) * WEEK_DAYS
    return np.column_stack([day, second, weekday]).astype(np.float32)


def fit_encoding(train: Table, numbers: Numbers) -> Encoding:
    """Learn the encoding from the rows trained on.

    Raises:
        RunFailedError: BadFeature; a text feature has too many values.
    """
    plain, times, categories = [], [], {}
    for feature in train.features:
        column = train.columns[feature.name]
        if isinstance(column, Categories):
            categories[feature.name] = _known(feature.name, column)
        elif feature.is_time:
            times.append(feature.name)
        else:
            plain.append(feature.name)
    bare = Encoding(tuple(plain), categories, None, tuple(times))
    return Encoding(bare.numbers, categories, _change(train, bare, numbers), bare.times)


def _known(name: str, column: Categories) -> tuple[str, ...]:
    if len(column.values) > MAX_CATEGORIES:
        raise RunFailedError(
            Reason.BAD_FEATURE,
            f"text feature `{name}` has {len(column.values)} values; expected at most "
            f"{MAX_CATEGORIES}, one column of the model each: if it holds numbers use TRY_CAST in "
            "spec.data.query, else group its values there, or leave it out",
        )
    return tuple(sorted(column.values))


def _change(train: Table, encoding: Encoding, numbers: Numbers) -> Imputed | Standard | None:
    if numbers is Numbers.AS_THEY_ARE or not encoding.quantities:
        return None
    mean, scale = np.zeros(encoding.quantities), np.ones(encoding.quantities)
    columns: list[NDArray[Any]] = [train.columns[name] for name in encoding.numbers]  # type: ignore[misc]  # numbers are arrays
    for name in encoding.times:
        columns += list(parts(train.columns[name]).T)  # type: ignore[arg-type]  # so are instants
    for place, column in enumerate(columns):
        present = column[~np.isnan(column)].astype(np.float64)
        if present.size:
            mean[place] = present.mean()
            scale[place] = present.std() or 1.0
    if numbers is Numbers.IMPUTED:
        return Imputed(mean.astype(np.float32))
    return Standard(mean.astype(np.float32), scale.astype(np.float32))
