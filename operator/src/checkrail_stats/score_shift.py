"""Whether the canary's scores are distributed as the stable's: bins of a histogram by arm.

The size of a shift is the population stability index, ``PSI = sum (p - q) ln(p / q)`` over the
bins (p canary, q stable): 0 for equal shares, by convention small below 0.1 and large above 0.25.

Whether there is a shift at all is told by an e-process: each bin is an event of its own, and given
the bin the arm is drawn with its share of the requests. A request falls into one bin, so it moves
one bin's E only, and their product is a martingale again.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

from checkrail_stats.arms import Arm, Estimate, Phase
from checkrail_stats.e_process import log_e_value

if TYPE_CHECKING:
    from collections.abc import Sequence

PSEUDO_COUNT = 0.5
"""Added to each bin, so that an empty one has a logarithm (Jeffreys' prior)."""


@dataclass(frozen=True)
class Histograms:
    """Requests per bin of both arms while the split did not change; equally many bins."""

    stable: tuple[int, ...]
    canary: tuple[int, ...]

    def __post_init__(self) -> None:
        """Refuse histograms that have no common bins."""
        if len(self.stable) != len(self.canary) or not self.stable:
            raise ValueError(
                f"{len(self.stable)} and {len(self.canary)} bins; expected as many in both arms"
            )

    @property
    def is_comparable(self) -> bool:
        """Whether both arms answered something."""
        return sum(self.stable) > 0 and sum(self.canary) > 0

    @property
    def units(self) -> int:
        """Requests of both arms."""
        return sum(self.stable) + sum(self.canary)

    def grown(self, factor: int) -> Histograms:
        """Return what would be counted after ``factor`` times the requests."""
        return Histograms(
            *(tuple(count * factor for count in each) for each in (self.stable, self.canary))
        )


def log_e_shift(phases: Sequence[Histograms]) -> float:
    """Return log E against: the scores of both arms are distributed equally."""
    return sum(
        log_e_value([Phase(Arm(sum(each.stable), stable), Arm(sum(each.canary), canary))])
        for each in phases
        for stable, canary in zip(each.stable, each.canary, strict=True)
    )


def psi(phases: Sequence[Histograms]) -> tuple[Estimate, float]:
    """Estimate the PSI, and the bias that chance alone gives it.

    Shares are weighted over the phases by the canary's units, in both arms alike, so that a drift
    from phase to phase is no shift. The variance is that of the delta method. The bias of ``B``
    bins is ``(B - 1) (1 / n1 + 1 / n0)``, the mean of the index while there is no shift.

    Returns:
        The index with its bias still in it, and the bias.
    """
    compared = [each for each in phases if each.is_comparable]
    canary_units = sum(sum(each.canary) for each in compared)
    if not canary_units:
        return Estimate(0.0, 0.0, 0), 0.0
    weights = [sum(each.canary) / canary_units for each in compared]
    p = _mixed([each.canary for each in compared], weights)
    q = _mixed([each.stable for each in compared], weights)
    # The variance of a mixture of shares is that of shares of so many units:
    n1 = 1 / sum(w**2 / sum(each.canary) for w, each in zip(weights, compared, strict=True))
    n0 = 1 / sum(w**2 / sum(each.stable) for w, each in zip(weights, compared, strict=True))
    value = sum((a - b) * log(a / b) for a, b in zip(p, q, strict=True))
    by_p = [log(a / b) + 1 - b / a for a, b in zip(p, q, strict=True)]
    by_q = [1 - a / b - log(a / b) for a, b in zip(p, q, strict=True)]
    variance = _variance(p, by_p) / n1 + _variance(q, by_q) / n0
    units = sum(each.units for each in compared)
    return Estimate(value, variance, units), (len(p) - 1) * (1 / n1 + 1 / n0)


def _mixed(counts: Sequence[tuple[int, ...]], weights: Sequence[float]) -> list[float]:
    """Return the weighted shares of the bins over the phases; they sum to 1."""
    shares = [0.0] * len(counts[0])
    for phase, weight in zip(counts, weights, strict=True):
        total = sum(phase) + PSEUDO_COUNT * len(phase)
        for place, count in enumerate(phase):
            shares[place] += weight * (count + PSEUDO_COUNT) / total
    return shares


def _variance(shares: Sequence[float], gradient: Sequence[float]) -> float:
    """Return the variance of the gradient's value of one unit."""
    mean = sum(s * g for s, g in zip(shares, gradient, strict=True))
    return sum(s * (g - mean) ** 2 for s, g in zip(shares, gradient, strict=True))
