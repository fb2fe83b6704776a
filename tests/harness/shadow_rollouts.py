"""Rollouts in shadow as their tests begin and read them."""

from typing import Any

from harness.serving_bodies import model_deployment, version_name
from harness.serving_world import ServingWorld

STEPS = [{"weight": 50, "holdSeconds": 5}]
LOAD = 100.0


def asked(load: float = LOAD, **shadow: Any) -> ServingWorld:
    """Return a world in which version 1 answers, and version 2 is to be compared with it."""
    rollout = {"steps": STEPS, "shadow": {"seconds": 30, **shadow}}
    world = ServingWorld(owner=model_deployment(rollout=rollout, replicas=2))
    world.servers.load = load
    world.settle()
    world.tick(10)
    world.ask_for(2)
    return world


def shadow(world: ServingWorld) -> dict[str, Any]:
    found: dict[str, Any] = world.status.get("shadow", {})
    return found


def ready(world: ServingWorld) -> tuple[str, str]:
    (found,) = (c for c in world.status["conditions"] if c["type"] == "Ready")
    return found["reason"], found["message"]


def run(world: ServingWorld, seconds: int) -> None:
    for _ in range(seconds):
        world.run_pass()
        world.tick()


def has_shares(world: ServingWorld) -> bool:
    return "canary" in world.status


def pods_of(world: ServingWorld, number: int) -> list[str]:
    version = version_name(number)
    label = "checkrail.dev/model-version"
    return [n for n, pod in world.pods.items() if pod["metadata"]["labels"][label] == version]


def config_maps(world: ServingWorld) -> list[str]:
    return [name for _, kind, name in world.objects if kind == "ConfigMap"]
