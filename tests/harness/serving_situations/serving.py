"""One version serves, or its first one cannot."""

from typing import Any

from harness.serving_bodies import model_deployment, version_name
from harness.serving_world import ServingWorld

ROLLOUT = {
    "steps": [{"weight": 10, "holdSeconds": 3}, {"weight": 50, "holdSeconds": 3}],
    "progressDeadlineSeconds": 12,
}


def fresh(**spec: Any) -> ServingWorld:
    return ServingWorld(owner=model_deployment(rollout=ROLLOUT, **spec))


def deployed() -> ServingWorld:
    world = fresh()
    world.settle()
    return world


def version_missing() -> ServingWorld:
    return ServingWorld(versions={}, owner=model_deployment(rollout=ROLLOUT))


def version_missing_while_serving() -> ServingWorld:
    world = deployed()
    world.edit(model={"versionRef": {"name": version_name(9)}})
    return world


def first_version_crashes() -> ServingWorld:
    world = fresh()
    world.behaviour[1] = "crashing"
    world.run_pass()
    world.tick(6)
    return world


def first_version_lacks_its_secret() -> ServingWorld:
    world = fresh()
    world.behaviour[1] = "unconfigured"
    world.run_pass()
    world.tick()
    return world


def route_refused() -> ServingWorld:
    world = fresh()
    world.gateway = "refuses"
    world.run_until(lambda w: (w.condition("Ready") or ("", ""))[1] == "RouteNotAccepted")
    return world


def no_pod_answers() -> ServingWorld:
    world = deployed()
    world.behaviour[1] = "crashing"
    world.tick()
    return world


def record_deleted() -> ServingWorld:
    world = deployed()
    del world.versions[1]
    return world
