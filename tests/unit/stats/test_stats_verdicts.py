"""The checks' verdicts by worked examples: what each figure is, and when each verdict falls."""

from __future__ import annotations

from math import exp, inf, lgamma, log, sqrt

import pytest

from checkrail_stats.arms import Arm, Estimate, Phase, increase, rates
from checkrail_stats.confidence_sequence import radius, upper_bound
from checkrail_stats.e_process import log_e_value, ratio_interval, rejects
from checkrail_stats.score_shift import Histograms, log_e_shift, psi
from checkrail_stats.verdicts import ErrorRate, ScoreShift, SlowRequests, Verdict

ALPHA = 0.05


def phase(stable: tuple[int, int], canary: tuple[int, int]) -> Phase:
    """Events and units of both arms."""
    return Phase(Arm(stable[1], stable[0]), Arm(canary[1], canary[0]))


EQUAL = phase((950, 95_000), (50, 5_000))
WORSE = phase((95, 9_500), (25, 500))
SILENT = phase((10, 1_000), (0, 0))
FEW = phase((1, 95), (0, 5))


def test_the_e_value_is_the_formula_of_the_paper() -> None:
    c, shares, events = 50.0, (0.95, 0.05), (95, 25)
    by_hand = lgamma(c) - lgamma(c + 120)
    for share, count in zip(shares, events, strict=True):
        by_hand += lgamma(c * share + count) - lgamma(c * share) - count * log(share)

    assert log_e_value([WORSE]) == pytest.approx(by_hand)
    assert rejects([WORSE], ALPHA)
    assert not rejects([EQUAL], ALPHA)


def test_e_values_of_phases_multiply_and_a_silent_arm_says_nothing() -> None:
    both = log_e_value([EQUAL, WORSE, SILENT])

    assert both == pytest.approx(log_e_value([EQUAL]) + log_e_value([WORSE]))
    assert log_e_value([SILENT]) == log_e_value([]) == 0.0


def test_a_better_canary_differs_as_well_but_its_increase_is_negative() -> None:
    better = [phase((950, 9_500), (0, 500))]

    assert rejects(better, ALPHA)
    assert ErrorRate(0.01).verdict(better) is Verdict.PASS


def test_the_increase_is_that_of_the_phases_and_not_of_their_sums() -> None:
    """Both arms fail alike in each phase, but the canary met the bad hour with more requests."""
    calm, bad = phase((95, 9_500), (5, 500)), phase((500, 5_000), (500, 5_000))
    pooled = (505 / 5_500) - (595 / 14_500)

    assert increase([calm, bad]).value == pytest.approx(0.0)
    assert pooled > 0.05
    assert ErrorRate(0.01).verdict([calm, bad]) is not Verdict.FAIL
    assert rates([calm, bad]) == pytest.approx((505 / 5_500, 505 / 5_500))


def test_the_ratio_interval_holds_the_ratio_and_is_open_without_events() -> None:
    low, high = ratio_interval([WORSE], ALPHA)

    assert low < 5.0 < high
    assert low > 1.0
    assert log_e_value([WORSE], low) == pytest.approx(-log(ALPHA), rel=1e-6)
    assert log_e_value([WORSE], high) == pytest.approx(-log(ALPHA), rel=1e-6)
    assert ratio_interval([phase((0, 1_000), (0, 1_000))], ALPHA) == (0.0, inf)


def test_phases_that_contradict_each_other_leave_a_single_ratio() -> None:
    low, high = ratio_interval([phase((0, 999), (999, 999)), phase((999, 999), (0, 999))], ALPHA)

    assert low == high == pytest.approx(1.0, rel=1e-3)


def test_the_radius_is_the_formula_of_the_paper() -> None:
    units, variance, planned = 5_000, 1e-5, 10_000
    r = (-2 * log(ALPHA) + log(1 - 2 * log(ALPHA))) / planned
    by_hand = sqrt(units * variance) * sqrt(
        2 * (units * r + 1) / (units**2 * r) * log(sqrt(units * r + 1) / ALPHA)
    )

    assert radius(variance, units, ALPHA, planned) == pytest.approx(by_hand)
    assert radius(variance, 0, ALPHA) == inf
    assert upper_bound(Estimate(0.1, variance, units), ALPHA, planned) == pytest.approx(
        0.1 + radius(variance, units, 2 * ALPHA, planned)
    )


@pytest.mark.parametrize(
    ("phases", "max_increase", "wanted"),
    [
        pytest.param([WORSE], 0.01, Verdict.FAIL, id="five times the errors fail"),
        pytest.param([WORSE], 0.05, Verdict.INCONCLUSIVE, id="perhaps more than is allowed"),
        pytest.param([WORSE], 0.10, Verdict.PASS, id="worse, but within what is allowed"),
        pytest.param([EQUAL], 0.01, Verdict.PASS, id="equal rates and many requests pass"),
        pytest.param([FEW], 0.01, Verdict.INCONCLUSIVE, id="few requests say nothing"),
        pytest.param([SILENT], 0.01, Verdict.INCONCLUSIVE, id="an idle canary says nothing"),
        pytest.param([], 0.01, Verdict.INCONCLUSIVE, id="nothing counted says nothing"),
        pytest.param([EQUAL, WORSE], 0.001, Verdict.FAIL, id="a later phase is heard"),
    ],
)
def test_errors(phases: list[Phase], max_increase: float, wanted: Verdict) -> None:
    assert ErrorRate(max_increase).verdict(phases) is wanted


@pytest.mark.parametrize(
    ("phases", "wanted"),
    [
        pytest.param([phase((95, 9_500), (50, 500))], Verdict.FAIL, id="a tenth is slow"),
        pytest.param([phase((0, 9_500), (3, 500))], Verdict.INCONCLUSIVE, id="under one percent"),
        pytest.param(
            [phase((9_500, 950_000), (650, 50_000))],
            Verdict.PASS,
            id="certainly slower, by a third of a point that nobody notices",
        ),
        pytest.param([phase((50, 95_000), (2, 5_000))], Verdict.PASS, id="as fast as the stable"),
        pytest.param([FEW], Verdict.INCONCLUSIVE, id="few requests say nothing"),
    ],
)
def test_slow_requests(phases: list[Phase], wanted: Verdict) -> None:
    assert SlowRequests().verdict(phases) is wanted


EVEN = (100, 200, 400, 200, 100)
SAME = Histograms(tuple(20 * each for each in EVEN), EVEN)
SHIFTED = Histograms(tuple(20 * each for each in EVEN), (400, 300, 200, 80, 20))


@pytest.mark.parametrize(
    ("phases", "wanted"),
    [
        pytest.param([SAME], Verdict.PASS, id="equal shares pass"),
        pytest.param([SHIFTED], Verdict.FAIL, id="a large shift fails"),
        pytest.param([Histograms(EVEN, (1, 2, 4, 2, 1))], Verdict.INCONCLUSIVE, id="few requests"),
        pytest.param([Histograms(EVEN, (0,) * 5)], Verdict.INCONCLUSIVE, id="an idle canary"),
        pytest.param([], Verdict.INCONCLUSIVE, id="nothing counted"),
        pytest.param(
            [SAME, Histograms(tuple(reversed(SHIFTED.canary)), tuple(reversed(SHIFTED.canary)))],
            Verdict.PASS,
            id="a drift of both arms is no shift",
        ),
    ],
)
def test_scores(phases: list[Histograms], wanted: Verdict) -> None:
    assert ScoreShift(0.2).verdict(phases) is wanted


def test_the_index_is_that_of_the_shares_and_its_bias_is_told_apart() -> None:
    found, bias = psi([Histograms((5_000, 5_000), (7_500, 2_500))])

    assert found.value == pytest.approx(0.25 * log(1.5) - 0.25 * log(0.5), rel=1e-3)
    assert bias == pytest.approx(1 / 10_000 + 1 / 10_000)
    assert log_e_shift([SHIFTED]) > -log(ALPHA)
    assert exp(log_e_shift([SAME])) < 1


def test_histograms_of_other_bins_and_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="2 and 3 bins"):
        Histograms((1, 2), (1, 2, 3))
    with pytest.raises(ValueError, match="3 events of 2 units"):
        Arm(2, 3)


def test_the_samples_still_needed_are_where_the_verdict_falls() -> None:
    found = ErrorRate(0.01).finding([phase((10, 950), (1, 50))])

    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.samples_needed is not None
    factor = found.samples_needed // 1_000 + 1
    more = [phase((10 * factor, 950 * factor), (factor, 50 * factor))]
    less = [phase((10 * (factor - 1), 950 * (factor - 1)), (factor - 1, 50 * (factor - 1)))]
    assert ErrorRate(0.01).verdict(more) is not Verdict.INCONCLUSIVE
    assert ErrorRate(0.01).verdict(less) is Verdict.INCONCLUSIVE
    assert ErrorRate(0.01).finding([EQUAL]).samples_needed == 0
    assert ErrorRate(0.01).finding([SILENT]).samples_needed is None
