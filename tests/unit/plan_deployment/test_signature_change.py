"""A version that asks for other inputs, or answers less, takes over from nobody."""

from __future__ import annotations

from typing import Any

import pytest

from checkrail_api.reports import Signature
from checkrail_operator.plan.deployment.signature import differences
from harness.serving_bodies import model_deployment, model_version
from harness.serving_world import ServingWorld

ROLLOUT = {"steps": [{"weight": 50, "holdSeconds": 5}]}


def tensor(name: str, datatype: str = "FP32", shape: tuple[int, ...] = (-1, 1)) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": list(shape)}


AGE, CARRIER = tensor("age"), tensor("carrier", "BYTES")
LABEL, SCORE = tensor("label", "INT64", (-1,)), tensor("probabilities", shape=(-1, 2))
SERVING = {"inputs": [AGE, CARRIER], "outputs": [LABEL, SCORE]}


@pytest.mark.parametrize(
    ("candidate", "found"),
    [
        pytest.param(SERVING, [], id="the same"),
        pytest.param({**SERVING, "inputs": [CARRIER, AGE]}, [], id="inputs in another order"),
        pytest.param(
            {**SERVING, "outputs": [LABEL, SCORE, tensor("why")]}, [], id="one more output"
        ),
        pytest.param(
            {**SERVING, "inputs": [AGE, CARRIER, tensor("wind")]},
            ["it asks for another input, wind (FP32 [-1, 1])"],
            id="a new input",
        ),
        pytest.param(
            {**SERVING, "inputs": [AGE]}, ["it does not take input carrier"], id="an input less"
        ),
        pytest.param(
            {**SERVING, "inputs": [tensor("age", "FP64"), CARRIER]},
            ["its input is age (FP64 [-1, 1]) and was age (FP32 [-1, 1])"],
            id="another datatype",
        ),
        pytest.param(
            {**SERVING, "outputs": [LABEL]},
            ["it does not answer output probabilities"],
            id="an output less",
        ),
        pytest.param(
            {**SERVING, "outputs": [LABEL, tensor("probabilities", shape=(-1, 3))]},
            ["its output is probabilities (FP32 [-1, 3]) and was probabilities (FP32 [-1, 2])"],
            id="another shape",
        ),
    ],
)
def test_differences_are_named(candidate: dict[str, Any], found: list[str]) -> None:
    of = Signature.model_validate
    assert differences(of(SERVING), of(candidate)) == found


def asked_for(signature: dict[str, Any] | None, **rollout: Any) -> ServingWorld:
    """Return a world in which version 1 serves and a version 2 of this signature is asked for."""
    world = ServingWorld(owner=model_deployment(rollout={**ROLLOUT, **rollout}))
    world.versions[1] = model_version(1, signature=SERVING)
    world.settle()
    world.versions[2] = model_version(2, world.now, signature)
    world.ask_for(2)
    world.settle()
    return world


OTHER = {**SERVING, "inputs": [AGE, CARRIER, tensor("wind")]}


def conditions(world: ServingWorld) -> dict[str, tuple[str, str]]:
    return {c["type"]: (c["status"], c["reason"]) for c in world.status["conditions"]}


def test_it_gets_no_pod_and_the_old_version_serves_on() -> None:
    world = asked_for(OTHER)

    assert conditions(world) == {
        "Available": ("True", "Serving"),
        "Progressing": ("False", "SignatureChanged"),
        "Ready": ("False", "SignatureChanged"),
        "Stalled": ("True", "SignatureChanged"),
        "TrafficConverged": ("True", "Converged"),
    }
    said = next(c["message"] for c in world.status["conditions"] if c["type"] == "Ready")
    assert said.startswith(
        "iris-00000002 does not take the requests that iris-00000001 takes, and gets no pod: "
        "it asks for another input, wind (FP32 [-1, 1]). "
    )
    assert [world.version_of(revision) for revision in world.routed] == [1]
    assert len(world.pods) == 1
    assert "rejected" not in world.status or world.status["rejected"] == []


def test_it_takes_over_once_that_is_allowed() -> None:
    world = asked_for(OTHER)

    world.edit(rollout={**ROLLOUT, "allowSignatureChange": True})
    world.settle()

    assert [world.version_of(revision) for revision in world.routed] == [2]
    assert conditions(world)["Ready"] == ("True", "Stable")


@pytest.mark.parametrize(
    "signature",
    [
        pytest.param(SERVING, id="the same signature"),
        pytest.param(None, id="a record without a signature"),
    ],
)
def test_another_version_takes_over(signature: dict[str, Any] | None) -> None:
    world = asked_for(signature)

    assert [world.version_of(revision) for revision in world.routed] == [2]


def test_a_fitting_version_after_an_unfit_one_takes_over() -> None:
    world = asked_for(OTHER)

    world.versions[3] = model_version(3, world.now, SERVING)
    world.ask_for(3)
    world.settle()

    assert [world.version_of(revision) for revision in world.routed] == [3]
