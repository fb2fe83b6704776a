"""Who may pick a version by header, and that it moves no share."""

import copy
from typing import Any

import pytest

from harness.rollouts import ROLLOUT, at_weight, deployed
from harness.serving_bodies import version_name
from harness.serving_world import ServingWorld

PREFIX = {"gateway": {"parentRefs": [{"name": "gateway"}], "path": "/iris"}}


def pickable(weight: int, **spec: Any) -> ServingWorld:
    """Return a world in which version 2 has ``weight`` and can be picked."""
    world = at_weight(weight, **spec)
    world.run_until(lambda w: picked(w) != {})
    return world


def rules(world: ServingWorld) -> list[dict[str, Any]]:
    """Return the rules of the route."""
    assert world.route is not None
    found: list[dict[str, Any]] = world.route["spec"]["rules"]
    return found


def picked(world: ServingWorld) -> dict[str, int]:
    """Return the number of the version that each value of the header reaches."""
    reached = {}
    for rule in rules(world)[:-1]:
        (match,), (backend,) = rule["matches"], rule["backendRefs"]
        (header,) = match["headers"]
        reached[header["value"]] = world.version_of(backend["name"].rpartition("-")[2])
    return reached


BOTH = {version_name(1): 1, version_name(2): 2}


@pytest.mark.parametrize("weight", [0, 25, 50, 100])
def test_both_versions_can_be_picked_whatever_the_share_of_the_canary(weight: int) -> None:
    assert picked(pickable(weight)) == BOTH


def test_a_picking_rule_has_every_default_and_the_path_of_the_weighted_one() -> None:
    world = pickable(25, traffic=PREFIX)
    first, *_, weighted = rules(world)
    path = {"type": "PathPrefix", "value": "/iris"}
    assert first == {
        "matches": [
            {
                "path": path,
                "headers": [
                    {"type": "Exact", "name": "x-checkrail-version", "value": version_name(1)}
                ],
            }
        ],
        "backendRefs": [{**weighted["backendRefs"][0], "weight": 1}],
        "filters": weighted["filters"],
    }
    assert weighted["matches"] == [{"path": path}]


def test_without_a_canary_nothing_can_be_picked() -> None:
    world = deployed()
    assert picked(world) == {}
    world.ask_for(2)
    world.settle()
    assert picked(world) == {}


def test_a_canary_without_a_ready_pod_cannot_be_picked() -> None:
    world = deployed()
    world.behaviour[2] = "silent"
    world.ask_for(2)
    for _ in range(15):
        world.run_pass()
        world.tick()
        assert picked(world) == {}
    assert world.status["canary"]["weight"] == 0


@pytest.mark.parametrize("weight", [0, 25])
def test_a_canary_that_is_taken_back_cannot_be_picked_from_the_same_write_on(weight: int) -> None:
    world = pickable(weight)
    world.edit(rollout={**ROLLOUT, "abort": version_name(2)})
    world.run_pass()
    assert (picked(world), world.status["rejected"][0]["version"]) == ({}, version_name(2))


def test_a_canary_that_is_not_asked_for_any_more_cannot_be_picked() -> None:
    world = pickable(25)
    world.ask_for(1)
    world.run_pass()
    assert picked(world) == {}


def test_the_name_of_a_version_that_both_serve_picks_the_canary() -> None:
    world = deployed()
    world.edit(server={"image": "server:other"})
    world.run_until(lambda w: picked(w) != {})
    (rule, _) = rules(world)
    assert rule["backendRefs"][0]["name"] == f"iris-{world.status['canary']['revision']}"
    assert picked(world) == {version_name(1): 1}


def test_a_route_whose_picking_rules_are_yet_to_come_splits_as_asked() -> None:
    """Otherwise each pod that comes or goes would make the share wait for the gateway's word."""
    world = pickable(25)
    told = world.planned().status
    assert world.route is not None
    del world.route["spec"]["rules"][:-1]
    assert world.planned().status == told


@pytest.mark.parametrize("change", ["no header", "another backend"])
def test_a_rule_that_looks_like_ours_but_takes_other_requests_is_told_and_taken_out(
    change: str,
) -> None:
    world = pickable(25)
    before = copy.deepcopy(rules(world))
    rule = rules(world)[0]
    if change == "no header":
        del rule["matches"][0]["headers"]
    else:
        rule["backendRefs"][0]["name"] = "iris-other"
    status = world.planned().status or {}
    (ready,) = (c for c in status["conditions"] if c["type"] == "Ready")
    assert "HTTPRoute team/iris is not as asked for" in ready["message"]
    world.run_pass()
    assert rules(world) == before
