"""Whole plans, one for each situation; each is idempotent, and repaired after any crash."""

import copy
import json
from dataclasses import asdict
from typing import Any

import pytest
import yaml
from syrupy.assertion import SnapshotAssertion

from checkrail_api.names import hash8
from harness.fake_cluster import OperatorDiedError
from harness.serving_situations import SITUATIONS
from harness.serving_world import ServingWorld

situations = pytest.mark.parametrize("situation", SITUATIONS)


@situations
def test_the_whole_plan(situation: str, snapshot: SnapshotAssertion) -> None:
    whole = situation.startswith("just created")
    assert readable(SITUATIONS[situation](), whole=whole) == snapshot


@situations
def test_a_plan_carried_out_and_seen_again_writes_nothing(situation: str) -> None:
    world = SITUATIONS[situation]()
    for _ in range(3):
        world.run_pass()
    calls, first = world.calls, world.planned()
    world.run_pass()
    assert (world.calls, world.planned()) == (calls, first)


@situations
def test_at_rest_later_plans_are_the_same_plan(situation: str) -> None:
    world = SITUATIONS[situation]()
    world.rest()
    first = world.planned()
    world.tick(3600)
    assert world.planned() == first


@situations
def test_a_crash_before_any_call_ends_in_the_same_rest(situation: str) -> None:
    start = SITUATIONS[situation]()
    undisturbed = copy.deepcopy(start)
    undisturbed.rest()
    for calls in range(calls_of(start)):
        world = copy.deepcopy(start)
        world.dies_after = world.calls + calls
        with pytest.raises(OperatorDiedError):
            world.run_pass()
        world.dies_after = None
        world.tick()
        world.rest()
        assert what_rests(world) == what_rests(undisturbed), f"after {calls} calls"


def calls_of(start: ServingWorld) -> int:
    world = copy.deepcopy(start)
    world.run_pass()
    return world.calls - start.calls


def what_rests(world: ServingWorld) -> dict[str, Any]:
    """Return everything but names, times and counts: a rollout that was held up counts more."""
    status = without_times(world.status)
    children = {key: what_it_says(body) for key, body in sorted(world.objects.items())}
    return {"children": children, "status": status, "routed": world.routed}


def what_it_says(child: Any) -> Any:
    """Return a child's spec, or what it says of a candidate but for the time of the attempt."""
    if child["kind"] != "ConfigMap":
        return child["spec"]
    candidate: dict[str, Any] = json.loads(child["data"]["candidate.json"])
    return {k: v for k, v in candidate.items() if k != "attempt"}


def without_times(value: Any) -> Any:
    match value:
        case dict():
            timeless = {"since", "time", "lastTransitionTime", "from", "to", "started", "checks"}
            timeless |= {"comparingSince"}
            return {k: without_times(v) for k, v in value.items() if k not in timeless}
        case list():
            return [without_times(item) for item in value]
        case _:
            return value


def readable(world: ServingWorld, *, whole: bool) -> str:
    """Return the plan as YAML; unless ``whole``, pod templates are shown by their hash."""
    plan = asdict(copy.deepcopy(world.planned()))
    for child in plan["children"]:
        if child["kind"] == "Deployment" and not whole:
            child["spec"]["template"] = hash8(child["spec"]["template"])
    return yaml.dump(plain(plan), Dumper=NoAliases, sort_keys=False, width=120)


def plain(value: Any) -> Any:
    match value:
        case dict():
            return {k: plain(v) for k, v in value.items() if v not in (None, (), [])}
        case list() | tuple():
            return [plain(item) for item in value]
        case _:
            return value


class NoAliases(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True
