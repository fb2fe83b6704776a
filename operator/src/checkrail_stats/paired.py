r"""Two versions on the same requests: how often do they decide otherwise, how far are their scores?

Every request is scored by both, so nothing has to be allowed for between two arms. All bounds are
anytime-valid: with probability ``1 - alpha`` the truth is within them at every look at once.

**Flips** are a share of the requests. Against ``p``, a mixture of all alternatives by Jeffreys'
prior: with ``x`` flips of ``n`` requests

    log E(p) = lnB(x + 1/2, n - x + 1/2) - lnB(1/2, 1/2) - x ln p - (n - x) ln(1 - p)

E is a nonnegative martingale that starts at 1 if the share is ``p``, so the chance that it ever
reaches ``1 / alpha`` is at most ``alpha`` (Ville's inequality); every ``p`` that it has not
rejected is within the bounds. Exact, for any ``n``. Source: Robbins, Statistical methods related to
the law of the iterated logarithm, Annals of Mathematical Statistics 41 (1970); Howard, Ramdas,
McAuliffe and Sekhon, Time-uniform, nonparametric, nonasymptotic confidence sequences, arXiv
1810.08240.

**The population stability index** has the asymptotic confidence sequence of
``confidence_sequence``. Scores of the same request depend on each other in a way that the two
histograms do not tell; whatever it is, the variance of a sum is at most twice the sum of the
variances, and so is the bias of the index.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma, log
from typing import TYPE_CHECKING

from checkrail_stats.confidence_sequence import radius
from checkrail_stats.score_shift import Histograms, psi
from checkrail_stats.verdicts import ALPHA, FEWEST_UNITS, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

BISECTIONS = 50
PLANNED_UNITS = 2_000
"""Requests after which a comparison usually decides."""
ANY_DEPENDENCE = 2.0
"""Factor of variance and bias that holds however the scores of a request depend on each other."""


@dataclass(frozen=True)
class Bounds:
    """A figure and what it stays between: each bound holds with its ``alpha`` by itself."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Pairs:
    """What was counted of requests that both versions have scored.

    Attributes:
        compared: Requests.
        flips: Those that would have been decided otherwise, at each threshold; each at most
            ``compared``.
        stable: Requests by score, in bins.
        candidate: The same by the candidate's score, in the same bins.
    """

    compared: int
    flips: tuple[int, ...]
    stable: tuple[int, ...]
    candidate: tuple[int, ...]

    def __post_init__(self) -> None:
        """Refuse what no server can have counted."""
        if not all(0 <= flips <= self.compared for flips in self.flips):
            raise ValueError(f"{self.flips} flips of {self.compared} requests")
        if not sum(self.stable) == sum(self.candidate) <= self.compared:
            raise ValueError(
                f"{sum(self.stable)} and {sum(self.candidate)} scores of {self.compared} requests"
            )


@dataclass(frozen=True)
class Comparison:
    """What is certain of a candidate by now.

    Attributes:
        verdict: Pass: every figure is within what is allowed. Fail: one of them is not.
        flip_rate: Of the threshold at which most decisions flip.
        psi: Population stability index of the scores.
    """

    verdict: Verdict
    flip_rate: Bounds
    psi: Bounds


def compare(pairs: Pairs, max_flip_rate: float, max_psi: float, alpha: float = ALPHA) -> Comparison:
    """Compare two versions by what was counted of both.

    ``alpha`` bounds the chance that a candidate within what is allowed ever fails, and, apart, that
    one outside of it ever passes. It is split over the thresholds and the index.
    """
    share = alpha / (len(pairs.flips) + 1)
    rates = [flip_rate(flips, pairs.compared, share) for flips in pairs.flips]
    worst = max(rates, key=lambda each: each.upper, default=Bounds(0.0, 0.0, 0.0))
    shift = score_shift(pairs.stable, pairs.candidate, share)
    fails = any(each.lower > max_flip_rate for each in rates) or shift.lower > max_psi
    passes = worst.upper <= max_flip_rate and shift.upper <= max_psi
    verdict = Verdict.FAIL if fails else Verdict.PASS if passes else Verdict.INCONCLUSIVE
    return Comparison(verdict, worst, shift)


def flip_rate(flips: int, compared: int, alpha: float) -> Bounds:
    """Return the share of ``compared`` requests that are ``flips``, and its bounds."""
    if not compared:
        return Bounds(0.0, 0.0, 1.0)
    kept = compared - flips
    evidence = _log_beta(flips + 0.5, kept + 0.5) - _log_beta(0.5, 0.5) + log(alpha)

    def is_rejected(p: float) -> bool:
        return evidence - flips * log(p) - kept * log(1 - p) >= 0

    value = flips / compared
    lower = _end(is_rejected, value, 0.0) if flips else 0.0
    upper = _end(is_rejected, value, 1.0) if kept else 1.0
    return Bounds(value, lower, upper)


def score_shift(stable: tuple[int, ...], candidate: tuple[int, ...], alpha: float) -> Bounds:
    """Return the population stability index without its bias, and its bounds.

    Unbounded before ``FEWEST_UNITS`` scores: the bounds rest on the central limit theorem.
    """
    count = sum(stable)
    if not count:
        return Bounds(0.0, 0.0, float("inf"))
    found, bias = psi([Histograms(stable, candidate)])
    value = max(0.0, found.value - bias)
    if count < FEWEST_UNITS:
        return Bounds(value, 0.0, float("inf"))
    far = radius(ANY_DEPENDENCE * found.variance, count, 2 * alpha, PLANNED_UNITS)
    lower = max(0.0, found.value - ANY_DEPENDENCE * bias - far)
    return Bounds(value, lower, found.value + far)


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def _end(is_rejected: Callable[[float], bool], kept: float, rejected: float) -> float:
    """Return where rejection begins between a value that is kept and an end that is rejected."""
    for _ in range(BISECTIONS):
        middle = (kept + rejected) / 2
        if is_rejected(middle):
            rejected = middle
        else:
            kept = middle
    return rejected
