"""Asymptotic confidence sequences: an interval that may be looked at as often as one likes.

    estimate +- s sqrt( 2 (N r + 1) / (N^2 r)  ln( sqrt(N r + 1) / alpha ) ),   s = sqrt(N v)
    r = (-2 ln alpha + ln(1 - 2 ln alpha)) / planned units

``v`` is the variance of the estimator after ``N`` units; ``r`` makes the interval narrowest at the
planned units. A bound on one side at ``alpha`` is the interval at ``2 alpha``.

Source: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, Time-uniform central limit theory and
asymptotic confidence sequences, arXiv 2103.06476.
"""

from __future__ import annotations

from math import inf, log, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from checkrail_stats.arms import Estimate

PLANNED_UNITS = 10_000
"""Requests after which a rollout's checks usually decide."""


def radius(variance: float, units: int, alpha: float, planned: int = PLANNED_UNITS) -> float:
    """Return half the width of the interval; infinite before the first unit.

    Args:
        variance: Of the estimator after ``units``.
        units: Requests seen, of both arms.
        alpha: Chance that the truth ever leaves the interval, less than 1.
        planned: Requests after which the interval is meant to be narrowest.
    """
    if units <= 0:
        return inf
    r = (-2 * log(alpha) + log(1 - 2 * log(alpha))) / planned
    spread = sqrt(units * variance)
    grown = units * r + 1
    return spread * sqrt(2 * grown / (units**2 * r) * log(sqrt(grown) / alpha))


def upper_bound(estimate: Estimate, alpha: float, planned: int = PLANNED_UNITS) -> float:
    """Return what the true value stays below, with probability ``1 - alpha`` at all looks."""
    return estimate.value + radius(estimate.variance, estimate.units, 2 * alpha, planned)
