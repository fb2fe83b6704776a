"""From share to share in virtual time: up step by step, and back again."""

import pytest

from harness.rollouts import (
    STABLE,
    at_weight,
    canary_weight,
    conditions,
    deployed,
    serving,
)
from harness.serving_bodies import version_name
from harness.serving_world import ServingWorld


def test_the_first_version_goes_straight_to_all_of_the_traffic() -> None:
    world = ServingWorld()
    world.run_pass()
    assert conditions(world) == {
        "Available": ("False", "NotServing"),
        "Progressing": ("True", "FirstRollout"),
        "Ready": ("False", "FirstRollout"),
        "Reconciling": ("True", "FirstRollout"),
        "TrafficConverged": ("Unknown", "RoutePending"),
    }
    world.settle()
    assert conditions(world) == STABLE
    assert serving(world) == {1: 100}


def test_a_healthy_rollout_visits_every_share_once_then_rests() -> None:
    world = deployed()
    world.ask_for(2)
    shares: list[dict[int, int]] = []
    while not world.is_quiet():
        world.run_pass()
        split = {world.version_of(r): share for r, share in world.written.items()}
        if [split] != shares[-1:]:
            shares.append(split)
        world.tick()
    assert shares == [
        {1: 100, 2: 0},
        {1: 95, 2: 5},
        {1: 75, 2: 25},
        {1: 50, 2: 50},
        {1: 0, 2: 100},
        {2: 100},
    ]
    assert conditions(world) == STABLE
    assert [key[1] for key in sorted(world.objects)] == [
        "Deployment",
        "HTTPRoute",
        "NetworkPolicy",
        "Service",
        "Service",
    ]


def test_events_tell_who_got_which_share_and_the_promotion() -> None:
    world = deployed()
    world.ask_for(2)
    notes: list[str] = []
    while not world.is_quiet():
        notes += [e.note for e in world.run_pass().events if ", revision " in e.note]
        world.tick()
    name = f"{version_name(2)}, revision {world.status['stable']['revision']}"
    assert notes == [
        f"{name}: 0 -> 5 % of the requests",
        f"{name}: 5 -> 25 % of the requests",
        f"{name}: 25 -> 50 % of the requests",
        f"{name}: 50 -> 100 % of the requests",
        f"{name}: promoted, all of the requests",
    ]


@pytest.mark.parametrize("weight", [0, 5, 50, 100])
def test_asking_for_the_stable_version_again_takes_the_canary_back(weight: int) -> None:
    world = at_weight(weight)
    world.ask_for(1)
    world.settle()
    assert conditions(world) == STABLE
    assert serving(world) == {1: 100}
    assert "rejected" not in world.status or world.status["rejected"] == []


def test_a_newer_version_replaces_the_canary_and_climbs_from_the_first_step() -> None:
    world = at_weight(25)
    world.ask_for(3)
    splits: list[dict[int, int]] = []
    while not world.is_quiet():
        world.run_pass()
        split = {world.version_of(r): share for r, share in world.written.items()}
        if [split] != splits[-1:]:
            splits.append(split)
        world.tick()
    assert splits == [
        {1: 100, 2: 0},
        {1: 100},
        {1: 100, 3: 0},
        {1: 95, 3: 5},
        {1: 75, 3: 25},
        {1: 50, 3: 50},
        {1: 0, 3: 100},
        {3: 100},
    ]


def test_a_canary_that_loses_all_its_pods_gives_its_share_back_and_climbs_again() -> None:
    world = at_weight(25)
    world.behaviour[2] = "silent"
    world.run_until(lambda w: canary_weight(w) == 0)
    assert "Stalled" not in conditions(world)
    world.behaviour[2] = "healthy"
    world.settle()
    assert serving(world) == {2: 100}
