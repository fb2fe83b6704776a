"""The path users pay for, on a real cluster: YAML in, prediction out, a canary under load."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime
import pytest
from demo import cluster
from demo.cluster import condition, kubectl, wait_for
from demo.team import (
    DEPLOYMENT,
    FIRST_HALF,
    FIRST_QUARTER,
    SERVING,
    Body,
    Load,
    Team,
    example,
    real_flights,
)

from e2e.bucket import read_object

pytestmark = pytest.mark.alone
"""The operator that every test uses is restarted."""

BURST = 1_000
UNTIL_MEASURED = 3600
"""Hold of a step, seconds: the test itself ends it, once it has measured."""
RATE = 50


def silent(_: str) -> None:
    """Tell nobody of progress."""


def serving() -> Body:
    """Return the example, under the tests' host name and with steps that wait to be measured."""
    body = example(SERVING)
    body["metadata"].pop("namespace", None)
    body["spec"]["traffic"]["gateway"]["hostnames"] = ["e2e.example.com"]
    for step in body["spec"]["rollout"]["steps"]:
        step["holdSeconds"] = UNTIL_MEASURED
    return body


def end_hold(team: Team, weight: int) -> None:
    """Let the step of ``weight`` end."""
    body = team.get("modeldeployment", DEPLOYMENT)
    steps = body["spec"]["rollout"]["steps"]
    ended = [{**s, "holdSeconds": 0} if s.get("weight") == weight else s for s in steps]
    patch = json.dumps({"spec": {"rollout": {"steps": ended}}})
    kubectl("patch", "mdep", DEPLOYMENT, "-n", team.namespace, "--type=merge", "-p", patch)


@dataclass(frozen=True)
class Serving:
    """A served version and rows to ask it for."""

    version: Body
    rows: list[Body]


@pytest.fixture(scope="module")
def first(team: Team) -> Serving:
    """Train on the first quarter and serve the result."""
    version = team.train(example(FIRST_QUARTER), silent)
    team.deploy(serving())
    return Serving(version, real_flights(example(FIRST_HALF), "month = 6", 200))


@dataclass(frozen=True)
class Rollout:
    """What was measured while the second version took over."""

    version: Body
    changes: list[tuple[float, int]]
    bursts: dict[int, list[Body]]
    load: Load


@pytest.fixture(scope="module")
def second(team: Team, first: Serving) -> Rollout:
    """Train on the first half; send bursts in every step of the rollout, under a steady load."""
    bursts: dict[int, list[Body]] = {}
    row = first.rows[0]

    def reached(weight: int) -> None:
        wait_until_routed(team, weight)
        bursts[weight] = team.burst(row, BURST)
        assert weight_of(team) == weight, "the step ended within the burst: nothing was measured"
        end_hold(team, weight)

    with team.load(row, rate=RATE) as load:
        version = team.train(example(FIRST_HALF), silent)
        changes = team.follow_rollout(version["metadata"]["name"], reached)
    return Rollout(version, changes, bursts, load)


def weight_of(team: Team) -> int:
    """Return the canary's weight on the route; 100 when only one revision is left."""
    route = team.get("httproute", DEPLOYMENT)
    backends = route["spec"]["rules"][-1]["backendRefs"]
    return int(backends[-1]["weight"])


def wait_until_routed(team: Team, weight: int) -> None:
    """Wait until the gateway itself splits by ``weight``: 200 requests within 1.5 points."""
    status = team.get("modeldeployment", DEPLOYMENT)["status"]
    version = (status.get("canary") or status["stable"])["version"]
    [row] = real_flights(example(FIRST_HALF), "month = 6", 1)

    def look() -> bool | None:
        lines = team.burst(row, 200)
        share = 100 * sum(line["version"] == version for line in lines) / len(lines)
        return True if abs(share - weight) <= 1.5 else None

    wait_for(f"the gateway to split at {weight} %", look, seconds=20)


def test_the_run_tells_its_figures_and_its_artifact(team: Team, first: Serving) -> None:
    body = team.get("trainingjob", example(FIRST_QUARTER)["metadata"]["name"])
    spec = first.version["spec"]

    assert condition(body, "Complete")["status"] == "True"
    assert condition(body, "Ready")["status"] == "True"
    assert body["status"]["artifact"]["sha256"] == spec["artifact"]["sha256"]
    assert {m["name"] for m in spec["metrics"]} >= {"roc_auc"}
    assert float(next(m["value"] for m in spec["metrics"] if m["name"] == "roc_auc")) > 0.6
    assert spec["provenance"]["parity"]["flips"] == 0
    assert float(spec["provenance"]["parity"]["maxAbsDiff"]) <= 1e-4
    assert [a["outcome"] for a in body["status"]["attempts"]] == ["Succeeded"]


def test_the_artifact_is_what_its_digest_says(first: Serving) -> None:
    artifact = first.version["spec"]["artifact"]
    manifest = json.loads(read_object(f"{artifact['uri']}/manifest.json"))

    model = read_object(f"{artifact['uri']}/model.onnx")

    assert hashlib.sha256(model).hexdigest() == artifact["sha256"] == manifest["sha256"]
    for component in manifest["components"]:
        body = read_object(f"{artifact['uri']}/{component['name']}")
        assert hashlib.sha256(body).hexdigest() == component["sha256"], component["name"]


def test_predictions_through_the_gateway_are_onnxruntimes_own(team: Team, first: Serving) -> None:
    artifact = first.version["spec"]["artifact"]
    answer = team.predict(first.rows)

    assert answer["sha256"] == artifact["sha256"]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # as the server: threads add up trees in another order
    model = read_object(f"{artifact['uri']}/model.onnx")
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    labels, probabilities = session.run(["label", "probabilities"], feeds(session, first.rows))
    assert [p["label"] for p in answer["predictions"]] == labels.tolist()
    served = [list(p["probabilities"].values()) for p in answer["predictions"]]
    np.testing.assert_array_equal(np.asarray(served, np.float32), probabilities)


def feeds(session: Any, rows: list[Body]) -> dict[str, Any]:
    """Return the rows as the model's inputs: (rows, 1), NaN and "" for what is missing."""
    return {
        i.name: np.array(
            [["" if row[i.name] is None else row[i.name]] for row in rows], dtype=object
        )
        if i.type == "tensor(string)"
        else np.array(
            [[np.nan if row[i.name] is None else row[i.name]] for row in rows], dtype=np.float32
        )
        for i in session.get_inputs()
    }


def test_the_canary_visits_every_step_once_in_order(second: Rollout) -> None:
    assert [weight for _, weight in second.changes] == [5, 25, 50, 100]


@pytest.mark.parametrize("weight", [5, 25, 50, 100])
def test_the_split_is_exact_at_each_weight(second: Rollout, weight: int) -> None:
    lines = second.bursts[weight]
    name = second.version["metadata"]["name"]

    assert len(lines) == BURST
    assert [line for line in lines if line["status"] != 200] == []
    share = 100 * sum(line["version"] == name for line in lines) / BURST
    assert share == pytest.approx(weight, abs=1)


def test_no_request_fails_while_versions_change(second: Rollout) -> None:
    assert len(second.load.lines) > 100 * RATE
    assert [line for line in second.load.lines if line["status"] != 200] == []


def test_a_broken_version_is_rolled_back_and_remembered(
    team: Team, first: Serving, second: Rollout
) -> None:
    with team.load(first.rows[0], rate=RATE) as load:
        broken = team.import_broken_version(second.version)
        body = team.wait_rolled_back(broken)

    assert [line for line in load.lines if line["status"] != 200] == []
    status = body["status"]
    assert status["stable"]["version"] == second.version["metadata"]["name"]
    assert condition(body, "Available")["status"] == "True"
    assert condition(body, "Stalled")["reason"] == "RolledBack"
    assert status["rejected"][0]["reason"] == "CrashLoop"


def test_a_restarted_operator_does_not_try_a_rejected_version_again(
    team: Team, second: Rollout
) -> None:
    kubectl("rollout", "restart", "deployment/checkrail", "-n", cluster.SYSTEM)
    kubectl("rollout", "status", "deployment/checkrail", "-n", cluster.SYSTEM, "--timeout=120s")
    wait_for_a_pass(team)

    body = team.get("modeldeployment", DEPLOYMENT)
    assert body["status"]["stable"]["version"] == second.version["metadata"]["name"]
    assert "canary" not in body["status"]
    selector = "checkrail.dev/owner=flight-delays"
    found = kubectl("get", "deployments", "-n", team.namespace, "-l", selector, "-o", "name")
    assert len(found.split()) == 1


def wait_for_a_pass(team: Team) -> None:
    """Change a field that only a pass answers: the observed generation follows."""
    kubectl("scale", "mdep", DEPLOYMENT, "-n", team.namespace, "--replicas=2")

    def look() -> bool | None:
        body = team.get("modeldeployment", DEPLOYMENT)
        seen = body["status"].get("observedGeneration") == body["metadata"]["generation"]
        return True if seen and body["status"].get("replicas") == 2 else None

    wait_for("a pass", look, seconds=60)


def test_deletion_leaves_nothing(team: Team, second: Rollout) -> None:
    assert second.changes
    kubectl("delete", "mdep", DEPLOYMENT, "-n", team.namespace, "--wait=true")
    kinds = (
        "deployments,replicasets,pods,services,httproutes,networkpolicies"
        ",poddisruptionbudgets,horizontalpodautoscalers"
    )

    def look() -> bool | None:
        selector = "checkrail.dev/owner-kind=ModelDeployment"
        found = kubectl("get", kinds, "-n", team.namespace, "-l", selector, "-o", "name")
        return None if found.strip() else True

    wait_for("all children to be gone", look, seconds=90)
