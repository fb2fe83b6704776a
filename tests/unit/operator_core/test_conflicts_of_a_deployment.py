"""A ModelDeployment beside a Service of somebody else: nothing leaks, and status is true."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from checkrail_operator.loop import Passes
from checkrail_operator.metrics import Metrics
from checkrail_operator.plan.types import Defaults, Key
from harness.fake_cluster import FakeCluster
from harness.silent_web import SilentWeb

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


async def test_spec_changes_beside_somebody_elses_service_leave_one_deployment() -> None:
    cluster = FakeCluster()
    for there in (version("1"), version("2"), version("3")):
        cluster.put(there)
    cluster.put(body("v1", "Service", "serve"))
    owner = cluster.put(body(API, "ModelDeployment", "serve", spec=spec("1")))
    passes = Passes(
        cluster,
        SilentWeb(),
        defaults=Defaults("trainer:1", "server:1"),
        tell=cluster.tell,
        wake=lambda _: None,
        metrics=Metrics(),
        clock=lambda: 0.0,
        now=lambda: NOW,
    )

    for digit in "123":
        owner = cluster.objects[API, "ModelDeployment", "team", "serve"]
        owner["spec"] = spec(digit)
        for _ in range(4):
            await passes(KEY)

    status = cluster.objects[API, "ModelDeployment", "team", "serve"]["status"]
    (left,) = cluster.of_kind("Deployment")
    assert left["metadata"]["labels"]["checkrail.dev/revision"] == status["canary"]["revision"]
    assert status["canary"]["version"] == "m-33333333"
    said = {c["type"]: (c["status"], c["reason"]) for c in status["conditions"]}
    assert said["Ready"] == ("False", "NameConflict")
    assert said["Available"] == ("False", "NotServing")
    assert "Reconciling" not in said
