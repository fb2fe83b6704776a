"""The kinds that the operator touches, and where the API server keeps them.

They are written down, not discovered: discovery would be a dozen requests at every start, a cache
file, and one more thing that can be stale.
"""

from collections.abc import Mapping
from typing import Any

from kubernetes.aio.dynamic.resource import Resource

from checkrail_api.kind import API_VERSION
from checkrail_operator.observe.raw import (
    AUTOSCALER,
    CONFIG_MAP,
    DEPLOYMENT,
    DISRUPTION_BUDGET,
    HTTP_ROUTE,
    JOB,
    NETWORK_POLICY,
    POD,
    SERVICE,
)

LEASE = ("coordination.k8s.io/v1", "Lease")
EVENT = ("events.k8s.io/v1", "Event")

PLURALS: Mapping[tuple[str, str], str] = {
    (API_VERSION, "TrainingJob"): "trainingjobs",
    (API_VERSION, "ModelVersion"): "modelversions",
    (API_VERSION, "ModelDeployment"): "modeldeployments",
    JOB: "jobs",
    CONFIG_MAP: "configmaps",
    POD: "pods",
    SERVICE: "services",
    DEPLOYMENT: "deployments",
    HTTP_ROUTE: "httproutes",
    NETWORK_POLICY: "networkpolicies",
    DISRUPTION_BUDGET: "poddisruptionbudgets",
    AUTOSCALER: "horizontalpodautoscalers",
    LEASE: "leases",
    EVENT: "events",
}


def resource(client: Any, api_version: str, kind: str) -> Any:
    """Return the kind's ``Resource`` of the dynamic client, which ships no types.

    Raises:
        KeyError: The operator does not know the kind; it must be added to ``PLURALS``.
    """
    group, _, version = api_version.rpartition("/")
    plural = PLURALS[api_version, kind]
    arguments: dict[str, Any] = {
        "prefix": "apis" if group else "api",
        "group": group,
        "api_version": version,
        "kind": kind,
        "name": plural,
        "namespaced": True,
        "client": client,
        "subresources": {
            "status": {"name": f"{plural}/status", "kind": kind, "namespaced": True},
        },
    }
    return Resource(**arguments)  # type: ignore[no-untyped-call]
