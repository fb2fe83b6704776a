"""A ModelDeployment that cannot make all of its children: nothing leaks, and status is true."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from checkrail_operator.loop import Passes
from checkrail_operator.metrics import Metrics
from checkrail_operator.plan.errors import ForbiddenError
from checkrail_operator.plan.types import Defaults, Key
from checkrail_operator.queue import Outcome
from harness.fake_cluster import FakeCluster
from harness.silent_web import SilentWeb
from unit.operator_core.failing_cluster import FailingCluster

API = "checkrail.dev/v1alpha1"
NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
KEY = Key("ModelDeployment", "team", "serve")


def body(api_version: str, kind: str, name: str, **fields: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "team"}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}


def version(digit: str) -> dict[str, Any]:
    sha256 = digit * 64
    artifact = {"uri": f"s3://models/m/{sha256}/", "sha256": sha256, "sizeBytes": 1}
    return body(API, "ModelVersion", f"m-{sha256[:8]}", spec={"model": "m", "artifact": artifact})


def spec(digit: str) -> dict[str, Any]:
    return {
        "model": {"versionRef": {"name": f"m-{digit * 8}"}},
        "traffic": {"gateway": {"parentRefs": [{"name": "gate"}]}},
    }


def deployment_in(cluster: FakeCluster) -> dict[str, Any]:
    return cluster.objects[API, "ModelDeployment", "team", "serve"]


def said_in(cluster: FakeCluster) -> dict[str, tuple[str, str]]:
    conditions = deployment_in(cluster)["status"]["conditions"]
    return {c["type"]: (c["status"], c["reason"]) for c in conditions}


def passes_of(cluster: FakeCluster) -> Passes:
    return Passes(
        cluster,
        SilentWeb(),
        defaults=Defaults("trainer:1", "server:1"),
        tell=cluster.tell,
        wake=lambda _: None,
        metrics=Metrics(),
        clock=lambda: 0.0,
        now=lambda: NOW,
    )


async def test_spec_changes_beside_somebody_elses_service_leave_one_deployment() -> None:
    cluster = FakeCluster()
    for there in (version("1"), version("2"), version("3")):
        cluster.put(there)
    cluster.put(body("v1", "Service", "serve"))
    cluster.put(body(API, "ModelDeployment", "serve", spec=spec("1")))
    passes = passes_of(cluster)

    for digit in "123":
        deployment_in(cluster)["spec"] = spec(digit)
        for _ in range(4):
            await passes(KEY)

    status = deployment_in(cluster)["status"]
    (left,) = cluster.of_kind("Deployment")
    assert left["metadata"]["labels"]["checkrail.dev/revision"] == status["canary"]["revision"]
    assert status["canary"]["version"] == "m-33333333"
    said = said_in(cluster)
    assert said["Ready"] == ("False", "NameConflict")
    assert said["Available"] == ("False", "NotServing")
    assert "Reconciling" not in said


@pytest.mark.parametrize("child", ["NetworkPolicy serve-scoring", "Service serve"])
async def test_what_may_not_be_made_keeps_nothing_else_from_going_on(child: str) -> None:
    cluster = FailingCluster()
    for there in (version("1"), version("2")):
        cluster.put(there)
    cluster.put(body(API, "ModelDeployment", "serve", spec=spec("1")))
    cluster.fails[f"apply {child}"] = ForbiddenError(f"apply {child}", "no right")
    passes = passes_of(cluster)
    await passes(KEY)

    deployment_in(cluster)["spec"] = spec("2")
    outcomes = [await passes(KEY) for _ in range(3)]

    assert outcomes == [Outcome(failed=True)] * 3
    assert deployment_in(cluster)["status"]["canary"]["version"] == "m-22222222"
    (left,) = cluster.of_kind("Deployment")
    assert left["metadata"]["labels"]["checkrail.dev/model-version"] == "m-22222222"
    assert said_in(cluster)["Ready"] == ("Unknown", "Pending")
    assert said_in(cluster)["Available"] == ("False", "NotServing")
    assert [event.reason for event in cluster.events].count("Pending") == 1
