"""A first version has nothing to go back to: it is told what it lacks, and recovers by itself."""

from datetime import timedelta
from typing import Any

import pytest

from harness.rollouts import (
    ROLLOUT,
    STABLE,
    conditions,
    message_of_next_pass,
    serving,
)
from harness.serving_bodies import model_deployment
from harness.serving_world import ServingWorld


@pytest.mark.parametrize(
    ("status", "why"),
    [
        pytest.param(
            {"conditions": [{"type": "ReplicaFailure", "status": "True", "message": "no quota"}]},
            "a pod cannot be made: no quota",
            id="its Deployment says why",
        ),
        pytest.param(
            {},
            "its Deployment has made no pod: kubectl describe deployment -n team ",
            id="its Deployment says nothing",
        ),
    ],
)
def test_a_version_without_any_pod_says_who_knows_why(status: dict[str, Any], why: str) -> None:
    world = ServingWorld(owner=model_deployment(rollout=ROLLOUT))
    world.run_pass()
    (made,) = (body for key, body in world.objects.items() if key[1] == "Deployment")
    made["status"] = status
    world.now += timedelta(seconds=20)

    said = message_of_next_pass(world)

    name = "" if status else made["metadata"]["name"]
    assert f"not all of 1 pods were ready within 20 s: {why}{name}." in said


def test_a_first_version_that_cannot_start_stalls_and_recovers_by_itself() -> None:
    world = ServingWorld(behaviour={1: "crashing"})
    world.settle()
    assert conditions(world) == {
        "Available": ("False", "NotServing"),
        "Progressing": ("False", "CrashLoop"),
        "Ready": ("False", "CrashLoop"),
        "Stalled": ("True", "CrashLoop"),
        "TrafficConverged": ("True", "Converged"),
    }
    world.behaviour[1] = "healthy"
    world.tick(10)
    world.settle()
    assert conditions(world) == STABLE


def test_a_first_version_that_cannot_start_is_replaced_at_once() -> None:
    world = ServingWorld(behaviour={1: "crashing"})
    world.settle()
    world.ask_for(2)
    world.settle()
    assert serving(world) == {2: 100}
    assert {world.version_of(r) for r in world.written} == {2}
