from typing import Any

import pytest

from checkrail_api.rollout import Rollout, Step
from checkrail_operator.plan.deployment.canary_size import canary_pods, canary_pods_now
from harness.serving_bodies import model_deployment, version_name
from harness.serving_world import ServingWorld

STEPS = [{"weight": w, "holdSeconds": 10} for w in (5, 25, 50)]
ROLLOUT = {"steps": STEPS, "progressDeadlineSeconds": 20, "minRequests": 0}
SHARES = Rollout(steps=[Step(weight=w, hold_seconds=0) for w in (5, 25, 50)])
TO_THE_END = Rollout(steps=[Step(weight=w, hold_seconds=0) for w in (1, 100)])
PAUSED_FIRST = Rollout(steps=[Step.model_validate({"pause": {}}), Step(weight=50, hold_seconds=0)])


@pytest.mark.parametrize(
    ("rollout", "replicas", "weight", "pods"),
    [
        pytest.param(SHARES, 1, 0, 1, id="one pod is one pod, before the first step"),
        pytest.param(SHARES, 1, 100, 1, id="one pod is one pod, with everything"),
        pytest.param(SHARES, 4, 0, 1, id="a small share is rounded up"),
        pytest.param(SHARES, 4, 5, 1, id="a whole number is not"),
        pytest.param(SHARES, 4, 25, 2, id="half of them before it gets half"),
        pytest.param(SHARES, 4, 50, 4, id="all of them before it gets everything"),
        pytest.param(SHARES, 10, 5, 3, id="two and a half are three"),
        pytest.param(SHARES, 10, 33, 5, id="a share that the edited steps no longer have"),
        pytest.param(SHARES, 10, 100, 10, id="all of them while it has everything"),
        pytest.param(SHARES, 1000, 0, 50, id="no fraction is lost among many"),
        pytest.param(SHARES, 0, 25, 0, id="none where none are meant to run"),
        pytest.param(TO_THE_END, 100, 1, 100, id="steps that list everything"),
        pytest.param(PAUSED_FIRST, 4, 0, 2, id="a pause before the first share changes nothing"),
    ],
)
def test_pods_for_the_share_that_comes_next(
    rollout: Rollout, replicas: int, weight: int, pods: int
) -> None:
    assert canary_pods(rollout, replicas, weight) == pods


@pytest.mark.parametrize(
    ("needed", "asked", "at_most", "may_shrink", "pods"),
    [
        pytest.param(3, 1, 4, False, 3, id="it grows at once"),
        pytest.param(1, 3, 4, False, 3, id="it keeps pods that requests are under way to"),
        pytest.param(1, 3, 4, True, 1, id="it shrinks once nothing is under way to them"),
        pytest.param(1, 3, 2, False, 2, id="never more than the stable revision has"),
        pytest.param(0, 3, 0, False, 0, id="scaled to nothing"),
    ],
)
def test_no_pod_goes_too_early(
    needed: int, asked: int, at_most: int, pods: int, *, may_shrink: bool
) -> None:
    found = canary_pods_now(needed, asked=asked, at_most=at_most, may_shrink=may_shrink)
    assert found == pods


def deployed(replicas: int = 4) -> ServingWorld:
    world = ServingWorld(owner=model_deployment(rollout=ROLLOUT, replicas=replicas))
    world.settle()
    return world


def canary(world: ServingWorld) -> dict[str, Any]:
    found: dict[str, Any] = world.status.get("canary", {})
    return found


def pods_asked(world: ServingWorld) -> dict[int, int]:
    """Return how many pods the Deployments ask for, by version."""
    return {
        world.version_of(r): world.objects["apps/v1", "Deployment", f"iris-{r}"]["spec"]["replicas"]
        for r in world.revisions
    }


def at_weight(weight: int, replicas: int = 4) -> ServingWorld:
    world = deployed(replicas)
    world.ask_for(2)
    world.run_until(lambda w: canary(w).get("weight") == weight)
    return world


def message(world: ServingWorld) -> str:
    found: str = next(c["message"] for c in world.status["conditions"] if c["type"] == "Ready")
    return found


def test_the_canary_grows_with_its_share_beside_a_whole_stable_revision() -> None:
    world = deployed()
    world.ask_for(2)
    sizes: list[tuple[int, dict[int, int]]] = []
    while not world.is_quiet():
        world.run_pass()
        entry = (canary(world).get("weight", 100), pods_asked(world))
        if [entry] != sizes[-1:]:
            sizes.append(entry)
        world.tick()
    assert sizes == [
        (0, {1: 4, 2: 1}),
        (5, {1: 4, 2: 1}),
        (25, {1: 4, 2: 2}),
        (50, {1: 4, 2: 4}),
        (100, {1: 4, 2: 4}),
        (100, {2: 4}),
    ]


def test_a_share_grows_only_once_the_pods_for_it_are_there() -> None:
    world = deployed()
    world.servers.load = 0.0
    world.room[2] = 1
    world.ask_for(2)
    world.rest()
    assert canary(world)["weight"] == 25
    assert message(world) == (
        f"{version_name(2)} gets 25 % of the requests: 1 of 2 of its pods are ready"
    )
    world.room[2] = 4
    world.settle()
    assert pods_asked(world) == {2: 4}


@pytest.mark.parametrize("weight", [25, 50, 100])
def test_a_canary_that_is_taken_back_keeps_its_pods_until_nothing_reaches_them(
    weight: int,
) -> None:
    world = at_weight(weight)
    world.tick(3)
    asked = pods_asked(world)
    world.ask_for(1)
    while 2 in pods_asked(world):
        assert pods_asked(world) == asked
        world.run_pass()
        world.tick()
    assert pods_asked(world) == {1: 4}
    assert set(world.routed.values()) == {100}


def test_more_replicas_during_a_canary_take_nothing_back() -> None:
    world = at_weight(25)
    world.edit(replicas=12)
    world.run_pass()
    assert pods_asked(world) == {1: 12, 2: 6}
    world.settle()
    assert (pods_asked(world), world.refused) == ({2: 12}, [])


def test_fewer_replicas_during_a_canary_make_both_smaller() -> None:
    world = at_weight(25, replicas=8)
    assert pods_asked(world) == {1: 8, 2: 4}
    world.tick(6)
    world.edit(replicas=4)
    world.run_pass()
    assert pods_asked(world) == {1: 4, 2: 2}
    world.settle()
    assert pods_asked(world) == {2: 4}


@pytest.mark.parametrize("replicas", [40, 200])
def test_replicas_that_grow_when_the_deadline_is_over_take_no_version_back(replicas: int) -> None:
    world = deployed()
    world.gateway = "away"
    world.ask_for(2)
    for _ in range(25):
        world.run_pass()
        world.tick()
    world.edit(replicas=replicas)
    for _ in range(3):
        world.run_pass()
        world.tick()
    assert (canary(world)["weight"], world.refused) == (0, [])
    world.gateway = "accepts"
    world.settle()
    assert pods_asked(world) == {2: replicas}


def test_a_pod_that_is_missing_for_the_whole_deadline_still_takes_a_version_back() -> None:
    world = deployed(replicas=40)
    world.room[2] = 1
    world.ask_for(2)
    world.settle()
    assert pods_asked(world) == {1: 40}
    assert [r["reason"] for r in world.status["rejected"]] == ["ProgressDeadlineExceeded"]
    assert "not all of 2 pods were ready within 20 s" in message(world)
