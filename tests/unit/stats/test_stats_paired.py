"""Two versions on the same requests: bounds that hold however often one looks."""

from __future__ import annotations

from math import inf, log, sqrt
from typing import TYPE_CHECKING

import numpy as np
import pytest

from checkrail_stats.paired import Bounds, Pairs, compare, flip_rate, score_shift
from checkrail_stats.verdicts import ALPHA, Verdict

if TYPE_CHECKING:
    from numpy.typing import NDArray

COMPARISONS = 200
SAMPLING_ERROR = 3 * sqrt(ALPHA * (1 - ALPHA) / COMPARISONS)
LOOKS = range(50, 3001, 50)


def pairs(compared: int, flips: int, *, shifted: bool = False) -> Pairs:
    """Return counts of two versions whose scores are in four bins."""
    bins = (compared // 4,) * 4
    moved = (0, 0, compared // 2, compared // 2)
    return Pairs(compared, (flips,), bins, moved if shifted else bins)


@pytest.mark.parametrize(
    ("counted", "verdict"),
    [
        pytest.param(pairs(0, 0), Verdict.INCONCLUSIVE, id="nothing is known without requests"),
        pytest.param(pairs(40, 0), Verdict.INCONCLUSIVE, id="few requests say little"),
        pytest.param(pairs(1000, 0), Verdict.PASS, id="a thousand without a flip"),
        pytest.param(pairs(1000, 5), Verdict.PASS, id="a quarter of what is allowed"),
        pytest.param(pairs(1000, 18), Verdict.INCONCLUSIVE, id="nearly what is allowed"),
        pytest.param(pairs(1000, 60), Verdict.FAIL, id="three times what is allowed"),
        pytest.param(pairs(40, 20), Verdict.FAIL, id="half of few"),
        pytest.param(pairs(2000, 0, shifted=True), Verdict.FAIL, id="other scores, no flip"),
    ],
)
def test_what_is_certain(counted: Pairs, verdict: Verdict) -> None:
    assert compare(counted, max_flip_rate=0.02, max_psi=0.2).verdict is verdict


@pytest.mark.parametrize(
    ("flips", "requests"),
    [
        pytest.param(0, 357, id="no flip"),
        pytest.param(4, 849, id="0.47 %"),
        pytest.param(5, 945, id="0.53 %"),
        pytest.param(25, 2504, id="1 %"),
    ],
)
def test_how_many_requests_show_that_fewer_than_two_in_a_hundred_flip(
    flips: int, requests: int
) -> None:
    """The counts of docs/rollouts.md: at one threshold, whose share of ``ALPHA`` is a half."""
    fewest = next(
        compared
        for compared in range(flips + 1, 5000)
        if compare(pairs(compared, flips), max_flip_rate=0.02, max_psi=0.2).verdict is Verdict.PASS
    )
    assert fewest == requests


def test_the_threshold_with_most_flips_decides() -> None:
    bins = (500, 500)
    found = compare(Pairs(1000, (0, 60, 5), bins, bins), max_flip_rate=0.02, max_psi=0.2)
    assert (found.verdict, found.flip_rate.value) == (Verdict.FAIL, 0.06)


def test_bounds_are_where_the_evidence_is_one_in_alpha() -> None:
    """With no flip at all, lnB(1/2, n + 1/2) - lnB(1/2, 1/2) - n ln(1 - p) is ln(1 / alpha)."""
    found = flip_rate(0, 100, ALPHA)
    ln_beta = -sum(log((k - 0.5) / k) for k in range(1, 101))  # of B(1/2, 1/2) / B(1/2, n + 1/2)
    assert (found.value, found.lower) == (0.0, 0.0)
    assert -100 * log(1 - found.upper) == pytest.approx(ln_beta - log(ALPHA))


@pytest.mark.parametrize(("flips", "compared"), [(0, 1), (1, 1), (7, 7), (3, 1000), (997, 1000)])
def test_the_figure_is_between_its_bounds(flips: int, compared: int) -> None:
    found = flip_rate(flips, compared, ALPHA)
    assert 0.0 <= found.lower <= found.value <= found.upper <= 1.0


def test_before_the_first_request_everything_is_possible() -> None:
    assert flip_rate(0, 0, ALPHA) == Bounds(0.0, 0.0, 1.0)
    assert score_shift((0, 0), (0, 0), ALPHA) == Bounds(0.0, 0.0, inf)


@pytest.mark.parametrize(
    ("compared", "flips", "stable", "candidate"),
    [
        pytest.param(10, (11,), (5, 5), (5, 5), id="more flips than requests"),
        pytest.param(10, (-1,), (5, 5), (5, 5), id="less than none"),
        pytest.param(10, (1,), (5, 5), (5, 4), id="scores of one only"),
        pytest.param(10, (1,), (5, 6), (5, 6), id="more scores than requests"),
    ],
)
def test_what_no_server_can_have_counted_is_refused(
    compared: int, flips: tuple[int, ...], stable: tuple[int, ...], candidate: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match="requests"):
        Pairs(compared, flips, stable, candidate)


@pytest.mark.parametrize("rate", [0.005, 0.02, 0.3])
def test_a_share_of_flips_seldom_leaves_its_bounds_at_any_look(rate: float) -> None:
    random = np.random.default_rng(7)
    below = above = 0
    for _ in range(COMPARISONS):
        flips = np.cumsum(random.random(LOOKS[-1]) < rate)
        seen = [flip_rate(int(flips[n - 1]), n, ALPHA) for n in LOOKS]
        below += any(each.upper < rate for each in seen)
        above += any(each.lower > rate for each in seen)
    assert below / COMPARISONS <= ALPHA
    assert above / COMPARISONS <= ALPHA


@pytest.mark.parametrize("dependence", ["alike", "independent", "opposed"])
def test_an_index_seldom_leaves_its_bounds_at_any_look(dependence: str) -> None:
    random = np.random.default_rng(11)
    stable = np.full(10, 0.1)
    candidate = np.array([0.05, 0.05, 0.06, 0.08, 0.1, 0.1, 0.12, 0.14, 0.15, 0.15])
    truth = float(((candidate - stable) * np.log(candidate / stable)).sum())
    below = above = 0
    for _ in range(COMPARISONS):
        one, other = _scores(random, dependence)
        seen = [
            score_shift(_bins(one[:n], stable), _bins(other[:n], candidate), ALPHA) for n in LOOKS
        ]
        below += any(each.upper < truth for each in seen)
        above += any(each.lower > truth for each in seen)
    assert below / COMPARISONS <= ALPHA + SAMPLING_ERROR
    assert above / COMPARISONS <= ALPHA


def _scores(
    random: np.random.Generator, dependence: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the places of requests in both distributions, from 0 to 1."""
    one = random.random(LOOKS[-1])
    if dependence == "alike":
        return one, one
    return one, 1 - one if dependence == "opposed" else random.random(LOOKS[-1])


def _bins(places: NDArray[np.float64], shares: NDArray[np.float64]) -> tuple[int, ...]:
    edges = np.cumsum(shares)[:-1]
    return tuple(np.bincount(np.searchsorted(edges, places), minlength=len(shares)).tolist())
