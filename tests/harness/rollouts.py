"""Rollouts by three shares, as their tests look at them: how far they have come, what they say."""

from typing import Any

from harness.serving_bodies import model_deployment
from harness.serving_world import ServingWorld

STEPS = [{"weight": w, "holdSeconds": 5} for w in (5, 25, 50)]
ROLLOUT = {"steps": STEPS, "progressDeadlineSeconds": 20, "minRequests": 0}

STABLE = {
    "Available": ("True", "Serving"),
    "Progressing": ("False", "Stable"),
    "Ready": ("True", "Stable"),
    "TrafficConverged": ("True", "Converged"),
}
ROLLED_BACK = {
    "Available": ("True", "Serving"),
    "Progressing": ("False", "RolledBack"),
    "Ready": ("False", "RolledBack"),
    "Stalled": ("True", "RolledBack"),
    "TrafficConverged": ("True", "Converged"),
}


def deployed(**spec: Any) -> ServingWorld:
    """Return a world in which version 1 serves."""
    world = ServingWorld(owner=model_deployment(rollout=ROLLOUT, **spec))
    world.settle()
    return world


def at_weight(weight: int, **spec: Any) -> ServingWorld:
    """Return a world in which version 2 has reached ``weight``, and the gateway knows."""
    world = deployed(**spec)
    world.ask_for(2)
    world.run_until(lambda w: canary_weight(w) == weight)
    world.tick(3)
    return world


def canary_weight(world: ServingWorld) -> int | None:
    """Return the share of the canary as status tells it, percent."""
    weight: int | None = world.status.get("canary", {}).get("weight")
    return weight


def serving(world: ServingWorld) -> dict[int, float]:
    """Return the split that the gateway makes, by version."""
    return {world.version_of(revision): share for revision, share in world.routed.items()}


def conditions(world: ServingWorld) -> dict[str, tuple[str, str]]:
    """Return status and reason of every condition, by its type."""
    return {c["type"]: (c["status"], c["reason"]) for c in world.status["conditions"]}


def message(world: ServingWorld) -> str:
    """Return what Ready says."""
    found: str = next(c["message"] for c in world.status["conditions"] if c["type"] == "Ready")
    return found


def message_of_next_pass(world: ServingWorld) -> str:
    """Return what Ready would say after the next pass."""
    status = world.planned().status or {}
    found: str = next(c["message"] for c in status["conditions"] if c["type"] == "Ready")
    return found
