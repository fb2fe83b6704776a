"""What users rely on of a ModelDeployment, without what differs from one to the next of its kind.

Two of them with the same spec compare as equal once both have done what was asked for: names,
UIDs, times, addresses and what controllers note for themselves are taken out.
"""

import json
from typing import Any

from demo.team import Body

CHILD_KINDS = (
    "Deployment",
    "Service",
    "HTTPRoute",
    "PodDisruptionBudget",
    "HorizontalPodAutoscaler",
    "NetworkPolicy",
)
OWN_NOTES = {"deployment.kubernetes.io/revision", "checkrail.dev/applied-hash"}
"""Annotations that count or digest what was written."""
ASSIGNED = {"clusterIP", "clusterIPs"}
"""Fields of a Service that the API server chooses."""


def relied_on(body: Body, children: list[Body]) -> Body:
    """Return what a ModelDeployment serves and says, with everything that it has made."""
    name, status = body["metadata"]["name"], body["status"]
    facts = {
        "stable": _known(status["stable"], "version", "sha256", "revision", "replicas"),
        "canary": status.get("canary"),
        "traffic": status["traffic"],
        "rejected": status.get("rejected", []),
        "conditions": {c["type"]: f"{c['status']} {c['reason']}" for c in status["conditions"]},
        "replicas": body["spec"].get("replicas"),
        "children": of_children(children),
        "pods": sorted(_pod(pod) for pod in children if pod["kind"] == "Pod"),
    }
    renamed: Body = json.loads(json.dumps(facts, sort_keys=True).replace(name, "NAME"))
    return renamed


def of_children(children: list[Body]) -> dict[str, Body]:
    """Return the labels, annotations and spec of every child, by kind and name."""
    return {
        f"{child['kind']} {child['metadata']['name']}": _child(child)
        for child in children
        if child["kind"] in CHILD_KINDS
    }


def differences(found: Any, wanted: Any, path: str = "") -> list[str]:
    """Return where two values differ, for reading."""
    if found == wanted:
        return []
    if isinstance(found, dict) and isinstance(wanted, dict):
        return [
            line
            for key in sorted(found.keys() | wanted.keys())
            for line in differences(found.get(key), wanted.get(key), f"{path}.{key}")
        ]
    return [f"{path}: {found!r}, expected {wanted!r}"]


def _child(child: Body) -> Body:
    metadata = child["metadata"]
    annotations = metadata.get("annotations", {}).items()
    return {
        "labels": metadata["labels"],
        "annotations": {key: value for key, value in annotations if key not in OWN_NOTES},
        "owners": [reference["name"] for reference in metadata.get("ownerReferences", [])],
        "spec": {key: value for key, value in child["spec"].items() if key not in ASSIGNED},
    }


def _pod(pod: Body) -> str:
    ready = any(
        c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", [])
    )
    going = "deletionTimestamp" in pod["metadata"]
    state = "going" if going else "ready" if ready else "not ready"
    return f"{pod['metadata']['labels']['checkrail.dev/revision']} {state}"


def _known(body: Body, *fields: str) -> Body:
    return {field: body.get(field) for field in fields}
