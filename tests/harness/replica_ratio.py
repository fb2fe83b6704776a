"""Rollouts without a gateway, as tests look at them: shares, pods, what the Service selects."""

from typing import Any

from checkrail_api.names import LABEL_REVISION
from harness.serving_bodies import model_deployment
from harness.serving_cluster import FRONT
from harness.serving_world import ServingWorld

STEPS = [{"weight": w, "holdSeconds": 10} for w in (5, 25, 50)]
ROLLOUT: dict[str, Any] = {"steps": STEPS, "progressDeadlineSeconds": 20, "minRequests": 0}


def without_gateway(**spec: Any) -> ServingWorld:
    """Return a world that nothing serves in yet."""
    owner = model_deployment(**{"rollout": ROLLOUT, "replicas": 4, **spec})
    del owner["spec"]["traffic"]
    return ServingWorld(owner=owner)


def deployed(**spec: Any) -> ServingWorld:
    """Return a world in which version 1 serves."""
    world = without_gateway(**spec)
    world.settle()
    world.unanswered = 0.0  # nothing served before the first version did
    return world


def at_weight(weight: int, **spec: Any) -> ServingWorld:
    """Return a world in which version 2 has reached ``weight``, and kube-proxy knows."""
    world = deployed(**spec)
    world.ask_for(2)
    world.run_until(lambda w: weight_of(w) == weight)
    world.tick(3)
    return world


def weight_of(world: ServingWorld) -> int:
    """Return the canary's desired share; 100 once it is stable."""
    weight: int = world.status.get("canary", {}).get("weight", 100)
    return weight


def selects(world: ServingWorld) -> int | None:
    """Return the number of the version whose pods the Service selects; None: those of both."""
    revision = world.objects[FRONT]["spec"]["selector"].get(LABEL_REVISION)
    return world.version_of(revision) if revision else None


def pods_asked(world: ServingWorld) -> dict[int, int]:
    """Return how many pods the Deployments ask for, by version."""
    return {
        world.version_of(r): world.objects["apps/v1", "Deployment", f"iris-{r}"]["spec"]["replicas"]
        for r in world.revisions
    }


def shares(world: ServingWorld) -> dict[int, int]:
    """Return the split that is really made, whole percent by version."""
    return {world.version_of(r): round(share) for r, share in world.routed.items()}


def told(world: ServingWorld, field: str) -> dict[str, Any]:
    """Return a field of ``status.traffic``, by version."""
    return {t["version"]: t.get(field) for t in world.status["traffic"]}


def message(world: ServingWorld, kind: str = "Ready") -> str:
    """Return what a condition says."""
    found: str = next(c["message"] for c in world.status["conditions"] if c["type"] == kind)
    return found
