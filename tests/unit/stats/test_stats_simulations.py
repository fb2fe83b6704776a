"""What the checks promise, by simulations of whole rollouts."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import numpy as np
import pytest

from unit.stats.evidence import (
    ALPHA,
    EQUAL,
    FALSE_ALARMS,
    THREEFOLD,
    Traffic,
    alarms,
    caught,
    coverage,
    expected,
)

FEWER = 300
"""Rollouts here; `make evidence` plays 2,000."""
SAMPLING_ERROR = 3 * sqrt(ALPHA * (1 - ALPHA) / FEWER)


@pytest.mark.parametrize("traffic", FALSE_ALARMS.values(), ids=FALSE_ALARMS)
def test_a_good_canary_that_is_watched_at_every_batch_is_seldom_refused(traffic: Traffic) -> None:
    assert alarms(traffic, FEWER) <= ALPHA


def test_three_times_the_errors_are_caught_as_soon_as_they_can_be() -> None:
    assert np.median(caught(THREEFOLD, FEWER)) <= 1.5 * expected(THREEFOLD)


@pytest.mark.parametrize(
    "traffic",
    [
        pytest.param(EQUAL, id="equal arms"),
        pytest.param(replace(EQUAL, canary=0.02), id="twice the errors"),
        pytest.param(replace(EQUAL, canary=0.02, drift=2.0, looks=5), id="a drift"),
    ],
)
def test_the_truth_stays_inside_at_every_look(traffic: Traffic) -> None:
    ratio, difference = coverage(traffic, FEWER)

    assert min(ratio, difference) >= 1 - ALPHA - SAMPLING_ERROR
