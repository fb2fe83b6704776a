r"""Dirichlet-multinomial e-process: is an event likelier in the canary?

Given that an event happened, it happened in an arm with the arm's share of the requests, if the
arms do not differ. That holds for any base rate, drifting or not, because the rate has been
conditioned away. Against a Dirichlet prior of concentration ``c`` centred on the shares ``rho``:

    log E = lnG(c) - lnG(c + n) + sum over arms of [ lnG(c rho + x) - lnG(c rho) - x ln rho ]

``x`` events of an arm, ``n`` of both. E is a nonnegative martingale that starts at 1 while the arms
do not differ, so the chance that it ever reaches ``1 / alpha`` is at most ``alpha``, however often
one looks (Ville's inequality). Source: Lindon and Malek, Anytime-Valid Inference for Multinomial
Count Data, NeurIPS 2022, arXiv 2011.03567.
"""

from __future__ import annotations

from math import exp, inf, lgamma, log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from checkrail_stats.arms import Phase

CONCENTRATION = 50.0
"""How far from the shares the prior looks for a difference. Simulated with 1 % against 3 % errors
at a weight of 5 %: 50 finds it after 440 canary requests in the median, 200 after 580."""
BISECTIONS = 60
WIDEST_LOG_RATIO = log(1e6)


def log_e_value(
    phases: Sequence[Phase], ratio: float = 1.0, concentration: float = CONCENTRATION
) -> float:
    """Return log E against: the canary's rate is ``ratio`` times the stable's.

    Every phase starts with a fresh prior on its own shares; E is their product.

    Args:
        phases: Counts; a phase in which an arm answered nothing says nothing.
        ratio: The hypothesis, greater than 0; 1 is that the arms do not differ.
        concentration: Of the prior, greater than 0.
    """
    return sum(_log_e(each, ratio, concentration) for each in phases if each.is_comparable)


def _log_e(phase: Phase, ratio: float, concentration: float) -> float:
    weights = (float(phase.stable.units), phase.canary.units * ratio)
    total = sum(weights)
    events = phase.stable.events + phase.canary.events
    log_e = lgamma(concentration) - lgamma(concentration + events)
    for weight, count in zip(weights, (phase.stable.events, phase.canary.events), strict=True):
        share = weight / total
        prior = concentration * share
        log_e += lgamma(prior + count) - lgamma(prior) - count * log(share)
    return log_e


def rejects(phases: Sequence[Phase], alpha: float) -> bool:
    """Answer whether E reached ``1 / alpha``: the arms differ."""
    return log_e_value(phases) >= -log(alpha)


def ratio_interval(phases: Sequence[Phase], alpha: float) -> tuple[float, float]:
    """Return the confidence sequence of the ratio of the rates, canary to stable.

    It holds all ratios that E does not reject; at every look at once, with probability
    ``1 - alpha``, the true ratio is among them. (0, inf) while there are no events.

    log E is convex in the log of the ratio for one phase, and nearly so for several; each end is
    found by bisection from the ratio that fits best.
    """
    bound = -log(alpha)

    def excess(log_ratio: float) -> float:
        return log_e_value(phases, exp(log_ratio)) - bound

    best = _minimum(excess)
    if excess(best) >= 0:  # every ratio is rejected: phases contradict each other
        return exp(best), exp(best)
    ends = (_crossing(excess, best, -WIDEST_LOG_RATIO), _crossing(excess, best, WIDEST_LOG_RATIO))
    low, high = ends
    return (0.0 if low is None else exp(low), inf if high is None else exp(high))


def _minimum(function: Callable[[float], float]) -> float:
    """Return where ``function`` of a log ratio is least, by golden sections."""
    low, high = -WIDEST_LOG_RATIO, WIDEST_LOG_RATIO
    section = (5**0.5 - 1) / 2
    for _ in range(BISECTIONS):
        left, right = high - section * (high - low), low + section * (high - low)
        if function(left) < function(right):
            high = right
        else:
            low = left
    return (low + high) / 2


def _crossing(function: Callable[[float], float], below: float, end: float) -> float | None:
    """Return where ``function`` rises through 0 between ``below`` and ``end``, or None."""
    if function(end) < 0:
        return None
    above = end
    for _ in range(BISECTIONS):
        middle = (below + above) / 2
        if function(middle) < 0:
            below = middle
        else:
            above = middle
    return above
