"""Metrics as functions of how often each row counts.

One form serves three needs. With every weight 1 it is the metric. With the counts of a resample it
is the metric of that resample. Its slopes, what a little more weight on each row would change, give
the spread of the resamples without drawing them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Numbers = NDArray[np.int64]


class Measure(ABC):
    """One metric of one model on fixed rows. Weights are ``(rows,)``, not negative."""

    @property
    @abstractmethod
    def work(self) -> int:
        """What one figure costs: rows, times how often they are passed over."""

    @abstractmethod
    def figure(self, weights: Floats) -> float:
        """Return the metric when row ``i`` counts ``weights[i]`` times; NaN where it has none."""

    @abstractmethod
    def slopes(self) -> Floats:
        """Return the derivative of ``figure`` by each weight where all are 1; they sum to 0."""


@dataclass(frozen=True)
class Mean(Measure):
    """The mean of a loss per row."""

    losses: Floats

    @property
    def work(self) -> int:
        """See `Measure.work`."""
        return len(self.losses)

    def figure(self, weights: Floats) -> float:
        """See `Measure.figure`."""
        return _dot(weights, self.losses) / float(weights.sum())

    def slopes(self) -> Floats:
        """See `Measure.slopes`."""
        slopes: Floats = (self.losses - self.losses.mean()) / len(self.losses)
        return slopes


@dataclass(frozen=True)
class RootMean(Mean):
    """The root of the mean of a loss per row."""

    def figure(self, weights: Floats) -> float:
        """See `Measure.figure`."""
        return sqrt(super().figure(weights))

    def slopes(self) -> Floats:
        """See `Measure.slopes`."""
        root = sqrt(float(self.losses.mean()))
        return super().slopes() / (2 * root) if root else np.zeros(len(self.losses))


@dataclass(frozen=True)
class Explained(Measure):
    """R squared: 1 less the squared errors' share of the labels' squared distance from their mean.

    NaN where all labels are equal.
    """

    labels: Floats
    errors: Floats
    """Squared, per row."""

    @property
    def work(self) -> int:
        """See `Measure.work`."""
        return len(self.labels)

    @cached_property
    def _centred(self) -> Floats:
        """Labels around their mean: squares of large, close numbers would cancel."""
        centred: Floats = self.labels - self.labels.mean()
        return centred

    def figure(self, weights: Floats) -> float:
        """See `Measure.figure`."""
        first = _dot(weights, self._centred) / float(weights.sum())
        spread = _dot(weights, (self._centred - first) ** 2)
        return 1.0 - _dot(weights, self.errors) / spread if spread else np.nan

    def slopes(self) -> Floats:
        """See `Measure.slopes`."""
        squares = self._centred**2
        spread, missed = float(squares.sum()), float(self.errors.sum())
        slopes: Floats = (missed * squares / spread - self.errors) / spread
        return slopes


@dataclass(frozen=True)
class FScore(Measure):
    """F1 of the classes, and the plain mean of it where there are several.

    A class that no row has and none is taken for has 0.
    """

    labels: Numbers
    answers: Numbers
    classes: Numbers
    """Those that count."""

    @property
    def work(self) -> int:
        """See `Measure.work`."""
        return len(self.labels)

    @cached_property
    def _hits(self) -> Floats:
        return np.asarray(self.labels == self.answers, dtype=np.float64)

    def _counts(self, weights: Floats) -> tuple[Floats, Floats]:
        """Return, by class number, rows that are right, and those that have or are given it."""
        size = 1 + int(max(self.labels.max(), self.answers.max(), self.classes.max()))
        right = np.bincount(self.labels, weights * self._hits, size)
        told = np.bincount(self.labels, weights, size) + np.bincount(self.answers, weights, size)
        return right.astype(np.float64), told.astype(np.float64)

    def figure(self, weights: Floats) -> float:
        """See `Measure.figure`."""
        right, told = (counts[self.classes] for counts in self._counts(weights))
        return float(np.mean(2 * right / np.where(told > 0, told, 1)))

    def slopes(self) -> Floats:
        """See `Measure.slopes`."""
        right, told = self._counts(np.ones(len(self.labels)))
        counted = np.zeros(len(told))
        counted[self.classes] = 1 / len(self.classes)
        safe = np.where(told > 0, told, 1)
        gain, loss = counted * 2 / safe, counted * 2 * right / safe**2
        slopes: Floats = self._hits * gain[self.labels] - loss[self.labels] - loss[self.answers]
        return slopes


@dataclass(frozen=True)
class Rankings(Measure):
    """The plain mean over rankings of one class against the rest; NaN where none has both."""

    parts: tuple[Ranking, ...]

    @property
    def work(self) -> int:
        """See `Measure.work`."""
        return sum(each.work for each in self.parts)

    def figure(self, weights: Floats) -> float:
        """See `Measure.figure`."""
        figures = [each.figure(weights) for each in self.parts]
        known = [each for each in figures if not np.isnan(each)]
        return float(np.mean(known)) if known else np.nan

    def slopes(self) -> Floats:
        """See `Measure.slopes`."""
        total: Floats = np.sum([each.slopes() for each in self.parts], axis=0)
        return total / len(self.parts)


@dataclass(frozen=True)
class Ranking(Measure):
    """How well a score puts the rows of a class before the others. Equal scores are one place."""

    positive: NDArray[np.bool_]
    scores: Floats

    @property
    def work(self) -> int:
        """See `Measure.work`."""
        return len(self.scores)

    @cached_property
    def _order(self) -> Numbers:
        """Rows from the highest score to the lowest."""
        return np.argsort(-self.scores, kind="stable")

    @cached_property
    def _ends(self) -> Numbers | None:
        """Last position of each place in that order; None where every row has its own."""
        ordered = self.scores[self._order]
        ends = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
        return ends if len(ends) < len(ordered) else None

    @cached_property
    def _ordered(self) -> Floats:
        """1 for the rows of the class, in that order."""
        return self.positive[self._order].astype(np.float64)

    def _places(self, weights: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Return the weight of the class and of the rest, at each place and down to it."""
        ordered = weights[self._order]
        ours = ordered * self._ordered
        down, rest_down = np.cumsum(ours), np.cumsum(ordered - ours)
        if self._ends is not None:
            down, rest_down = down[self._ends], rest_down[self._ends]
        return np.diff(down, prepend=0.0), np.diff(rest_down, prepend=0.0), down, rest_down

    def _by_row(self, ours: Floats, rest: Floats) -> Floats:
        """Return for each row the figure of its place: of the class, or of the rest."""
        if self._ends is not None:
            sizes = np.diff(self._ends, prepend=-1)
            ours, rest = np.repeat(ours, sizes), np.repeat(rest, sizes)
        values = np.empty(len(self.scores))
        values[self._order] = np.where(self._ordered > 0, ours, rest)
        return values


class AreaUnderRoc(Ranking):
    """The probability that a row of the class comes before one of the rest; a tie is half."""

    def figure(self, weights: Floats) -> float:
        """See `Measure.figure`."""
        ours, rest, down, rest_down = self._places(weights)
        pairs = float(down[-1] * rest_down[-1])
        return _dot(rest, down - ours / 2) / pairs if pairs else np.nan

    def slopes(self) -> Floats:
        """See `Measure.slopes`."""
        ours, rest, down, rest_down = self._places(np.ones(len(self.scores)))
        all_ours, all_rest = float(down[-1]), float(rest_down[-1])
        area = self.figure(np.ones(len(self.scores)))
        return self._by_row(
            ((all_rest - rest_down + rest / 2) / all_rest - area) / all_ours,
            ((down - ours / 2) / all_ours - area) / all_rest,
        )


class AveragePrecision(Ranking):
    """The mean, over the rows of the class, of its share among all rows down to their place."""

    def figure(self, weights: Floats) -> float:
        """See `Measure.figure`."""
        ours, _, down, rest_down = self._places(weights)
        if not down[-1] or not rest_down[-1]:
            return np.nan
        return _dot(ours, down / np.maximum(down + rest_down, TINY)) / float(down[-1])

    def slopes(self) -> Floats:
        """See `Measure.slopes`: a row moves the precision of its own place and of all below."""
        ours, _, down, rest_down = self._places(np.ones(len(self.scores)))
        seen, total = down + rest_down, float(down[-1])
        precision = down / seen
        gained = np.cumsum((ours * (1 - precision) / seen)[::-1])[::-1]
        lost = np.cumsum((ours * precision / seen)[::-1])[::-1]
        mean = _dot(ours, precision) / total
        return self._by_row((precision + gained - mean) / total, -lost / total)


TINY = float(np.finfo(np.float64).tiny)
"""Stands for no weight at all in a quotient that is then multiplied by it."""


def _dot(first: Floats, second: Floats) -> float:
    """Return the sum of products, in one order on every machine: BLAS divides it by processors."""
    return float(np.einsum("i,i", first, second))
