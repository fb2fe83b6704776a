"""Which features of a request are outside what training saw.

Cheap enough for every request: of one row each number is compared in plain Python, of more all
numbers of a type at once, because a call of NumPy costs more than comparing a few values.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from math import ceil, floor, inf
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from checkrail_server import logs
from checkrail_server.tensors import FLOATS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from checkrail_api.artifact import FeatureProfile
    from checkrail_server.tensors import Array, TensorSpec


class Numbers(NamedTuple):
    """The bounds of a feature that is a number, in the type of the model's input."""

    name: str
    low: float
    high: float
    never_missing: bool
    """Whether training saw a value in every row."""


class Texts(NamedTuple):
    """The known values of a feature that is a text."""

    name: str
    known: frozenset[str]
    never_missing: bool


class FeatureRanges:
    """What training saw of the features that are inputs of one model."""

    def __init__(self, profile: Iterable[FeatureProfile], inputs: Mapping[str, TensorSpec]) -> None:
        """Keep of ``profile`` what says something about one of ``inputs``.

        A feature that is no input of one value a row is left out, and one of which the profile
        does not say what was seen; one with bounds that are no numbers too, with a warning.
        """
        self._numbers: dict[str, list[Numbers]] = {}
        self._texts: list[Texts] = []
        for feature in profile:
            spec = inputs.get(feature.name)
            if spec is None or not spec.is_feature:
                continue
            match _range(feature, spec):
                case Numbers() as numbers:
                    self._numbers.setdefault(spec.datatype, []).append(numbers)
                case Texts() as texts:
                    self._texts.append(texts)
        self._together = [
            _Together(group, inputs[group[0].name].dtype) for group in self._numbers.values()
        ]
        self._apart = [each for group in self._numbers.values() for each in group]

    @property
    def names(self) -> list[str]:
        """The features that are looked at."""
        return [*(each.name for each in self._apart), *(each.name for each in self._texts)]

    def outside(self, feeds: Mapping[str, Array], rows: int) -> list[str]:
        """Return the features of which at least one row has a value that training never saw.

        A number below the smallest or above the largest; a text that is not among the known ones;
        a missing value where training saw none.
        """
        if rows > 1:
            return list(self.rows_outside(feeds, rows))
        found = []
        for name, low, high, never_missing in self._apart:
            value = feeds[name].item()
            if not low <= value <= high and (never_missing or value == value):  # noqa: PLR0124 - NaN is missing
                found.append(name)
        found += [text.name for text in self._texts if _unknown(text, feeds)]
        return found

    def rows_outside(self, feeds: Mapping[str, Array], rows: int) -> dict[str, Array]:
        """Return the features that ``outside`` does, and of each whether a row is outside."""
        found = {
            name: outside
            for together in self._together
            for name, outside in together.outside(feeds, rows)
        }
        for text in self._texts:
            if unknown := _unknown(text, feeds):
                values = feeds[text.name].ravel().tolist()
                found[text.name] = np.array([value in unknown for value in values])
        return found


def _unknown(text: Texts, feeds: Mapping[str, Array]) -> set[str]:
    """Return the values of a feature that training never saw."""
    unknown: set[str] = {*feeds[text.name].ravel().tolist()} - text.known
    if not text.never_missing:
        unknown.discard("")
    return unknown


class _Together:
    """Numbers of one type, compared in one go."""

    def __init__(self, group: list[Numbers], dtype: np.dtype[Any]) -> None:
        self._names = [each.name for each in group]
        self._low = np.array([[each.low] for each in group], dtype=dtype)
        self._high = np.array([[each.high] for each in group], dtype=dtype)
        self._never_missing = np.array([[each.never_missing] for each in group])

    def outside(self, feeds: Mapping[str, Array], rows: int) -> Iterator[tuple[str, Array]]:
        """Yield the features of which a row is outside, and which rows are."""
        values = np.concatenate([feeds[name].ravel() for name in self._names])
        values = values.reshape(len(self._names), rows)
        outside = ~((values >= self._low) & (values <= self._high))
        if outside.any():
            outside &= self._never_missing | ~np.isnan(values)
            for index in np.flatnonzero(outside.any(axis=1)).tolist():
                yield self._names[index], outside[index]


def _range(feature: FeatureProfile, spec: TensorSpec) -> Numbers | Texts | None:
    """Return what is inside of ``feature``, or None where the profile does not tell."""
    try:
        null_rate, low, high = (
            None if text is None else _finite(text)
            for text in (feature.null_rate, feature.min, feature.max)
        )
    except ValueError as error:
        logs.warning("profile of a feature not usable", feature=feature.name, reason=str(error))
        return None
    never_missing, never_seen = null_rate == 0, null_rate == 1
    if spec.datatype == "BYTES":
        known = frozenset(feature.categories)
        return Texts(feature.name, known, never_missing) if known or never_seen else None
    lowest, highest = _limits(spec)
    if low is None and high is None:
        return Numbers(feature.name, highest, lowest, never_missing=False) if never_seen else None
    return Numbers(
        feature.name,
        lowest if low is None else max(lowest, _in_type_of(spec, low, ceil)),
        highest if high is None else min(highest, _in_type_of(spec, high, floor)),
        never_missing,
    )


def _finite(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise ValueError(f"{text!r} is not a finite number")
    return number


def _limits(spec: TensorSpec) -> tuple[float, float]:
    """Return the smallest and the largest value of the input's type."""
    if spec.datatype in FLOATS:
        return -inf, inf
    if spec.datatype == "BOOL":
        return 0, 1
    limits = np.iinfo(spec.dtype)
    return int(limits.min), int(limits.max)


def _in_type_of(spec: TensorSpec, bound: Decimal, whole: Callable[[Decimal], int]) -> float:
    """Return ``bound`` as the input has it: 0.1 is less than the float32 that is called 0.1."""
    if spec.datatype not in FLOATS:
        return whole(bound)
    with np.errstate(over="ignore"):
        return float(np.float64(bound).astype(spec.dtype))
