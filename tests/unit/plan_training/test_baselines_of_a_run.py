"""What a run's gates compare with: found when an attempt is made, and then fixed."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from checkrail_api.names import child_name
from checkrail_operator.observe.raw import Query, Raw, following_queries, related_queries
from checkrail_operator.plan.errors import InvalidSpecError
from harness.baseline_bodies import NEW, OLD, compared_with, publish, serve
from harness.training_situations import SITUATIONS
from harness.training_world import DEFAULTS, KEY, TrainingWorld, spec

VERSIONS = "checkrail.dev/v1alpha1"


async def played(situation: str) -> TrainingWorld:
    world = TrainingWorld()
    await SITUATIONS[situation](world)
    return world


def told(world: TrainingWorld) -> list[tuple[str, str]]:
    """Return reference and version of all that the newest attempt compares with."""
    mounted = world.job["spec"]["template"]["spec"]["volumes"][0]["configMap"]["name"]
    configs = {c["metadata"]["name"]: c for c in world.cluster.of_kind("ConfigMap")}
    file = json.loads(configs[mounted]["data"]["run.json"])
    return [(each["reference"], each["version"]) for each in file["baselines"]]


@pytest.mark.parametrize(
    ("situation", "want"),
    [
        pytest.param("gate_while_nothing_serves", [], id="nothing serves"),
        pytest.param(
            "gate_beside_what_serves",
            [("Serving", OLD), ("Serving", NEW), (OLD, OLD)],
            id="each version that serves, once, and those that are named",
        ),
        pytest.param(
            "gate_told_before_something_else_served",
            [("Serving", OLD)],
            id="what the run file said first",
        ),
    ],
)
async def test_an_attempt_compares_with(situation: str, want: list[tuple[str, str]]) -> None:
    world = await played(situation)

    await world.rest()

    assert told(world) == want
    assert len(world.cluster.of_kind("ConfigMap")) == len(world.cluster.of_kind("Job")) == 1


async def test_the_store_of_a_baseline_is_completed_by_the_operators_values() -> None:
    world = await played("gate_beside_what_serves")
    await world.rest()
    (config,) = world.cluster.of_kind("ConfigMap")
    own = json.loads(config["data"]["run.json"])["baselines"][0]["store"]

    assert own == {
        **DEFAULTS.object_store,
        "endpoint": "http://own:9000",
        "credentialsSecretRef": {"name": "own"},
    }
    env = world.job["spec"]["template"]["spec"]["containers"][0]["env"]
    secrets = {e["name"]: e["valueFrom"]["secretKeyRef"]["name"] for e in env if _secret(e)}
    assert secrets["CHECKRAIL_BASELINE_0_AWS_ACCESS_KEY_ID"] == "own"
    assert secrets["CHECKRAIL_BASELINE_1_AWS_ACCESS_KEY_ID"] == "s3"


def _secret(variable: dict[str, Any]) -> bool:
    return "secretKeyRef" in variable.get("valueFrom", {})


@pytest.mark.parametrize(
    ("situation", "message"),
    [
        pytest.param(
            "gate_with_a_version_that_is_not_there",
            f"A gate compares with ModelVersion {OLD}, which does not exist: publish or import it; "
            "the run goes on by itself when it appears.",
            id="a named one",
        ),
        pytest.param(
            "gate_with_a_served_version_that_is_gone",
            f"A gate compares with what serves, and ModelDeployment main serves {OLD}, whose "
            "ModelVersion is gone: create it again, or let another version serve; the run goes on "
            "by itself.",
            id="one that serves",
        ),
    ],
)
async def test_a_run_waits_for_a_version_that_does_not_exist(situation: str, message: str) -> None:
    world = await played(situation)
    await world.rest()

    assert world.cluster.of_kind("Job") == []
    assert (world.condition("Ready"), world.condition("Reconciling")) == (
        ("Unknown", "VersionNotFound"),
        ("True", "VersionNotFound"),
    )
    assert (world.status["waitingFor"], world.status.get("attempts", [])) == (OLD, [])
    assert [(event.type, event.note) for event in world.cluster.events] == [("Warning", message)]

    publish(world, OLD)
    await world.rest()

    assert [version for _, version in told(world)] == [OLD]
    assert "waitingFor" not in world.status


async def test_each_attempt_asks_anew_what_serves() -> None:
    world = await played("gate_told_before_something_else_served")
    await world.rest()
    world.pod_ends(1, "boom")
    await world.run_pass()
    world.later(10)

    await world.run_pass()

    assert told(world) == [("Serving", NEW)]


async def test_a_version_that_goes_while_an_attempt_runs_stops_nothing() -> None:
    world = await played("gate_beside_what_serves")
    await world.rest()
    for version in world.cluster.of_kind("ModelVersion"):
        world.cluster.remove(version)
    job = world.job

    await world.rest()

    assert (world.job, world.condition("Ready")) == (job, ("Unknown", "Pending"))


async def test_more_versions_than_can_be_compared_end_the_run() -> None:
    world = TrainingWorld()
    for number in range(33):
        name = f"flight-delays-{number:08d}"
        publish(world, name)
        serve(world, name, f"serve-{number}")
    world.apply(compared_with("Serving"))

    with pytest.raises(InvalidSpecError, match="stands for 33 versions, expected at most 32"):
        await world.run_pass()


@pytest.mark.parametrize(
    ("body", "first", "then"),
    [
        pytest.param(spec(), (), (), id="no gate asks"),
        pytest.param(
            compared_with("Serving"),
            (Query(VERSIONS, "ModelDeployment"),),
            (Query(VERSIONS, "ModelVersion", name=OLD),),
            id="what serves",
        ),
        pytest.param(
            compared_with(NEW), (), (Query(VERSIONS, "ModelVersion", name=NEW),), id="a named one"
        ),
    ],
)
async def test_only_what_gates_ask_for_is_read(
    body: dict[str, Any], first: tuple[Query, ...], then: tuple[Query, ...]
) -> None:
    world = TrainingWorld()
    serve(world, OLD, "main")
    world.apply(body)
    deployments = tuple(world.cluster.of_kind("ModelDeployment")) if first else ()

    assert related_queries(world.owner) == first
    assert following_queries(Raw(world.owner, related=deployments)) == then


async def test_a_version_is_not_read_again_once_its_attempt_has_its_run_file() -> None:
    world = await played("gate_beside_what_serves")
    before = await world.cluster.raw(KEY)
    await world.rest()

    after = await world.cluster.raw(KEY)

    assert sum(body["kind"] == "ModelVersion" for body in before.related) == 2
    assert sum(body["kind"] == "ModelVersion" for body in after.related) == 0


def of_another_release(file: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return name and content of a run file with a field that this release does not know."""
    baselines = [{**b, "store": {**b["store"], "tier": "cold"}} for b in file["baselines"]]
    content = {**file, "baselines": baselines}
    return child_name(KEY.name, content), content


def of_another_name(file: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return name and content of a run file that is not what it is named after."""
    return child_name(KEY.name, file), {**file, "baselines": []}


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(of_another_release, id="of another release"),
        pytest.param(of_another_name, id="not what it is named after"),
    ],
)
async def test_a_run_file_that_cannot_be_read_does_not_say_that_nothing_serves(
    made: Callable[[dict[str, Any]], tuple[str, dict[str, Any]]],
) -> None:
    """The operator died between the ConfigMap and the Job, and another release goes on."""
    world = await played("gate_beside_what_serves")
    await world.rest()
    (config,) = world.cluster.of_kind("ConfigMap")
    want = told(world)
    world.cluster.remove(world.job)
    world.cluster.remove(config)
    name, file = made({**json.loads(config["data"]["run.json"]), "threads": 9})
    data = {"run.json": json.dumps(file)}
    world.cluster.put({**config, "metadata": {**config["metadata"], "name": name}, "data": data})

    await world.rest()

    assert told(world) == want


async def test_a_run_file_made_anew_without_what_served_does_not_say_that_nothing_serves() -> None:
    world = await played("gate_beside_what_serves")
    await world.rest()
    (config,) = world.cluster.of_kind("ConfigMap")
    world.cluster.remove(config)
    for version in world.cluster.of_kind("ModelVersion"):
        world.cluster.remove(version)

    await world.rest()

    (anew,) = world.cluster.of_kind("ConfigMap")
    assert "baselines" not in json.loads(anew["data"]["run.json"])
