"""A canary gets its shares, or does not."""

from collections.abc import Callable

from harness.serving_bodies import model_version
from harness.serving_situations.every_field import EVERY_FIELD
from harness.serving_situations.serving import deployed, fresh
from harness.serving_world import ServingWorld


def canary_at(weight: int, beside: Callable[[], ServingWorld] = deployed) -> ServingWorld:
    """Return a world at the moment before the canary gets ``weight``."""
    world = beside()
    world.ask_for(2)
    for _ in range(60):
        canary = world.planned().status or {}
        if canary.get("canary", {}).get("weight") == weight:
            return world
        world.run_pass()
        world.tick()
    raise AssertionError(f"the canary never got {weight} %")


def run_until_the_canary_is_made(world: ServingWorld) -> None:
    """Pass and tick until version 2 has a revision."""
    world.run_until(lambda w: any(w.version_of(r) == 2 for r in w.revisions))


def canary_under_way() -> ServingWorld:
    world = canary_at(10)
    world.run_pass()
    world.tick(2)
    return world


def canary_of_compared_scores() -> ServingWorld:
    """Return a world in which a canary is about to be made beside a version with scores."""
    world = fresh()
    world.versions[1] = model_version(1, scores={"output": "probabilities", "edges": ["0.5"]})
    world.settle()
    world.ask_for(2)
    run_until_the_canary_is_made(world)
    return world


def about_to_be_stable() -> ServingWorld:
    world = canary_at(100)
    world.run_until(lambda w: "canary" not in (w.planned().status or {}))
    return world


def old_revision_may_go() -> ServingWorld:
    world = about_to_be_stable()
    while not world.planned().prune:
        world.run_pass()
        world.tick()
    return world


def canary_lacks_its_image() -> ServingWorld:
    world = deployed()
    world.behaviour[2] = "unpulled"
    world.ask_for(2)
    run_until_the_canary_is_made(world)
    world.tick()
    return world


def canary_lacks_authorities_of_its_log() -> ServingWorld:
    world = deployed()
    world.lacking["authorities"] = "ConfigMap authorities in namespace team"
    world.ask_for(2, server={"decisionLog": EVERY_FIELD["server"]["decisionLog"]})
    run_until_the_canary_is_made(world)
    world.tick()
    return world


def canary_crashes() -> ServingWorld:
    world = canary_under_way()
    world.behaviour[2] = "crashing"
    world.tick()
    return world


def rolled_back() -> ServingWorld:
    world = canary_crashes()
    world.settle()
    return world


def canary_too_late() -> ServingWorld:
    world = deployed()
    world.behaviour[2] = "silent"
    world.ask_for(2)
    world.run_pass()
    world.tick(12)
    return world


def canary_superseded() -> ServingWorld:
    world = canary_under_way()
    world.ask_for(3)
    return world


def spec_reverted() -> ServingWorld:
    world = canary_under_way()
    world.ask_for(1)
    return world
