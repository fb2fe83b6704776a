"""Published versions and what serves, beside the run of a `TrainingWorld`."""

from typing import Any

from checkrail_api.kind import API_VERSION
from harness.fake_cluster import Body
from harness.training_world import KEY, TrainingWorld, spec

OLD, NEW = "flight-delays-11111111", "flight-delays-22222222"


def compared_with(*references: str) -> Body:
    """Return a spec with a gate for each of ``references``."""
    gates = [{"metric": "roc_auc", "notWorseThan": reference} for reference in references]
    return spec(evaluation={"gates": gates})


def publish(world: TrainingWorld, name: str, **more: Any) -> None:
    """Let a ModelVersion of this name exist."""
    model, _, digits = name.rpartition("-")
    digest = digits * 8
    artifact = {"uri": f"s3://models/{model}/{digest}", "sha256": digest, "sizeBytes": 1}
    world.cluster.put(_body("ModelVersion", name, {"model": model, "artifact": artifact, **more}))


def serve(world: TrainingWorld, version: str, name: str) -> None:
    """Let a ModelDeployment serve ``version``, and try another one."""
    body = _body("ModelDeployment", name, {"model": {"versionRef": {"name": version}}})
    status = {"stable": {"version": version}, "canary": {"version": "flight-delays-33333333"}}
    world.cluster.put({**body, "status": status})


def _body(kind: str, name: str, spec: Body) -> Body:
    metadata = {"name": name, "namespace": KEY.namespace}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}
