"""What the checks of a rollout say: Pass, Fail, or not enough is known yet.

    Fail          it is certain that the canary differs, and it is worse by more than is allowed
    Pass          it is certain that the canary is not worse by as much as is allowed
    Inconclusive  neither

Certain means: at ``alpha``, at all looks together. ``alpha`` of a family of checks is divided by
their number (Bonferroni). An idle service stays Inconclusive for ever.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left
from dataclasses import dataclass
from enum import StrEnum
from math import log
from typing import TYPE_CHECKING, Generic, TypeVar

from checkrail_stats.arms import Phase, increase, of_canary, rates
from checkrail_stats.confidence_sequence import upper_bound
from checkrail_stats.e_process import rejects
from checkrail_stats.score_shift import Histograms, log_e_shift, psi

if TYPE_CHECKING:
    from collections.abc import Sequence

ALPHA = 0.05
"""Chance of a false alarm over a whole rollout."""
FEWEST_EVENTS = 20
"""Events, and as many non-events, that each arm needs before anything is said; or else"""
FEWEST_UNITS = 100
"""so many requests in each. Simulated at a split of 95 to 5: with fewer, intervals that rest on the
central limit theorem give 5.7 % false alarms instead of 1.7 %."""
SLOW_SHARE = 0.01
"""Share of requests beyond the 99th percentile, by its name."""
SLOW_INCREASE = 0.005
"""Increase of that share that nobody notices."""
FARTHEST = 2**20
"""Factor of today's counts beyond which no prediction is made."""


Counts = TypeVar("Counts", Phase, Histograms)
"""What is counted in one phase."""


class Verdict(StrEnum):
    """What a check says."""

    PASS = "Pass"  # noqa: S105 - a verdict
    FAIL = "Fail"
    INCONCLUSIVE = "Inconclusive"


@dataclass(frozen=True)
class Finding:
    """A verdict and its figures.

    Attributes:
        verdict: What the check says.
        stable: The stable's figure: a rate, or 0 for a shift.
        canary: The canary's figure: a rate, or the PSI without its bias.
        samples_needed: Requests of both arms that it still takes until the verdict is clear, if the
            rates stay as they are; None when that is too far to say, 0 when it is clear now.
    """

    verdict: Verdict
    stable: float
    canary: float
    samples_needed: int | None


class Check(ABC, Generic[Counts]):
    """A comparison of both arms on what has been counted, phase by phase."""

    @abstractmethod
    def verdict(self, phases: Sequence[Counts]) -> Verdict:
        """Say what is certain by now."""

    @abstractmethod
    def figures(self, phases: Sequence[Counts]) -> tuple[float, float]:
        """Return the stable's and the canary's figure."""

    def finding(self, phases: Sequence[Counts]) -> Finding:
        """Return the verdict with its figures and how far it is."""
        now = self.verdict(phases)
        stable, canary = self.figures(phases)
        return Finding(now, stable, canary, self._needed(now, phases))

    def _needed(self, now: Verdict, phases: Sequence[Counts]) -> int | None:
        """Multiply all counts by 2, 4, 8, ... until the verdict is clear, then bisect."""
        units = sum(each.units for each in phases if each.is_comparable)
        if now is not Verdict.INCONCLUSIVE:
            return 0
        if not units:
            return None

        def is_clear(factor: int) -> bool:
            grown = [each.grown(factor) for each in phases]
            return self.verdict(grown) is not Verdict.INCONCLUSIVE

        high = 2
        while not is_clear(high):
            high *= 2
            if high > FARTHEST:
                return None
        first = bisect_left(range(high // 2 + 1, high), True, key=is_clear) + high // 2 + 1  # noqa: FBT003 - what the key answers
        return units * (first - 1)


@dataclass(frozen=True)
class ErrorRate(Check[Phase]):
    """Compares the share of failed requests, or of values outside the training profile.

    Attributes:
        max_increase: By how much the canary's share may exceed the stable's.
        alpha: Of this check.
    """

    max_increase: float
    alpha: float = ALPHA

    def verdict(self, phases: Sequence[Phase]) -> Verdict:
        """See `Check.verdict`."""
        found = increase(phases)
        if rejects(phases, self.alpha) and found.value > self.max_increase:
            return Verdict.FAIL
        passes = _enough(phases) and upper_bound(found, self.alpha) < self.max_increase
        return Verdict.PASS if passes else Verdict.INCONCLUSIVE

    def figures(self, phases: Sequence[Phase]) -> tuple[float, float]:
        """See `Check.figures`."""
        return rates(phases)


@dataclass(frozen=True)
class SlowRequests(Check[Phase]):
    """Compares the share of requests beyond the stable's 99th percentile times a factor.

    Attributes:
        alpha: Of this check.
    """

    alpha: float = ALPHA

    def verdict(self, phases: Sequence[Phase]) -> Verdict:
        """See `Check.verdict`."""
        found, canary = increase(phases), of_canary(phases)
        noticed = found.value > SLOW_INCREASE and canary.value > SLOW_SHARE
        if noticed and rejects(phases, self.alpha):
            return Verdict.FAIL
        passes = _enough(phases) and (
            upper_bound(canary, self.alpha / 2) < SLOW_SHARE
            or upper_bound(found, self.alpha / 2) < SLOW_INCREASE
        )
        return Verdict.PASS if passes else Verdict.INCONCLUSIVE

    def figures(self, phases: Sequence[Phase]) -> tuple[float, float]:
        """See `Check.figures`."""
        return rates(phases)


@dataclass(frozen=True)
class ScoreShift(Check[Histograms]):
    """Compares the distributions of the scores.

    Attributes:
        max_psi: Population stability index that is allowed.
        min_requests: Requests of the canary before the check may pass.
        alpha: Of this check.
    """

    max_psi: float
    min_requests: int = FEWEST_UNITS
    alpha: float = ALPHA

    def verdict(self, phases: Sequence[Histograms]) -> Verdict:
        """See `Check.verdict`."""
        found, bias = psi(phases)
        if log_e_shift(phases) >= -log(self.alpha) and found.value - bias > self.max_psi:
            return Verdict.FAIL
        canary = sum(sum(each.canary) for each in phases)
        enough = canary >= max(self.min_requests, FEWEST_UNITS)
        passes = enough and upper_bound(found, self.alpha) < self.max_psi
        return Verdict.PASS if passes else Verdict.INCONCLUSIVE

    def figures(self, phases: Sequence[Histograms]) -> tuple[float, float]:
        """Return 0 and the index without its bias."""
        found, bias = psi(phases)
        return 0.0, max(0.0, found.value - bias)


def _enough(phases: Sequence[Phase]) -> bool:
    """Answer whether both arms have seen enough for an interval."""
    compared = [each for each in phases if each.is_comparable]
    for arms in ([each.stable for each in compared], [each.canary for each in compared]):
        units, events = sum(arm.units for arm in arms), sum(arm.events for arm in arms)
        if units < FEWEST_UNITS and min(events, units - events) < FEWEST_EVENTS:
            return False
    return True
