"""Rollouts without a gateway, in virtual time: pods behind one Service make the split."""

import pytest

from checkrail_api.names import LABEL_REVISION
from harness.replica_ratio import (
    ROLLOUT,
    at_weight,
    deployed,
    message,
    pods_asked,
    selects,
    shares,
    told,
    weight_of,
)
from harness.serving_bodies import model_deployment, version_name
from harness.serving_cluster import FRONT
from harness.serving_world import ServingWorld


def test_the_first_version_is_served_by_the_service_alone() -> None:
    world = deployed()
    assert sorted(key[1] for key in world.objects) == [
        "Deployment",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "Service",
        "Service",
    ]
    assert (selects(world), shares(world)) == (1, {1: 100})
    assert world.condition("Ready") == ("True", "Stable")
    assert world.condition("TrafficConverged") == ("True", "Converged")
    assert world.status["url"] == "http://iris.team.svc"


def test_a_healthy_rollout_visits_every_share_and_no_request_finds_no_pod() -> None:
    world = deployed()
    world.ask_for(2)
    visited: list[tuple[int, int | None, dict[int, int]]] = []
    while not world.is_quiet():
        world.run_pass()
        entry = (weight_of(world), selects(world), pods_asked(world))
        if [entry] != visited[-1:]:
            visited.append(entry)
        world.tick()
    assert visited == [
        (0, 1, {1: 4, 2: 1}),
        (5, None, {1: 4, 2: 1}),
        (25, None, {1: 4, 2: 1}),
        (25, None, {1: 4, 2: 4}),
        (50, None, {1: 4, 2: 4}),
        (100, 2, {1: 4, 2: 4}),
        (100, 2, {2: 4}),
    ]
    assert world.unanswered == 0
    assert shares(world) == {2: 100}


@pytest.mark.parametrize(
    ("replicas", "weight", "reachable"),
    [
        pytest.param(4, 0, 0, id="nothing before the first step"),
        pytest.param(11, 5, 8, id="desired 5, reachable 8"),
        pytest.param(4, 25, 20, id="the nearest share that four pods allow"),
        pytest.param(1, 25, 50, id="one pod beside one"),
        pytest.param(4, 50, 50, id="half"),
        pytest.param(4, 100, 100, id="everything"),
    ],
)
def test_the_reachable_share_is_used_and_shown(replicas: int, weight: int, reachable: int) -> None:
    world = at_weight(weight, replicas=replicas)
    world.run_pass()
    one, two = version_name(1), version_name(2)
    assert told(world, "desiredPercent") == {one: 100 - weight, two: weight}
    assert told(world, "reachablePercent") == {one: 100 - reachable, two: reachable}
    assert shares(world) == {n: s for n, s in ((1, 100 - reachable), (2, reachable)) if s}
    if weight not in {0, 100}:
        words = f"desired {weight}, reachable {reachable}: "
        assert f"gets {reachable} % of the requests ({words}" in message(world)
        assert words in message(world, "TrafficConverged")


def test_a_step_begins_only_once_the_pods_of_its_share_are_ready() -> None:
    world = at_weight(25)
    world.room[2] = 3
    for _ in range(30):
        world.run_pass()
        world.tick()
    assert (weight_of(world), pods_asked(world)) == (25, {1: 4, 2: 4})
    assert world.condition("TrafficConverged") == ("False", "WaitingForReplicas")
    assert "its next share waits for pods, 3 of 4 of its pods are ready" in message(world)
    world.room[2] = 4
    began = world.now
    world.run_until(lambda w: weight_of(w) == 50)
    assert (world.now - began).total_seconds() <= 8
    assert shares(world) == {1: 50, 2: 50}


def test_the_hold_of_a_step_begins_with_its_share() -> None:
    world = at_weight(25)
    world.run_until(lambda w: weight_of(w) == 50)
    began = world.now
    world.run_until(lambda w: weight_of(w) == 100)
    assert 10 <= (world.now - began).total_seconds() <= 12


def test_no_share_is_given_while_a_stable_pod_is_missing() -> None:
    world = deployed()
    world.room[1] = 2
    world.ask_for(2)
    for _ in range(30):
        world.run_pass()
        world.tick()
    assert (weight_of(world), selects(world)) == (0, 1)
    assert f"2 of 4 pods of {version_name(1)} are ready" in message(world)
    world.room[1] = 4
    world.settle()
    assert shares(world) == {2: 100}


def test_a_stable_version_that_answers_nothing_holds_up_no_cure() -> None:
    world = deployed()
    world.behaviour[1] = "crashing"
    world.ask_for(2)
    world.settle()
    assert shares(world) == {2: 100}


@pytest.mark.parametrize(
    ("weight", "back"),
    [
        *((weight, "asked for again") for weight in (5, 25, 50, 100)),
        *((weight, "aborted") for weight in (5, 25, 50, 100)),
        *((weight, "crashing") for weight in (5, 25, 50)),  # at 100 nothing else would answer
    ],
)
def test_a_canary_leaves_the_service_before_its_pods_end(weight: int, back: str) -> None:
    world = at_weight(weight)
    asked = pods_asked(world)
    if back == "asked for again":
        world.ask_for(1)
    elif back == "aborted":
        world.edit(rollout={**ROLLOUT, "abort": version_name(2)})
    else:
        world.behaviour[2] = "crashing"
    left = None
    while 2 in pods_asked(world):
        assert pods_asked(world)[1] == 4
        world.run_pass()
        if selects(world) == 1 and left is None:
            left = world.now
        if 2 in pods_asked(world):
            assert pods_asked(world) == asked
        world.tick()
    assert left is not None
    assert (world.now - left).total_seconds() >= 5
    world.settle()
    assert (pods_asked(world), shares(world), world.unanswered) == ({1: 4}, {1: 100}, 0)


def test_a_canary_that_loses_all_its_pods_leaves_the_service_and_climbs_again() -> None:
    world = at_weight(50)
    world.behaviour[2] = "silent"
    world.run_until(lambda w: weight_of(w) == 0)
    assert selects(world) == 1
    world.behaviour[2] = "healthy"
    world.run_until(lambda w: selects(w) is None)
    assert (weight_of(world), pods_asked(world)) == (5, {1: 4, 2: 1})
    world.settle()
    assert (shares(world), world.refused) == ({2: 100}, [])


def test_a_canary_held_up_gives_back_the_pods_of_the_next_share() -> None:
    world = at_weight(25)
    world.room[2] = 1
    world.run_until(lambda w: pods_asked(w) == {1: 4, 2: 4})
    world.edit(suspend=True)
    world.run_pass()
    assert (weight_of(world), pods_asked(world)) == (25, {1: 4, 2: 1})
    world.room[2] = 4
    world.edit(suspend=False)
    world.settle()
    assert shares(world) == {2: 100}


def test_pods_of_an_earlier_candidate_get_no_request() -> None:
    world = at_weight(25)
    world.ask_for(3)
    while not world.is_quiet():
        world.run_pass()
        if selects(world) is None:
            assert {world.version_of(r) for r in world.revisions} in ({1, 2}, {1, 3})
        world.tick()
    assert (shares(world), world.unanswered) == ({3: 100}, 0)


def test_pods_that_an_earlier_candidate_left_behind_are_named() -> None:
    world = at_weight(25)
    (second,) = (r for r in world.revisions if world.version_of(r) == 2)
    orphans = {name: pod for name, pod in world.pods.items() if second in name}
    world.ask_for(3)
    world.run_until(lambda w: 3 in pods_asked(w))
    world.pods |= orphans
    for _ in range(30):
        world.run_pass()
        world.tick()
    assert (weight_of(world), selects(world)) == (0, 1)
    assert f"pods of revision {second} are still there" in message(world)
    assert f"checkrail.dev/revision in ({second})'" in message(world)
    for name in orphans:
        del world.pods[name]
    world.settle()
    assert shares(world) == {3: 100}


@pytest.mark.parametrize("weight", [5, 25, 50])
@pytest.mark.parametrize("version", [1, 2])
def test_a_share_that_somebody_gave_by_the_selector_is_not_believed(
    weight: int, version: int
) -> None:
    world = at_weight(weight)
    before, since = world.objects[FRONT]["spec"]["selector"], world.status["canary"]["since"]
    (only,) = (r for r in world.revisions if world.version_of(r) == version)
    world.objects[FRONT]["spec"]["selector"] = {**before, LABEL_REVISION: only}
    world.run_pass()
    assert world.objects[FRONT]["spec"]["selector"] == before
    assert world.status["canary"]["since"] == since


@pytest.mark.parametrize("labels", [{}, {"other": "label"}])
def test_a_selector_edited_by_hand_is_put_right(labels: dict[str, str]) -> None:
    world = deployed()
    before = world.objects[FRONT]["spec"]["selector"]
    world.objects[FRONT]["spec"]["selector"] = {**before, **labels, LABEL_REVISION: "ffffffff"}
    world.run_pass()
    assert world.objects[FRONT]["spec"]["selector"] == before
    world.objects[FRONT]["spec"]["selector"] = {**before, "other": "label"}
    world.run_pass()
    assert world.objects[FRONT]["spec"]["selector"] == before


GATEWAY = {"gateway": {"parentRefs": [{"name": "gateway", "namespace": "infra"}]}}


def test_a_gateway_that_is_added_takes_over_the_split() -> None:
    world = at_weight(25)
    world.edit(traffic=GATEWAY)
    world.run_pass()
    assert selects(world) == 1
    assert sorted(world.written.values()) == [25, 75]
    world.settle()
    assert shares(world) == {2: 100}


def test_a_gateway_that_is_taken_away_leaves_no_route_and_the_steps_begin_anew() -> None:
    world = ServingWorld(owner=model_deployment(rollout=ROLLOUT, replicas=4))
    world.settle()
    world.ask_for(2)
    world.run_until(lambda w: weight_of(w) == 25)
    world.edit(traffic={})
    world.run_pass()
    assert world.route is None
    assert (weight_of(world), selects(world)) == (0, 1)
    world.run_until(lambda w: weight_of(w) == 5)
    assert pods_asked(world) == {1: 4, 2: 1}
    world.settle()
    assert (selects(world), shares(world)) == (2, {2: 100})
