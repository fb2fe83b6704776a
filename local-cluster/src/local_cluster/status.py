"""What `status` says: is the cluster there, is it ready, where is it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from local_cluster.addons import DEPLOYMENTS
from local_cluster.run import run

if TYPE_CHECKING:
    from local_cluster.session import Session

REQUEST_TIMEOUT = "--request-timeout=10s"


def is_true(thing: dict[str, Any], condition: str) -> bool:
    """Answer whether a raw object has this condition with status True."""
    conditions = thing.get("status", {}).get("conditions", [])
    return any(each["type"] == condition and each["status"] == "True" for each in conditions)


def pods_not_ready(pods: list[dict[str, Any]]) -> list[str]:
    """Answer, as lines, the pods that should serve and do not; finished ones are no concern."""
    lines = []
    for pod in pods:
        phase = pod.get("status", {}).get("phase", "Unknown")
        if phase != "Succeeded" and not is_true(pod, "Ready"):
            where = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
            lines.append(f"{where}: {phase}{_why(pod)}")
    return lines


def _why(pod: dict[str, Any]) -> str:
    for container in pod.get("status", {}).get("containerStatuses", []):
        for state in ("waiting", "terminated"):
            if reason := container.get("state", {}).get(state, {}).get("reason"):
                return f", {reason}"
    return ""


def print_status(session: Session) -> int:
    """Print it and answer the exit status: 0 when node, addons and gateway are ready."""
    nodes = _items(session, "nodes")
    pods = _items(session, "pods", "--all-namespaces")
    deployments = _items(session, "deployments", "--all-namespaces")
    gateways = _items(session, "gateways", "--all-namespaces")
    variables = session.variables(os.environ)
    print(f"kind:       {session.kind}")
    for node in nodes:
        words = "Ready" if is_true(node, "Ready") else "not Ready"
        print(f"node:       {node['metadata']['name']} {words}")
    print(f"kubeconfig: {session.kubeconfig}")
    print(f"gateway:    {variables['CHECKRAIL_GATEWAY_URL']}")
    print(f"S3:         {variables['CHECKRAIL_S3_ENDPOINT']}")
    for line in pods_not_ready(pods):
        print(f"not ready:  {line}")
    available = {
        (each["metadata"]["namespace"], each["metadata"]["name"])
        for each in deployments
        if is_true(each, "Available")
    }
    ready = (
        bool(nodes)
        and all(is_true(node, "Ready") for node in nodes)
        and available.issuperset(DEPLOYMENTS)
        and any(is_true(gateway, "Programmed") for gateway in gateways)
    )
    print(f"ready:      {'yes' if ready else 'no'}")
    return 0 if ready else 1


def _items(session: Session, *what: str) -> list[dict[str, Any]]:
    variables = {**os.environ, **session.variables(os.environ)}
    words = ["kubectl", "get", *what, "--output=json", REQUEST_TIMEOUT]
    shown = run([*session.prefix, *words], env=variables, check=False)
    found: list[dict[str, Any]] = json.loads(shown.stdout)["items"] if shown.stdout else []
    return found
