"""A canary's pods are told the score bins of the version that serves beside them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from checkrail_api.serving import ENV_REFERENCE_SCORES
from harness.serving_bodies import model_deployment, model_version
from harness.serving_world import ServingWorld

ROLLOUT = {"steps": [{"weight": 50, "holdSeconds": 5}]}
SERVING = {"output": "probabilities", "edges": ["1e-05", "0.1", "0.5"]}
CANDIDATE = {"output": "probabilities", "edges": ["0.2"]}


def canary_beside(scores: dict[str, Any] | None) -> ServingWorld:
    """Return a world in which version 1 has these ``scores``, serves, and version 2 is a canary."""
    world = ServingWorld(owner=model_deployment(rollout=ROLLOUT))
    world.versions[1] = model_version(1, scores=scores)
    world.settle()
    world.versions[2] = model_version(2, world.now, scores=CANDIDATE)
    world.ask_for(2)
    world.run_until(lambda w: w.status.get("canary", {}).get("weight") == 50)
    return world


def told(world: ServingWorld) -> dict[int, Any]:
    """Return what the pods of each version are told of the other, by the version's number."""
    found = {}
    for (_, kind, _), body in world.objects.items():
        if kind == "Deployment":
            (container,) = body["spec"]["template"]["spec"]["containers"]
            text = {e["name"]: e.get("value") for e in container["env"]}.get(ENV_REFERENCE_SCORES)
            number = world.version_of(body["metadata"]["labels"]["checkrail.dev/revision"])
            found[number] = text and json.loads(text)
    return found


def test_the_canary_is_told_the_bins_of_the_stable_version_and_nobody_else_any() -> None:
    assert told(canary_beside(SERVING)) == {1: None, 2: SERVING}


def test_beside_a_version_without_scores_it_is_told_nothing() -> None:
    assert told(canary_beside(None)) == {1: None, 2: None}


def test_the_reference_is_no_part_of_the_revision() -> None:
    assert canary_beside(SERVING).revisions == canary_beside(None).revisions


@pytest.mark.parametrize("lost", [pytest.param("Deployment"), pytest.param("Service")])
def test_what_a_canary_was_told_outlives_the_record_of_the_stable_version(lost: str) -> None:
    world = canary_beside(SERVING)
    canary = world.status["canary"]["revision"]
    del world.versions[1]
    for key in [k for k in world.objects if k[1] == lost and k[2].endswith(canary)]:
        world.delete(key)

    world.run_pass()

    assert told(world) == {1: None, 2: SERVING}


def test_a_promoted_version_keeps_its_pods() -> None:
    world = canary_beside(SERVING)
    canary = world.status["canary"]["revision"]
    pods = {name for name in world.pods if canary in name}

    world.settle()

    assert told(world) == {2: SERVING}
    assert set(world.pods) == pods
