"""Pods whose certificate authorities are missing: what is told of them, and that they go on."""

from typing import Any

import pytest

from checkrail_operator.observe.model_deployment import see
from checkrail_operator.observe.raw import Raw
from checkrail_operator.plan.deployment.pod_health import waiting_words
from checkrail_operator.plan.object_stores import lacking_words
from checkrail_operator.plan.types import Key
from harness.fake_cluster import FakeCluster
from harness.serving_bodies import DEFAULTS, START, Object, model_deployment, model_version
from harness.serving_world import ServingWorld

DEADLINE = 60
STORE = {"uri": "s3://audit/decisions", "caConfigMapRef": {"name": "log-ca"}}
STORE_CA = "ConfigMap store-ca in namespace team"
LOG_CA = "ConfigMap log-ca in namespace team"
SOON = 30
"""Seconds after which another look must come: no event tells that a ConfigMap is there."""


def serving(**lacking: str) -> ServingWorld:
    """Return a world of a version and a decision log, each with authorities of its own."""
    rollout = {"steps": [{"weight": 50, "holdSeconds": 5}], "minRequests": 0}
    owner = model_deployment(
        server={"decisionLog": {"store": STORE}},
        rollout={**rollout, "progressDeadlineSeconds": DEADLINE},
    )
    versions = {number: model_version(number) for number in (1, 2)}
    versions[1]["spec"]["store"] = {"caConfigMapRef": {"name": "store-ca"}}
    versions[2]["spec"]["store"] = {"caConfigMapRef": {"name": "next-ca"}}
    named = {name.replace("_", "-"): words for name, words in lacking.items()}
    return ServingWorld(owner=owner, versions=versions, lacking=named)


def run(world: ServingWorld, seconds: int) -> None:
    """Pass and tick for so long."""
    for _ in range(seconds):
        world.run_pass()
        world.tick()


def told(world: ServingWorld, kind: str = "Ready") -> str:
    """Return the message of a condition."""
    return next(str(c["message"]) for c in world.status["conditions"] if c["type"] == kind)


def looks_again(world: ServingWorld) -> bool:
    """Answer whether the next pass comes soon by itself."""
    after = world.planned().requeue_after_seconds
    return after is not None and after <= SOON


@pytest.mark.parametrize(
    ("lacking", "words"),
    [
        pytest.param({"store_ca": STORE_CA}, [STORE_CA], id="of the artifact's store"),
        pytest.param({"log_ca": LOG_CA}, [LOG_CA], id="of the decision log's store"),
        pytest.param({"store_ca": STORE_CA, "log_ca": LOG_CA}, [LOG_CA, STORE_CA], id="of both"),
    ],
)
def test_a_first_version_says_within_seconds_which_authorities_are_missing(
    lacking: dict[str, str], words: list[str]
) -> None:
    world = serving(**lacking)
    run(world, 2)
    (pod,) = world.pods
    why = f"pod {pod} waits: {lacking_words(words)}"
    for kind in ("Ready", "Progressing", "Reconciling"):
        assert told(world, kind) == f"0 of 1 pods of iris-00000001 are ready: {why}"
    assert told(world, "Available") == why
    assert world.condition("Ready") == ("False", "FirstRollout")


def test_a_first_version_goes_on_by_itself_once_its_authorities_are_there() -> None:
    world = serving(store_ca=STORE_CA)
    run(world, 5)
    assert looks_again(world)
    run(world, DEADLINE)
    assert world.condition("Stalled") == ("True", "ProgressDeadlineExceeded")
    assert STORE_CA in told(world, "Stalled")
    assert looks_again(world)

    world.lacking.clear()
    world.tick(10)
    world.settle()
    assert world.condition("Ready") == ("True", "Stable")


def test_a_canary_says_which_authorities_are_missing_and_is_taken_back_with_these_words() -> None:
    world = serving(next_ca="ConfigMap next-ca in namespace team")
    world.settle()
    world.ask_for(2)
    run(world, 3)
    words = lacking_words(["ConfigMap next-ca in namespace team"])
    assert words in told(world)
    assert looks_again(world)
    assert world.condition("Available") == ("True", "Serving")
    world.run_until(lambda w: bool(w.refused), seconds=DEADLINE + 5)
    (rejected,) = world.status["rejected"]
    assert words in rejected["message"]


def test_a_canary_goes_on_by_itself_once_its_authorities_are_there() -> None:
    world = serving(next_ca="ConfigMap next-ca in namespace team")
    world.settle()
    world.ask_for(2)
    run(world, DEADLINE // 2)
    world.lacking.clear()
    world.settle()
    assert world.condition("Ready") == ("True", "Stable")
    assert world.status["stable"]["version"] == "iris-00000002"


def test_pods_that_run_do_not_miss_authorities_that_went_later() -> None:
    world = serving()
    world.settle()
    world.lacking["store-ca"] = STORE_CA
    run(world, 5)
    assert world.condition("Ready") == ("True", "Stable")

    world.edit(replicas=2)
    run(world, 5)
    assert world.condition("Ready") == ("Unknown", "WaitingForReplicas")
    assert lacking_words([STORE_CA]) in told(world)
    assert looks_again(world)


def test_a_pod_that_is_ready_after_many_restarts_does_not_hide_what_another_one_waits_for() -> None:
    world = serving()
    world.settle()
    world.lacking["store-ca"] = STORE_CA
    world.edit(replicas=2)
    run(world, 5)
    containers = [c for p in world.pods.values() for c in p["status"]["containerStatuses"]]
    (ready,) = (container for container in containers if container["ready"])
    ready["restartCount"] = 3
    world.run_pass()
    assert lacking_words([STORE_CA]) in told(world)


def test_nothing_is_written_while_authorities_are_missing() -> None:
    world = serving(store_ca=STORE_CA)
    run(world, 5)
    calls = world.calls
    run(world, DEADLINE // 2)
    assert world.calls == calls


def config_map(**content: Any) -> Object:
    """Return a ConfigMap of authorities that holds ``content``."""
    metadata = {"name": "store-ca", "namespace": "team"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, **content}


async def read(*bodies: Object) -> Raw:
    """Return what a pass reads of a pending pod that mounts both, beside ``bodies``."""
    world = serving(store_ca=STORE_CA)
    run(world, 2)
    cluster = FakeCluster()
    log_ca = config_map(data={"ca.crt": "PEM"})
    log_ca["metadata"] = {"name": "log-ca", "namespace": "team"}
    pods = ({"apiVersion": "v1", **pod} for pod in world.pods.values())
    for body in (world.owner, *world.objects.values(), *pods, log_ca, *bodies):
        cluster.put(body)
    return await cluster.raw(Key("ModelDeployment", "team", "iris"))


@pytest.mark.parametrize(
    ("bodies", "missing"),
    [
        pytest.param([], STORE_CA, id="no ConfigMap"),
        pytest.param([config_map()], f"key ca.crt of {STORE_CA}", id="an empty ConfigMap"),
        pytest.param(
            [config_map(data={"ca.pem": "PEM"})], f"key ca.crt of {STORE_CA}", id="another key"
        ),
        pytest.param([config_map(data={"ca.crt": "PEM"})], "", id="there"),
        pytest.param([config_map(binaryData={"ca.crt": "UEVN"})], "", id="there, as binary data"),
    ],
)
async def test_a_pass_looks_for_what_pending_pods_mount(bodies: list[Object], missing: str) -> None:
    seen = see(await read(*bodies), START, DEFAULTS)
    (revision,) = seen.revisions.values()
    (pod,) = revision.pods
    assert pod.lacking == ((missing,) if missing else ())
    assert waiting_words([pod]) == (
        f"pod {pod.name} waits: {lacking_words([missing])}" if missing else ""
    )
