"""Who may reach the pods: anybody on their scoring port, nobody elsewhere."""

from dataclasses import replace
from typing import Any

import pytest

from checkrail_operator.plan.errors import NameConflictError
from harness.serving_bodies import DEFAULTS, model_deployment
from harness.serving_world import ServingWorld

ROLLOUT = {"steps": [{"weight": 50, "holdSeconds": 5}], "minRequests": 0}
POLICY = ("networking.k8s.io/v1", "NetworkPolicy")
IRIS = (*POLICY, "iris-scoring")
MADE_BY_NOBODY: dict[str, Any] = {"ownerReferences": []}


def deployed() -> ServingWorld:
    """Return a world in which version 1 serves."""
    world = ServingWorld(owner=model_deployment(rollout=ROLLOUT))
    world.settle()
    return world


def policies(world: ServingWorld) -> dict[str, Any]:
    """Return the specs of the policies, by name."""
    return {key[2]: body["spec"] for key, body in world.objects.items() if key[:2] == POLICY}


def test_one_policy_lets_anybody_in_on_the_scoring_port_of_every_pod() -> None:
    world = deployed()
    assert policies(world) == {
        "iris-scoring": {
            "podSelector": {
                "matchLabels": {
                    "app.kubernetes.io/managed-by": "checkrail",
                    "checkrail.dev/owner": "iris",
                    "checkrail.dev/owner-kind": "ModelDeployment",
                }
            },
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [], "ports": [{"protocol": "TCP", "port": "http"}]}],
        }
    }
    before = policies(world)
    world.ask_for(2)
    world.run_until(lambda w: w.status.get("canary", {}).get("weight") == 50)
    assert policies(world) == before


def test_every_pod_is_selected_and_has_the_port() -> None:
    world = deployed()
    world.ask_for(2)
    world.run_until(lambda w: w.status.get("canary", {}).get("weight") == 50)
    selected = policies(world)["iris-scoring"]["podSelector"]["matchLabels"].items()
    templates = [
        body["spec"]["template"] for key, body in world.objects.items() if key[1] == "Deployment"
    ]
    assert len(templates) == 2
    for template in templates:
        assert selected <= template["metadata"]["labels"].items()
        assert [p["name"] for p in template["spec"]["containers"][0]["ports"]] == ["http"]


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param({"ingress": [{"from": [], "ports": []}]}, id="every port"),
        pytest.param(
            {"ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": "http"}]}]},
            id="fewer callers",
        ),
        pytest.param({"podSelector": {}}, id="every pod of the namespace"),
        pytest.param({"policyTypes": ["Ingress", "Egress"]}, id="no way out"),
    ],
)
def test_a_policy_that_somebody_edits_is_put_right(edit: dict[str, Any]) -> None:
    world = deployed()
    before = policies(world)
    world.objects[IRIS]["spec"] = {**world.objects[IRIS]["spec"], **edit}
    world.run_pass()
    assert policies(world) == before


def test_a_policy_that_somebody_deletes_comes_back() -> None:
    world = deployed()
    before = policies(world)
    world.delete(IRIS)
    world.run_pass()
    assert policies(world) == before


def test_an_operator_that_is_told_to_make_none_takes_its_own_away_and_leaves_others() -> None:
    world = deployed()
    own = world.objects[IRIS]
    world.objects[*POLICY, "theirs"] = {
        **own,
        "metadata": {**own["metadata"], **MADE_BY_NOBODY, "name": "theirs"},
    }
    world.defaults = replace(DEFAULTS, network_policy=False)
    world.settle()
    assert list(policies(world)) == ["theirs"]


def test_a_policy_of_somebody_else_of_the_same_name_is_told_and_left_alone() -> None:
    world = deployed()
    own = world.objects[IRIS]
    world.objects[IRIS] = {**own, "metadata": {**own["metadata"], **MADE_BY_NOBODY}}
    with pytest.raises(
        NameConflictError, match="NetworkPolicy iris-scoring exists and is not owned"
    ):
        world.run_pass()
    assert world.planned().prune == ()
