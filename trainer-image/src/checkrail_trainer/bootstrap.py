"""How much better one model is than another on the same rows, and how sure that is.

The rows held out are a sample. With other rows of the same kind both figures would be others, and
would move together, because both models judge the same rows: what is hard for one is mostly hard
for the other. A paired bootstrap draws the rows again with replacement, 1,000 times, and takes the
difference of the two figures each time. The 5 % and 95 % quantiles of these differences are a
two-sided 90 % interval; a candidate whose upper end is below -margin is worse by more than margin,
and says so wrongly in at most 5 % of all cases where it is not.

    resamples    counts of a multinomial draw as weights, by PCG64 from the run's seed
    many rows    the same spread without drawing: the bootstrap's variance of a smooth figure tends
                 to the sum of its squared slopes (infinitesimal jackknife: Jaeckel 1972, Efron
                 1982), and its distribution to the normal one

The interval covers the choice of the rows held out. It does not cover the choice of the rows
trained on, the seed, or that tomorrow's rows are of another kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from checkrail_trainer.measures import Measure

RESAMPLES = 1000
ENDS = (0.05, 0.95)
NORMAL_95 = 1.6448536269514722
"""95 % quantile of the standard normal distribution."""
MOST_WORK = 20_000
"""Work of a figure (see `Measure.work`) from which on nothing is drawn: 1,000 resamples of it take
a second. With so many rows both ways agree within the noise of 1,000 draws, but for ``pr_auc`` of a
class that has only dozens of them: there drawn figures lie higher than the one they are drawn from,
and the interval without drawing does not."""


@dataclass(frozen=True)
class Pair:
    """One metric of two models on the same rows."""

    candidate: Measure
    baseline: Measure
    higher_is_better: bool

    def difference(self, weights: NDArray[np.float64]) -> float:
        """Return by how much the candidate is better; NaN where the metric is undefined."""
        apart = self.candidate.figure(weights) - self.baseline.figure(weights)
        return apart if self.higher_is_better else -apart

    @property
    def work(self) -> int:
        """What one difference costs."""
        return max(self.candidate.work, self.baseline.work)


@dataclass(frozen=True)
class Interval:
    """By how much a candidate is better than a baseline: negative is worse."""

    difference: float
    """On the rows themselves."""
    low: float
    high: float
    """Ends of the two-sided 90 % interval."""


def compare(pairs: Iterable[Pair], rows: int, seed: int) -> list[Interval]:
    """Return an interval for each pair.

    Args:
        pairs: What to compare; all on the same rows. Those with many rows are let go of at once.
        rows: How many rows.
        seed: Of the draws, which all pairs share.
    """
    found: dict[int, Interval] = {}
    drawn: dict[int, Pair] = {}
    ones = np.ones(rows)
    for place, pair in enumerate(pairs):
        if pair.work > MOST_WORK:
            found[place] = Interval(pair.difference(ones), *linear(pair, rows))
        else:
            drawn[place] = pair
    ends = resample(list(drawn.values()), rows, seed)
    for (place, pair), (low, high) in zip(drawn.items(), ends, strict=True):
        found[place] = Interval(pair.difference(ones), low, high)
    return [found[place] for place in sorted(found)]


def resample(pairs: Sequence[Pair], rows: int, seed: int) -> list[tuple[float, float]]:
    """Return the interval of each pair by drawing the rows again.

    A resample in which a metric is undefined, for want of a class, is left out.
    """
    if not pairs:
        return []
    random = np.random.Generator(np.random.PCG64(seed))
    differences = np.empty((len(pairs), RESAMPLES))
    for number in range(RESAMPLES):
        counts = np.bincount(random.integers(0, rows, rows), minlength=rows)
        weights = counts.astype(np.float64)
        differences[:, number] = [pair.difference(weights) for pair in pairs]
    return [_quantiles(each[~np.isnan(each)]) for each in differences]


def linear(pair: Pair, rows: int) -> tuple[float, float]:
    """Return the interval of a pair from its slopes: what ever more resamples tend to."""
    slopes = pair.candidate.slopes() - pair.baseline.slopes()
    reach = NORMAL_95 * sqrt(float(np.einsum("i,i", slopes, slopes)))
    middle = pair.difference(np.ones(rows))
    return middle - reach, middle + reach


def _quantiles(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.quantile(values, ENDS)
    return float(low), float(high)
