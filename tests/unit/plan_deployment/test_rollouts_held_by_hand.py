"""Pauses, promotion, abortion and suspension: a person decides, whatever the steps say."""

from __future__ import annotations

from typing import Any

import pytest

from checkrail_api.rollout import Rollout
from checkrail_operator.plan.deployment.rollout import pauses_after
from harness.serving_bodies import model_deployment, version_name
from harness.serving_world import ServingWorld

PAUSE: dict[str, Any] = {"pause": {}}


def share(weight: int) -> dict[str, Any]:
    return {"weight": weight, "holdSeconds": 5}


def rollout(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"steps": list(steps), "progressDeadlineSeconds": 20, **more}


TWO = rollout(share(5), PAUSE, share(50), PAUSE)
ONE_STEP = rollout(share(50))
ALWAYS = 300


def asked_for(number: int, of: dict[str, Any], **spec: Any) -> ServingWorld:
    """Return a world in which version 1 serves and version ``number`` was asked for long ago."""
    world = ServingWorld(owner=model_deployment(rollout=of))
    world.settle()
    world.ask_for(number, rollout=of, **spec)
    after_long(world)
    return world


def after_long(world: ServingWorld) -> None:
    """Let more time pass than any hold takes."""
    for _ in range(ALWAYS):
        world.tick()
        world.run_pass()


def serving(world: ServingWorld) -> dict[int, float]:
    return {world.version_of(revision): share for revision, share in world.routed.items()}


def ready(world: ServingWorld) -> tuple[str, str]:
    found = next(c for c in world.status["conditions"] if c["type"] == "Ready")
    return found["status"], found["reason"]


def said(world: ServingWorld) -> str:
    found: str = next(c["message"] for c in world.status["conditions"] if c["type"] == "Ready")
    return found


@pytest.mark.parametrize(
    ("steps", "weight", "pauses"),
    [
        pytest.param((share(5), PAUSE, share(50)), 5, True, id="after its share"),
        pytest.param((share(5), PAUSE, share(50)), 0, False, id="not before it"),
        pytest.param((share(5), PAUSE, share(50)), 50, False, id="not after the next"),
        pytest.param((share(5), PAUSE, share(50)), 20, True, id="a share no longer listed"),
        pytest.param((PAUSE, share(50)), 0, True, id="before the first share"),
        pytest.param((share(50), PAUSE), 50, True, id="before everything"),
        pytest.param((share(5), PAUSE, PAUSE, share(50)), 5, True, id="two in a row"),
        pytest.param((share(5), share(50)), 5, False, id="none listed"),
    ],
)
def test_a_pause_follows_a_share(
    steps: tuple[dict[str, Any], ...], weight: int, *, pauses: bool
) -> None:
    assert pauses_after(Rollout.model_validate({"steps": steps}), weight) is pauses


def test_a_rollout_stays_at_a_pause_and_says_how_to_go_on() -> None:
    world = asked_for(2, TWO)

    assert serving(world) == {1: 95, 2: 5}
    assert ready(world) == ("Unknown", "Paused")
    assert world.status["step"] == "1/2"
    assert said(world) == (
        "iris-00000002 gets 5 % of the requests: paused. Set spec.rollout.promote to "
        "iris-00000002 to go on, or spec.rollout.abort to take it back"
    )


def test_promotion_passes_every_pause() -> None:
    world = asked_for(2, TWO)

    world.edit(rollout={**TWO, "promote": version_name(2)})
    after_long(world)

    assert serving(world) == {2: 100}
    assert ready(world) == ("True", "Stable")


def test_a_promotion_of_another_version_passes_no_pause() -> None:
    world = asked_for(3, {**TWO, "promote": version_name(2)})

    assert serving(world) == {1: 95, 3: 5}


def test_an_aborted_version_is_taken_back_and_stays_away() -> None:
    world = asked_for(2, TWO)

    world.edit(rollout={**TWO, "abort": version_name(2)})
    after_long(world)

    assert serving(world) == {1: 100}
    assert ready(world) == ("False", "RolledBack")
    assert [(each["version"], each["reason"]) for each in world.status["rejected"]] == [
        (version_name(2), "Aborted")
    ]
    world.edit(rollout=TWO)
    after_long(world)
    assert serving(world) == {1: 100}


def test_a_version_aborted_beforehand_gets_no_pod() -> None:
    world = asked_for(2, {**ONE_STEP, "abort": version_name(2)})

    assert serving(world) == {1: 100}
    assert len(world.pods) == 1
    assert ready(world) == ("False", "RolledBack")


def test_an_aborted_version_may_try_again_when_asked() -> None:
    world = asked_for(2, {**ONE_STEP, "abort": version_name(2)})

    world.edit(rollout={**ONE_STEP, "retry": "once more"})
    after_long(world)

    assert serving(world) == {2: 100}


def test_aborting_what_serves_changes_nothing() -> None:
    world = ServingWorld(owner=model_deployment(rollout=ONE_STEP))
    world.settle()

    world.edit(rollout={**ONE_STEP, "abort": version_name(1)})
    after_long(world)

    assert serving(world) == {1: 100}
    assert ready(world) == ("True", "Stable")


def test_nothing_new_begins_while_suspended() -> None:
    world = asked_for(2, ONE_STEP, suspend=True)

    assert serving(world) == {1: 100}
    assert len(world.pods) == 1
    assert ready(world) == ("Unknown", "Suspended")
    assert said(world) == (
        "iris-00000002 is not begun while spec.suspend is true; iris-00000001 serves"
    )

    world.edit(suspend=False)
    after_long(world)

    assert serving(world) == {2: 100}


def test_a_first_version_does_not_begin_while_suspended() -> None:
    world = ServingWorld(owner=model_deployment(rollout=ONE_STEP, suspend=True))
    after_long(world)

    assert world.pods == {}
    assert ready(world) == ("Unknown", "Suspended")


def test_a_rollout_under_way_keeps_its_share_while_suspended_and_is_taken_back_if_it_fails() -> (
    None
):
    world = asked_for(2, TWO)
    world.edit(rollout={**TWO, "promote": version_name(2)}, suspend=True)
    after_long(world)

    assert serving(world) == {1: 95, 2: 5}
    assert ready(world) == ("Unknown", "Suspended")

    world.behaviour[2] = "crashing"
    after_long(world)

    assert serving(world) == {1: 100}
