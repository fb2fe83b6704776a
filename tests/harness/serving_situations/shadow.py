"""A candidate is compared in shadow."""

from typing import Any

from harness.serving_bodies import model_deployment
from harness.serving_situations.serving import ROLLOUT
from harness.serving_world import ServingWorld
from harness.shadowing_servers import ShadowBehaviour


def compared_in_shadow(**shadow: Any) -> ServingWorld:
    """Return a world in which version 2 is about to be compared with version 1."""
    world = ServingWorld(owner=model_deployment(rollout={**ROLLOUT, "shadow": shadow}))
    world.settle()
    world.ask_for(2)
    return world


def shadow_begins() -> ServingWorld:
    world = compared_in_shadow()
    world.servers.load = 0.0
    return world


def shadow_under_way() -> ServingWorld:
    world = compared_in_shadow(seconds=3600, minRequests=10**9)
    world.run_until(lambda w: w.status.get("shadow", {}).get("compared", 0) > 1000)
    world.servers.load = 0.0  # one that goes on counting never rests
    world.tick()
    return world


def shadow_without_its_version() -> ServingWorld:
    world = shadow_under_way()
    del world.versions[2]
    return world


def shadow_passes() -> ServingWorld:
    world = compared_in_shadow(seconds=10)
    world.run_until(lambda w: "canary" in (w.planned().status or {}))
    return world


def shadow_disagrees() -> ServingWorld:
    world = compared_in_shadow()
    world.shadowing.behaviour = ShadowBehaviour(flips=0.5)
    world.run_until(lambda w: bool((w.planned().status or {}).get("rejected")))
    return world
