"""Bodies that a simulated cluster is made of: what users, kubelets and gateways write."""

from datetime import UTC, datetime, timedelta
from typing import Any

from checkrail_operator.plan.instants import rfc3339
from checkrail_operator.plan.types import Defaults, Manifest

START = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
DEFAULTS = Defaults(
    trainer_image="trainer:1",
    server_image="server:1",
    object_store={
        "endpoint": "http://s3.default.svc:9000",
        "region": "us-east-1",
        "addressingStyle": "Path",
        "credentialsSecretRef": {"name": "s3"},
    },
)
STARTUP = timedelta(seconds=4)
"""From a pod's birth to readiness."""

AVAILABLE_AFTER = timedelta(seconds=3)
GATEWAY_LAG = timedelta(seconds=2)
PROXY_LAG = timedelta(seconds=1)

QUOTA = 'pods "iris" is forbidden: exceeded quota: few'
FORBIDDEN = {
    "type": "ReplicaFailure",
    "status": "True",
    "reason": "FailedCreate",
    "message": QUOTA,
}
"""What a Deployment says while it may not make a pod."""

UNCONFIGURED = 'secret "audit" not found'
UNPULLED = "failed to resolve reference: not found"
UNSCHEDULED = "0/1 nodes are available: 1 Insufficient memory"

Object = dict[str, Any]


def sha256_of(number: int) -> str:
    """Return a digest that starts with ``number``, in eight digits."""
    return f"{number:08d}" + "a" * 56


def version_name(number: int) -> str:
    """Return the name of the version whose digest is ``sha256_of(number)``."""
    return f"iris-{number:08d}"


def model_version(
    number: int,
    created: datetime = START,
    signature: Object | None = None,
    scores: Object | None = None,
) -> Object:
    """Return the ModelVersion that was published as the ``number``-th."""
    return {
        "apiVersion": "checkrail.dev/v1alpha1",
        "kind": "ModelVersion",
        "metadata": {
            "name": version_name(number),
            "namespace": "team",
            "creationTimestamp": rfc3339(created),
        },
        "spec": {
            "model": "iris",
            "artifact": {
                "uri": f"s3://models/iris/{sha256_of(number)}",
                "sha256": sha256_of(number),
                "sizeBytes": 4096,
                "format": "ONNX",
            },
            **({"signature": signature} if signature else {}),
            **({"scores": scores} if scores else {}),
        },
    }


def model_deployment(**spec: Any) -> Object:
    """Return a ModelDeployment of version 1; ``spec`` replaces parts of its spec."""
    return {
        "apiVersion": "checkrail.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": "iris", "namespace": "team", "uid": "uid-iris", "generation": 1},
        "spec": {
            "model": {"versionRef": {"name": version_name(1)}},
            "traffic": {"gateway": {"parentRefs": [{"name": "gateway", "namespace": "infra"}]}},
            **spec,
        },
    }


def pod_status(behaviour: str, age: timedelta) -> tuple[Object, timedelta]:
    """Return the status of a pod, and for how long it has been ready, negative if it is not.

    Args:
        behaviour: healthy, silent (runs, never ready), crashing, or what keeps it from starting:
            unscheduled, unmounted, unconfigured (its Secret is missing), unpulled.
        age: Since it was created.
    """
    if behaviour in {"unscheduled", "unmounted", "unconfigured", "unpulled"}:
        return _pending(behaviour, age), timedelta(seconds=-1)
    ready = behaviour == "healthy" and age >= STARTUP
    container: Object = {"name": "server", "ready": ready, "restartCount": 0}
    if behaviour == "crashing" and age >= STARTUP:
        container["state"] = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}
        container["lastState"] = {
            "terminated": {"exitCode": 3, "reason": "Error", "message": "digest differs"}
        }
    else:
        container["state"] = {"running": {}}
    status = {
        "phase": "Running",
        "podIP": "198.18.0.9",
        "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
        "containerStatuses": [container],
    }
    return status, age - STARTUP if ready else timedelta(seconds=-1)


def _pending(behaviour: str, age: timedelta) -> Object:
    """Return the status of a pod that does not start; its image is tried every other second."""
    if behaviour == "unscheduled":
        scheduled = {"status": "False", "reason": "Unschedulable", "message": UNSCHEDULED}
        return {"phase": "Pending", "conditions": [{"type": "PodScheduled", **scheduled}]}
    reason, message = "CreateContainerConfigError", UNCONFIGURED
    if behaviour == "unmounted":
        reason, message = "ContainerCreating", ""
    if behaviour == "unpulled":
        reason, message = "ErrImagePull", UNPULLED
        if age.seconds % 2:
            message = f'Back-off pulling image "server:1": {reason}: {UNPULLED}'
            reason = "ImagePullBackOff"
    container = {
        "name": "server",
        "ready": False,
        "restartCount": 0,
        "state": {"waiting": {"reason": reason, "message": message}},
    }
    return {"phase": "Pending", "containerStatuses": [container]}


def route_status(route: Manifest, *, accepted: bool) -> Object:
    """Return what every gateway of ``route`` says of it as it is now."""
    admitted = {
        "type": "Accepted",
        "status": "True" if accepted else "False",
        "reason": "Accepted" if accepted else "NotAllowedByListeners",
        "message": "" if accepted else "no listener admits this namespace",
    }
    resolved = {"type": "ResolvedRefs", "status": "True", "reason": "ResolvedRefs", "message": ""}
    generation = {"observedGeneration": route["metadata"]["generation"]}
    conditions = [{**admitted, **generation}, {**resolved, **generation}]
    return {
        "parents": [
            {"parentRef": ref, "controllerName": "example.com/gateway", "conditions": conditions}
            for ref in route["spec"]["parentRefs"]
        ]
    }
