"""The pods that answer, and the Services in front of them."""

import json
from typing import Any

from checkrail_api import serving as server
from checkrail_api.names import (
    LABEL_MODEL,
    LABEL_REVISION,
    LABEL_VERSION,
    MAX_NAME,
    owner_labels,
)
from checkrail_api.score_bins import ScoreBins
from checkrail_operator.plan.deployment import shadow_mount
from checkrail_operator.plan.deployment.decision_log import log_store, spool
from checkrail_operator.plan.deployment.deployment_seen import ModelDeploymentSeen
from checkrail_operator.plan.deployment.revision import ANNOTATION, TEMPLATE, Revision
from checkrail_operator.plan.deployment.server_environment import server_environment
from checkrail_operator.plan.object_stores import authorities
from checkrail_operator.plan.ownership import owner_reference
from checkrail_operator.plan.types import Manifest

KIND = "ModelDeployment"
CONTAINER = "server"
SERVICE_PORT = 80
USER = 65532

MIN_READY_SECONDS = 3
"""A pod counts as available after this time: gateways know its address by then."""

GRACE_SECONDS = 30
STOP_DELAY_SECONDS = 5
"""Between leaving the endpoints and SIGTERM: gateways stop sending before the server stops
(``lifecycle.preStop.sleep``, on by default since Kubernetes 1.30, KEP-3960)."""

PROBE_PATIENCE_SECONDS = 5
"""A slow answer on a busy node is no failure: taking the pod out, or restarting it, would turn
slowness into errors."""

STARTUP_SECONDS = 300
"""Fetching, verifying and loading a model may take this long before a restart is tried."""


def child(seen: ModelDeploymentSeen, api_version: str, kind: str, name: str) -> dict[str, Any]:
    """Return the head of a child manifest: identity, labels and owner."""
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": seen.key.namespace,
            "labels": owner_labels(KIND, seen.key.name),
            "ownerReferences": [owner_reference(seen.key, seen.uid)],
        },
    }


def child_name_of(seen: ModelDeploymentSeen, revision: str) -> str:
    """Return the name of a revision's Deployment and Service."""
    return f"{seen.key.name[: MAX_NAME - len(revision) - 1].rstrip('-.')}-{revision}"


def scores_of(seen: ModelDeploymentSeen, revision: Revision) -> ScoreBins | None:
    """Return the bins of the scores of the version that ``revision`` serves, if they are known."""
    return next((v.scores for v in seen.versions if v.name == revision.version), None)


def revision_deployment(
    seen: ModelDeploymentSeen, revision: Revision, pods: int, reference: ScoreBins | None = None
) -> Manifest:
    """Return the Deployment of ``revision``: so many pods, none of them missed.

    Args:
        seen: The pass's snapshot.
        revision: What it serves, and how.
        pods: How many.
        reference: The bins of the version that it is compared with as a canary; None: with none.
            Pods that were made already keep what they were made with.
    """
    template = _template(seen, revision, reference)
    manifest = _of_revision(seen, revision, template, "apps/v1", "Deployment")
    manifest["spec"] = {
        "replicas": pods,
        "minReadySeconds": MIN_READY_SECONDS,
        "progressDeadlineSeconds": seen.spec.rollout.progress_deadline_seconds,
        "revisionHistoryLimit": 1,
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
        },
        "selector": {"matchLabels": revision_selector(seen, revision)},
        "template": template,
    }
    return manifest


def revision_service(
    seen: ModelDeploymentSeen, revision: Revision, reference: ScoreBins | None = None
) -> Manifest:
    """Return the Service in front of the pods of ``revision``: a backend of the route.

    It records the pods as well as their Deployment does, see ``revision_deployment``.
    """
    manifest = _of_revision(seen, revision, _template(seen, revision, reference), "v1", "Service")
    return {**manifest, "spec": _service_spec(revision_selector(seen, revision))}


def front_service(seen: ModelDeploymentSeen, selector: dict[str, str]) -> Manifest:
    """Return the Service that clients inside the cluster use, in front of the pods it selects."""
    head = child(seen, "v1", "Service", seen.key.name)
    return {**head, "spec": _service_spec(selector)}


def pod_selector(seen: ModelDeploymentSeen) -> str:
    """Return the label selector of all pods, of every revision."""
    return ",".join(f"{k}={v}" for k, v in sorted(owner_labels(KIND, seen.key.name).items()))


def _of_revision(
    seen: ModelDeploymentSeen, revision: Revision, template: Manifest, api_version: str, kind: str
) -> dict[str, Any]:
    head = child(seen, api_version, kind, child_name_of(seen, revision.hash))
    head["metadata"]["labels"] |= {LABEL_REVISION: revision.hash, **_version_labels(revision)}
    head["metadata"]["annotations"] = {
        ANNOTATION: revision.annotation(),
        TEMPLATE: json.dumps(template, sort_keys=True, separators=(",", ":")),
    }
    return head


def _template(
    seen: ModelDeploymentSeen, revision: Revision, reference: ScoreBins | None
) -> Manifest:
    """Return the pods of ``revision``: as they were first made, whatever this release makes.

    A new operator moves no running pod; the next revision gets what it makes.
    """
    labels = {**revision_selector(seen, revision), **_version_labels(revision)}
    made = {"metadata": {"labels": labels}, "spec": _pod_spec(seen, revision, reference)}
    return seen.of(revision).template or made


def revision_selector(seen: ModelDeploymentSeen, revision: Revision) -> dict[str, str]:
    """Return the labels of the pods of ``revision`` alone."""
    return {**owner_labels(KIND, seen.key.name), LABEL_REVISION: revision.hash}


def _version_labels(revision: Revision) -> dict[str, str]:
    return {LABEL_MODEL: revision.model, LABEL_VERSION: revision.version}


def _service_spec(selector: dict[str, str]) -> dict[str, Any]:
    port = {"name": "http", "port": SERVICE_PORT, "targetPort": "http", "protocol": "TCP"}
    return {"type": "ClusterIP", "selector": selector, "ports": [port]}


def _pod_spec(
    seen: ModelDeploymentSeen, revision: Revision, reference: ScoreBins | None
) -> dict[str, Any]:
    """Return the pod: what the restricted Pod Security Standard asks for, and no API access."""
    named = child_name_of(seen, revision.hash)
    placement = revision.placement
    volumes, mounts = _volumes(revision)
    spec: dict[str, Any] = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(revision, mounts, server_environment(seen, revision, reference))],
        "volumes": [{"name": "tmp", "emptyDir": {}}, shadow_mount.volume(named), *volumes],
    }
    if placement.service_account_name:
        spec["serviceAccountName"] = placement.service_account_name
    if placement.node_selector:
        spec["nodeSelector"] = dict(placement.node_selector)
    if placement.tolerations:
        spec["tolerations"] = [toleration.dump() for toleration in placement.tolerations]
    if affinity := placement.affinity and placement.affinity.manifest():
        spec["affinity"] = affinity
    if placement.topology_spread_constraints:
        spec["topologySpreadConstraints"] = _spread(seen, revision)
    if placement.priority_class_name:
        spec["priorityClassName"] = placement.priority_class_name
    return spec


def _spread(seen: ModelDeploymentSeen, revision: Revision) -> list[dict[str, Any]]:
    """Return the constraints; without a selector the API counts no pod, and spreads nothing."""
    own = {"matchLabels": revision_selector(seen, revision)}
    return [
        {
            "labelSelector": own,
            **constraint.model_dump(mode="json", by_alias=True, exclude_defaults=True),
        }
        for constraint in revision.placement.topology_spread_constraints
    ]


def _container(
    revision: Revision, mounts: list[dict[str, Any]], environment: list[dict[str, Any]]
) -> dict[str, Any]:
    live = {"path": server.LIVE_PATH, "port": "http", "scheme": "HTTP"}
    ready = {"path": server.READY_PATH, "port": "http", "scheme": "HTTP"}
    every = {"timeoutSeconds": 2, "successThreshold": 1}
    patient = {"timeoutSeconds": PROBE_PATIENCE_SECONDS, "successThreshold": 1}
    return {
        "name": CONTAINER,
        "image": revision.image,
        "imagePullPolicy": "IfNotPresent",
        "env": environment,
        "ports": [{"name": "http", "containerPort": server.SERVER_PORT, "protocol": "TCP"}],
        "resources": {
            name: {resource: str(amount) for resource, amount in sorted(amounts.items())}
            for name, amounts in revision.resources.dump().items()
            if amounts
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "startupProbe": {
            "httpGet": ready,
            "periodSeconds": 1,
            "failureThreshold": STARTUP_SECONDS,
            **every,
        },
        "readinessProbe": {"httpGet": ready, "periodSeconds": 5, "failureThreshold": 3, **patient},
        "livenessProbe": {"httpGet": live, "periodSeconds": 10, "failureThreshold": 6, **patient},
        "lifecycle": {"preStop": {"sleep": {"seconds": STOP_DELAY_SECONDS}}},
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - the pod's own emptyDir
            shadow_mount.MOUNT,
            *mounts,
        ],
    }


def _volumes(revision: Revision) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the volumes beside ``tmp`` and their mounts."""
    of_log = log_store(revision)
    volumes, mounts = authorities([revision.store, *([of_log] if of_log else [])])
    spool_volumes, spool_mounts = spool(revision)
    return [*volumes, *spool_volumes], [*mounts, *spool_mounts]
