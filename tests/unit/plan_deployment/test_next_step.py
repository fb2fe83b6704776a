from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from checkrail_api.rollout import Rollout
from checkrail_api.rollout import Step as SpecStep
from checkrail_operator.plan.deployment.rollout import (
    DRAIN,
    CanarySeen,
    Move,
    Step,
    hold,
    next_step,
    next_weight,
    steps_entered,
)

T0 = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
HOLD = timedelta(seconds=60)
ROLLOUT = Rollout(steps=[SpecStep(weight=w, hold_seconds=60) for w in (5, 25, 50)])
TO_THE_END = Rollout(steps=[SpecStep(weight=w, hold_seconds=60) for w in (10, 100)])

FRESH = CanarySeen(weight=0, since=T0, now=T0 + timedelta(seconds=20), answered=100)
HELD = replace(FRESH, weight=5, now=T0 + HOLD)
WHOLE = replace(FRESH, weight=100, now=T0 + DRAIN)
GOING = replace(HELD, withdrawn=True)
GONE = replace(GOING, weight=0, now=T0 + DRAIN)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("seen", "want"),
    [
        pytest.param(FRESH, Step(5, Move.ADVANCING, HOLD), id="a ready canary gets its first step"),
        pytest.param(
            replace(FRESH, ready=False),
            Step(0, Move.WAITING_FOR_REPLICAS),
            id="a canary with a missing pod gets nothing",
        ),
        pytest.param(
            replace(FRESH, accepted=False),
            Step(0, Move.WAITING_FOR_ROUTE),
            id="nothing grows before the gateway knows the canary",
        ),
        pytest.param(
            HELD, Step(25, Move.ADVANCING, HOLD), id="a hold that is over climbs one step"
        ),
        pytest.param(
            replace(HELD, now=T0 + HOLD - SECOND),
            Step(5, Move.HOLDING, SECOND),
            id="the rest of a hold is waited for",
        ),
        pytest.param(
            replace(HELD, now=T0 + 100 * HOLD),
            Step(25, Move.ADVANCING, HOLD),
            id="a long absence skips no step",
        ),
        pytest.param(
            replace(HELD, accepted=False),
            Step(5, Move.WAITING_FOR_ROUTE),
            id="a share that the gateway has not taken up is not followed by another",
        ),
        pytest.param(
            replace(HELD, ready=False),
            Step(5, Move.WAITING_FOR_REPLICAS),
            id="a canary that lost one pod stays where it is",
        ),
        pytest.param(
            replace(HELD, ready=False, serving=False),
            Step(0, Move.LOST),
            id="a canary that lost every pod gives its share back",
        ),
        pytest.param(
            replace(HELD, ready=False, serving=False, stable_serving=False),
            Step(5, Move.WAITING_FOR_REPLICAS),
            id="a share is given back only to pods that answer",
        ),
        pytest.param(
            replace(HELD, stable_serving=False),
            Step(25, Move.ADVANCING, HOLD),
            id="a stable revision without pods does not stop the one that may mend it",
        ),
        pytest.param(
            replace(HELD, weight=50), Step(100, Move.ADVANCING, DRAIN), id="the last step is left"
        ),
        pytest.param(
            replace(HELD, weight=33),
            Step(50, Move.ADVANCING, HOLD),
            id="a share that the edited steps no longer have climbs to the next one",
        ),
        pytest.param(WHOLE, Step(100, Move.PROMOTED), id="all of the traffic for long enough"),
        pytest.param(
            replace(WHOLE, now=T0 + DRAIN - SECOND),
            Step(100, Move.HOLDING, SECOND),
            id="requests under way on the old pods end first",
        ),
        pytest.param(
            replace(WHOLE, accepted=False),
            Step(100, Move.WAITING_FOR_ROUTE),
            id="no promotion before the gateway sends everything",
        ),
        pytest.param(GOING, Step(0, Move.WITHDRAWING, DRAIN), id="the way down is one move"),
        pytest.param(
            replace(GOING, accepted=False),
            Step(0, Move.WITHDRAWING, DRAIN),
            id="the way down waits for nothing",
        ),
        pytest.param(
            replace(GOING, stable_serving=False),
            Step(5, Move.NO_WAY_BACK),
            id="no request is sent back to pods that do not answer",
        ),
        pytest.param(
            replace(GOING, stable_serving=False, serving=False),
            Step(0, Move.WITHDRAWING, DRAIN),
            id="where nothing answers, the stable revision is the way back",
        ),
        pytest.param(GONE, Step(0, Move.WITHDRAWN), id="nothing reaches it any more"),
        pytest.param(
            replace(GONE, accepted=False),
            Step(0, Move.WAITING_FOR_ROUTE),
            id="it stays until the gateway sends it nothing",
        ),
        pytest.param(
            replace(GONE, now=T0 + DRAIN - SECOND),
            Step(0, Move.DRAINING, SECOND),
            id="requests under way on the canary end first",
        ),
    ],
)
def test_next_step(seen: CanarySeen, want: Step) -> None:
    assert next_step(ROLLOUT, seen) == want


def test_a_healthy_canary_visits_every_share_once_then_is_promoted() -> None:
    seen, shares = FRESH, [0]
    while (step := next_step(ROLLOUT, seen)).move is not Move.PROMOTED:
        if step.weight != seen.weight:
            shares.append(step.weight)
            seen = replace(seen, weight=step.weight, since=seen.now)
        seen = replace(seen, now=seen.now + SECOND)
    assert shares == [0, 5, 25, 50, 100]


@pytest.mark.parametrize(
    ("rollout", "weight", "want"),
    [
        pytest.param(ROLLOUT, 0, timedelta(0), id="nothing is held for nothing"),
        pytest.param(ROLLOUT, 5, HOLD, id="a step"),
        pytest.param(ROLLOUT, 33, HOLD, id="between steps"),
        pytest.param(ROLLOUT, 100, DRAIN, id="everything, not listed"),
        pytest.param(TO_THE_END, 100, HOLD, id="everything, listed with a longer hold"),
        pytest.param(
            Rollout(steps=[SpecStep(weight=100, hold_seconds=0)]),
            100,
            DRAIN,
            id="everything, listed with no hold",
        ),
    ],
)
def test_hold(rollout: Rollout, weight: int, want: timedelta) -> None:
    assert hold(rollout, weight) == want


def test_steps_are_counted_and_followed_by_weight() -> None:
    weights = [0, 5, 24, 25, 50, 100]
    assert [steps_entered(ROLLOUT, w) for w in weights] == [0, 1, 1, 2, 3, 3]
    assert [next_weight(ROLLOUT, w) for w in weights] == [5, 25, 25, 50, 100, 100]
