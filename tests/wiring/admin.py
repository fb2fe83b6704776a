"""The tests' own way to the API server, as its administrator and past every proxy."""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.control_plane import ControlPlane

POLL_SECONDS = 0.2
OURS = {"labelSelector": "app.kubernetes.io/managed-by=checkrail"}

PATHS = {
    "TrainingJob": "/apis/checkrail.dev/v1alpha1/namespaces/{}/trainingjobs",
    "ModelVersion": "/apis/checkrail.dev/v1alpha1/namespaces/{}/modelversions",
    "ModelDeployment": "/apis/checkrail.dev/v1alpha1/namespaces/{}/modeldeployments",
    "Job": "/apis/batch/v1/namespaces/{}/jobs",
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "Pod": "/api/v1/namespaces/{}/pods",
    "ResourceQuota": "/api/v1/namespaces/{}/resourcequotas",
    "Service": "/api/v1/namespaces/{}/services",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "HTTPRoute": "/apis/gateway.networking.k8s.io/v1/namespaces/{}/httproutes",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
    "PodDisruptionBudget": "/apis/policy/v1/namespaces/{}/poddisruptionbudgets",
    "HorizontalPodAutoscaler": "/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers",
    "Lease": "/apis/coordination.k8s.io/v1/namespaces/{}/leases",
    "Event": "/apis/events.k8s.io/v1/namespaces/{}/events",
}


def admin_client(plane: ControlPlane) -> httpx.Client:
    """Return a client that proves itself with the administrator's certificate."""
    pki = plane.layout.pki
    trust = ssl.create_default_context(cafile=str(pki / "ca.crt"))
    trust.load_cert_chain(pki / "admin.crt", pki / "admin.key")
    return httpx.Client(base_url=plane.server, verify=trust, timeout=30)


@dataclass(frozen=True)
class Namespace:
    """One namespace, seen and changed by its administrator."""

    name: str
    client: httpx.Client

    def path(self, kind: str, name: str = "") -> str:
        """Return where objects of ``kind`` are."""
        return PATHS[kind].format(self.name) + (f"/{name}" if name else "")

    def create(self, manifest: dict[str, Any]) -> dict[str, Any]:
        """Create an object and return it."""
        answer = self.client.post(self.path(manifest["kind"]), json=manifest)
        assert answer.is_success, answer.text
        created: dict[str, Any] = answer.json()
        return created

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        """Return one object, or None."""
        answer = self.client.get(self.path(kind, name))
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def list(self, kind: str, **query: str) -> list[dict[str, Any]]:
        """Return the objects of a kind, by name."""
        answer = self.client.get(self.path(kind), params=query)
        assert answer.is_success, answer.text
        return sorted(answer.json()["items"], key=lambda item: str(item["metadata"]["name"]))

    def patch(
        self, kind: str, name: str, change: dict[str, Any], subresource: str = ""
    ) -> httpx.Response:
        """Merge ``change`` into an object."""
        path = self.path(kind, name) + (f"/{subresource}" if subresource else "")
        merge = {"Content-Type": "application/merge-patch+json"}
        return self.client.patch(path, json=change, headers=merge)

    def delete(self, kind: str, name: str) -> None:
        """Delete an object, what it owns in the background."""
        answer = self.client.delete(self.path(kind, name))
        assert answer.is_success, answer.text

    def wait_for_pods(self, phase: str) -> None:
        """Wait until there are pods of ours, all in this phase."""

        def all_are() -> bool:
            pods = self.list("Pod", **OURS)
            return bool(pods) and all(pod["status"]["phase"] == phase for pod in pods)

        wait_until(all_are)

    def condition(self, kind: str, name: str, of_type: str) -> dict[str, Any]:
        """Return a condition of an object; empty while there is none."""
        found = self.get(kind, name) or {}
        conditions = found.get("status", {}).get("conditions", [])
        return next((c for c in conditions if c["type"] == of_type), {})

    def wait_for(self, kind: str, name: str, of_type: str, *, seconds: float = 40.0) -> None:
        """Wait until a condition is True."""
        wait_until(
            lambda: self.condition(kind, name, of_type).get("status") == "True",
            seconds=seconds,
            otherwise=lambda: f"{kind} {name} is not {of_type}: {self.get(kind, name)}",
        )


def wait_until(
    done: Callable[[], bool], *, seconds: float = 20.0, otherwise: Callable[[], str] = lambda: ""
) -> None:
    """Wait until ``done()``; fail with ``otherwise()`` after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, otherwise() or "it did not happen"
        time.sleep(POLL_SECONDS)
