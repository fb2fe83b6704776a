"""Whole rollouts, simulated: how often the checks are wrong, and how soon they are right.

    PYTHONPATH=tests python -m unit.stats.evidence        prints the table

A rollout climbs 5, 25 and 50 % and is looked at after every batch of requests. All of it is seeded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log
from typing import TYPE_CHECKING, Literal

import numpy as np

from checkrail_stats.arms import Arm, Phase, increase
from checkrail_stats.confidence_sequence import upper_bound
from checkrail_stats.e_process import log_e_value, rejects
from checkrail_stats.verdicts import FEWEST_UNITS, ErrorRate, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

ALPHA = 0.05
ROLLOUTS = 2000


@dataclass(frozen=True)
class Traffic:
    """What a simulated rollout meets.

    Attributes:
        stable: Share of the stable's requests that are events when the rollout begins.
        canary: The canary's share, then.
        drift: By what both have grown when the rollout ends: 2 doubles them.
        split: Whether each request draws its arm, or arms take turns (weighted round-robin).
        ramp: The canary's share of the requests, step by step.
        batch: Requests between two looks.
        looks: Looks per step.
    """

    stable: float = 0.01
    canary: float = 0.01
    drift: float = 1.0
    split: Literal["random", "round robin"] = "random"
    ramp: tuple[float, ...] = (0.05, 0.25, 0.5)
    batch: int = 400
    looks: int = 15


EQUAL = Traffic()
FALSE_ALARMS = {
    "equal arms": EQUAL,
    "equal arms, base rate doubles": replace(EQUAL, drift=2.0),
    "equal arms, base rate doubles, round robin": replace(EQUAL, drift=2.0, split="round robin"),
}
THREEFOLD = Traffic(canary=0.03, ramp=(0.05,), batch=200, looks=400)


def looks(traffic: Traffic, seed: int) -> Iterator[list[Phase]]:
    """Yield what has been counted at every look of one rollout, phase by phase."""
    random = np.random.default_rng(seed)
    shares = np.asarray([traffic.stable, traffic.canary])
    total = len(traffic.ramp) * traffic.looks
    done: list[Phase] = []
    for step, weight in enumerate(traffic.ramp):
        units, events = np.zeros(2, int), np.zeros(2, int)
        for look in range(traffic.looks):
            canary = round(traffic.batch * weight)
            if traffic.split == "random":
                canary = int(random.binomial(traffic.batch, weight))
            batch = np.asarray([traffic.batch - canary, canary])
            grown = 1 + (traffic.drift - 1) * (step * traffic.looks + look) / total
            units += batch
            events += random.binomial(batch, shares * grown)
            yield [*done, _phase(units, events)]
        done.append(_phase(units, events))


def alarms(traffic: Traffic, rollouts: int = ROLLOUTS) -> float:
    """Return the share of rollouts in which the error check ever fails, with no margin at all."""
    check = ErrorRate(max_increase=0.0, alpha=ALPHA)
    refused = sum(
        any(check.verdict(phases) is Verdict.FAIL for phases in looks(traffic, seed))
        for seed in range(rollouts)
    )
    return refused / rollouts


def caught(traffic: Traffic, rollouts: int) -> NDArray[np.float64]:
    """Return after how many requests of the canary each rollout is refused; infinity if never."""
    found = np.full(rollouts, np.inf)
    for seed in range(rollouts):
        for phases in looks(traffic, seed):
            if rejects(phases, ALPHA):
                found[seed] = sum(each.canary.units for each in phases)
                break
    return found


def expected(traffic: Traffic) -> int:
    """Return after how many requests of the canary log E crosses if all counts are as expected."""
    weight = traffic.ramp[0]
    for canary in range(10, 100_000, 10):
        units = (round(canary * (1 - weight) / weight), canary)
        shares = (traffic.stable, traffic.canary)
        arms = [Arm(n, round(n * share)) for n, share in zip(units, shares, strict=True)]
        if log_e_value([Phase(*arms)]) >= -log(ALPHA):
            return canary
    raise AssertionError("log E never crosses")


def coverage(traffic: Traffic, rollouts: int = ROLLOUTS) -> tuple[float, float]:
    """Return how often the true ratio, and the true increase, are inside at every look."""
    ratio, difference = traffic.canary / traffic.stable, traffic.canary - traffic.stable
    inside = np.ones((rollouts, 2), bool)
    for seed in range(rollouts):
        for phases in looks(traffic, seed):
            inside[seed, 0] &= log_e_value(phases, ratio) < -log(ALPHA)
            if sum(each.canary.units for each in phases) >= FEWEST_UNITS:
                inside[seed, 1] &= upper_bound(increase(phases), ALPHA) >= difference
    return float(inside[:, 0].mean()), float(inside[:, 1].mean())


def main() -> None:
    """Print the table."""
    print(f"{ROLLOUTS} rollouts each, alpha {ALPHA}\n")
    for name, traffic in FALSE_ALARMS.items():
        print(f"false alarms, {name:45} {100 * alarms(traffic):5.2f} %")
    found = caught(THREEFOLD, ROLLOUTS)
    print(
        f"1 % against 3 % errors at a weight of 5 %: caught after {np.median(found):.0f} canary "
        f"requests in the median, {np.quantile(found, 0.9):.0f} at p90; "
        f"expected {expected(THREEFOLD)}"
    )
    for name, traffic in (("equal arms", EQUAL), ("twice the errors", replace(EQUAL, canary=0.02))):
        ratio, difference = coverage(traffic)
        print(
            f"coverage at all looks, {name:20} ratio {100 * ratio:.1f} %, "
            f"increase {100 * difference:.1f} %"
        )


def _phase(units: NDArray[np.int64], events: NDArray[np.int64]) -> Phase:
    arms = [Arm(int(unit), int(event)) for unit, event in zip(units, events, strict=True)]
    return Phase(*arms)


if __name__ == "__main__":
    main()
