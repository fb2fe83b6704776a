"""What a scoring pod is told of its decision log, and when a change of it makes a new revision."""

from dataclasses import replace
from typing import Any

from checkrail_api.decision_log import DecisionLogSettings
from checkrail_api.serving import ENV_DECISION_LOG
from harness.serving_bodies import DEFAULTS, model_deployment
from harness.serving_world import ServingWorld

ELSEWHERE = replace(
    DEFAULTS, object_store={"endpoint": "http://other:9000", "credentialsSecretRef": {"name": "b"}}
)


def world_with(**store: Any) -> ServingWorld:
    log = {"store": {"uri": "s3://audit", **store}}
    return ServingWorld(owner=model_deployment(server={"decisionLog": log}))


def variables(world: ServingWorld) -> dict[str, Any]:
    (deployment,) = (child for child in world.planned().children if child["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return {each["name"]: each for each in container["env"]}


def settings(world: ServingWorld) -> DecisionLogSettings:
    text: str = variables(world)[ENV_DECISION_LOG]["value"]
    return DecisionLogSettings.model_validate_json(text)


def test_the_store_is_filled_from_the_operators_and_has_its_own_keys() -> None:
    world = world_with(region="eu-central-1")

    told = settings(world)

    assert (told.uri, told.endpoint, told.region) == (
        "s3://audit",
        DEFAULTS.object_store["endpoint"],
        "eu-central-1",
    )
    key = variables(world)["CHECKRAIL_DECISION_LOG_AWS_ACCESS_KEY_ID"]
    assert key["valueFrom"]["secretKeyRef"] == {"name": "s3", "key": "AWS_ACCESS_KEY_ID"}


def test_a_new_default_of_the_operator_moves_no_revision_with_a_log() -> None:
    world = world_with()
    world.settle()
    before = world.revisions
    world.defaults = ELSEWHERE
    world.settle()

    assert world.revisions == before


def test_what_the_spec_says_no_longer_is_not_kept_as_a_default() -> None:
    world = world_with(endpoint="http://audit:9000")
    world.settle()
    world.owner["spec"]["server"]["decisionLog"]["store"].pop("endpoint")
    world.settle()

    told = settings(world)
    assert told.endpoint == DEFAULTS.object_store["endpoint"]


def test_a_pod_without_a_log_is_told_nothing_of_one() -> None:
    names = variables(ServingWorld(owner=model_deployment()))

    assert [name for name in names if name.startswith(ENV_DECISION_LOG)] == []
