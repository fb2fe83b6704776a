"""What is counted: two arms, phase by phase.

A phase is a time in which the split of the traffic did not change. Counts of different phases are
never added up: while the base rate drifts, an arm that got its traffic later would look better or
worse for that alone (Simpson's paradox; simulated with a doubling base rate, a pooled z-test over a
ramp of 5, 25, 50 % gives a false alarm every time).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Arm:
    """One arm in one phase.

    Attributes:
        units: Requests it answered.
        events: Those of them that are counted, at most ``units``: errors, slow answers.
    """

    units: int
    events: int

    def __post_init__(self) -> None:
        """Refuse what no counter can say."""
        if not 0 <= self.events <= self.units:
            raise ValueError(f"{self.events} events of {self.units} units; expected 0 to all of it")

    @property
    def rate(self) -> float:
        """Share of the units that are events; 0 without units."""
        return self.events / self.units if self.units else 0.0

    @property
    def variance(self) -> float:
        """Variance of ``rate``, with two events and two non-events more than were seen.

        Without them an arm that never failed would claim to know its rate exactly, and one that
        failed once nearly so. Two of each is the correction of Agresti and Coull, Approximate is
        better than exact, The American Statistician 52 (1998).
        """
        if not self.units:
            return 0.0
        rate = (self.events + 2) / (self.units + 4)
        return rate * (1 - rate) / self.units


@dataclass(frozen=True)
class Phase:
    """Both arms while the split did not change."""

    stable: Arm
    canary: Arm

    @property
    def units(self) -> int:
        """Requests of both arms."""
        return self.stable.units + self.canary.units

    @property
    def is_comparable(self) -> bool:
        """Whether both arms answered something in it."""
        return self.stable.units > 0 and self.canary.units > 0

    def grown(self, factor: int) -> Phase:
        """Return what would be counted after ``factor`` times the requests, at the same rates."""
        return Phase(
            *(Arm(each.units * factor, each.events * factor) for each in (self.stable, self.canary))
        )


@dataclass(frozen=True)
class Estimate:
    """A figure and the variance of its estimator."""

    value: float
    variance: float
    units: int


def increase(phases: Sequence[Phase]) -> Estimate:
    """Estimate by how much the canary's rate exceeds the stable's.

    It is the mean of the phases' differences, weighted by the canary's units in each: the rate at
    which the canary's own requests would have failed less on the stable.
    """
    compared = [each for each in phases if each.is_comparable]
    canary = sum(each.canary.units for each in compared)
    if not canary:
        return Estimate(0.0, 0.0, 0)
    value = variance = 0.0
    for each in compared:
        weight = each.canary.units / canary
        value += weight * (each.canary.rate - each.stable.rate)
        variance += weight**2 * (each.canary.variance + each.stable.variance)
    return Estimate(value, variance, sum(each.units for each in compared))


def rates(phases: Sequence[Phase]) -> tuple[float, float]:
    """Return the stable's and the canary's rate, both weighted by the canary's units."""
    compared = [each for each in phases if each.is_comparable]
    canary = sum(each.canary.units for each in compared)
    if not canary:
        return 0.0, 0.0
    return (
        sum(each.canary.units * each.stable.rate for each in compared) / canary,
        sum(each.canary.events for each in compared) / canary,
    )


def of_canary(phases: Sequence[Phase]) -> Estimate:
    """Estimate the canary's own rate."""
    compared = [each.canary for each in phases if each.is_comparable]
    whole = Arm(sum(each.units for each in compared), sum(each.events for each in compared))
    return Estimate(whole.rate, whole.variance, whole.units)
