"""A cluster in memory, in virtual time: an API server, Deployments, a kubelet, who splits requests.

It knows just enough of each to play a rollout: an apply replaces the spec and keeps the status, a
Deployment gets pods that come up, crash or never get ready as the test says by version, and the
gateway takes up a route some seconds after it changed. Without a gateway, the ready pods that the
Service selects share the requests, some seconds after its selector changed.
"""

import copy
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from checkrail_api.names import LABEL_REVISION, LABEL_VERSION
from checkrail_operator.observe.pods import awaited_by
from checkrail_operator.plan.deployment.difference import APPLIED_HASH, applied_hash, identity
from checkrail_operator.plan.instants import rfc3339
from checkrail_operator.plan.types import Manifest
from harness.counting_servers import Servers
from harness.serving_bodies import (
    AVAILABLE_AFTER,
    FORBIDDEN,
    GATEWAY_LAG,
    PROXY_LAG,
    START,
    Object,
    model_deployment,
    model_version,
    pod_status,
    route_status,
    version_name,
)
from harness.shadowing_servers import ShadowingServers

Identity = tuple[str, str, str]
FRONT: Identity = ("v1", "Service", "iris")


def uid_of(body: Manifest) -> str:
    """Return the UID of an object."""
    return str(body["metadata"]["uid"])


def number_of(pod: Manifest) -> int:
    """Return the number of the version that a pod serves."""
    return int(pod["metadata"]["labels"][LABEL_VERSION].rpartition("-")[2])


@dataclass
class ServingCluster:
    """One ModelDeployment and everything around it but the operator.

    Attributes:
        owner: The ModelDeployment.
        versions: ModelVersions by number.
        behaviour: How pods of a version behave: healthy (default), silent, crashing, or what keeps
            them from starting: unscheduled, unconfigured, unpulled.
        room: How many pods of a version come up; more of them stay silent.
        quota: How many pods of a version may be made; the API server refuses more of them.
        lacking: What is not there of ConfigMaps, by their names; pods wait to mount it.
        gateway: Whether the gateway takes up routes: accepts, refuses or is away.
        servers: What the pods have counted.
        shadowing: What they know of a candidate in shadow.
        now: Virtual time.
    """

    owner: Object = field(default_factory=model_deployment)
    versions: dict[int, Object] = field(default_factory=lambda: {1: model_version(1)})
    behaviour: dict[int, str] = field(default_factory=dict)
    room: dict[int, int] = field(default_factory=dict)
    quota: dict[int, int] = field(default_factory=dict)
    lacking: dict[str, str] = field(default_factory=dict)
    gateway: str = "accepts"
    servers: Servers = field(default_factory=Servers)
    shadowing: ShadowingServers = field(default_factory=ShadowingServers)
    now: datetime = START
    objects: dict[Identity, Object] = field(default_factory=dict)
    pods: dict[str, Object] = field(default_factory=dict)
    routed: dict[str, float] = field(default_factory=dict)
    """The split that is really made now, percent by revision."""
    route_changed: datetime = START
    selected: dict[str, str] | None = None
    """Labels of the pods that a node's kube-proxy sends requests to."""
    service_changed: datetime = START
    unanswered: float = 0.0
    """Requests that found no pod behind the Service."""
    _serial: int = 0

    # The API server's side

    def apply(self, manifest: Manifest) -> None:
        """Server-side apply by the only manager there is."""
        key = identity(manifest)
        wanted: Object = copy.deepcopy(dict(manifest))
        live = self.objects.get(key)
        changed = live is None or live.get("spec") != wanted.get("spec")
        self._serial += 1
        made = {"uid": f"uid-{self._serial}", "creationTimestamp": rfc3339(self.now)}
        old: Object = live["metadata"] if live else {**made, "generation": 0}
        annotations = wanted["metadata"].get("annotations", {})
        wanted["metadata"] |= {
            "annotations": {**annotations, APPLIED_HASH: applied_hash(manifest)},
            "resourceVersion": str(self._serial),
            "uid": old["uid"],
            "creationTimestamp": old["creationTimestamp"],
            "generation": old["generation"] + changed,
        }
        wanted["status"] = live.get("status", {}) if live else {}
        if key[1] == "HTTPRoute" and changed:
            self.route_changed = self.now
        if key == FRONT and changed:
            self.service_changed = self.now
        self.objects[key] = wanted

    def delete(self, key: Identity) -> None:
        """Delete an object; the garbage collector takes a Deployment's pods."""
        gone = self.objects.pop(key)
        revision = gone["metadata"]["labels"].get(LABEL_REVISION)
        if key[1] == "Deployment":
            self.pods = {
                name: pod
                for name, pod in self.pods.items()
                if pod["metadata"]["labels"][LABEL_REVISION] != revision
            }

    def edit(self, **spec: Any) -> None:
        """Edit parts of the spec."""
        self.owner["spec"] = {**self.owner["spec"], **spec}
        self.owner["metadata"]["generation"] += 1

    def ask_for(self, number: int, **spec: Any) -> None:
        """Publish version ``number`` if it is new, and name it in the spec."""
        self.publish(number)
        self.edit(model={"versionRef": {"name": version_name(number)}}, **spec)

    def publish(self, number: int) -> None:
        """Publish version ``number``, unless it is."""
        self.versions.setdefault(number, model_version(number, self.now))

    # The controllers', the kubelet's and the gateway's side

    def tick(self, seconds: float = 1) -> None:
        """Let time pass, and every controller act once."""
        self.now += timedelta(seconds=seconds)
        for key, body in list(self.objects.items()):
            if key[1] == "Deployment":
                self._run_deployment(body)
        if self.has_gateway:
            self._serve(seconds)
            self._run_gateway()
        else:
            self._run_proxy()
            self._serve(seconds)
        self._run_shadows(seconds)

    def _run_shadows(self, seconds: float) -> None:
        """Let the pods of the revision that serves hear of a candidate."""
        serving = self.status.get("stable", {}).get("revision", "")
        pods = [uid_of(pod) for pod in self._answering({LABEL_REVISION: serving})]
        found = self.objects.get(("v1", "ConfigMap", f"iris-{serving}-shadow"))
        answered = {pod: self.servers.answered.get(pod, 0.0) for pod in pods}
        self.shadowing.hear(answered, found, seconds)

    def _run_deployment(self, body: Object) -> None:
        name, labels = body["metadata"]["name"], body["spec"]["template"]["metadata"]["labels"]
        asked = body["spec"]["replicas"]
        number = int(labels[LABEL_VERSION].rpartition("-")[2])
        allowed = min(asked, self.quota.get(number, asked))
        wanted = {f"{name}-{n}" for n in range(allowed)}
        mine = {n for n, p in self.pods.items() if n.rpartition("-")[0] == name}
        for gone in mine - wanted:
            del self.pods[gone]
        for pod in sorted(wanted - mine):
            self.pods[pod] = {
                "kind": "Pod",
                "metadata": {
                    "name": pod,
                    "namespace": "team",
                    "uid": f"{pod}@{rfc3339(self.now)}",
                    "labels": labels,
                    "creationTimestamp": rfc3339(self.now),
                },
                "spec": body["spec"]["template"]["spec"],
            }
        ages = [self._run_pod(self.pods[pod]) for pod in sorted(wanted)]
        body["status"] = {
            "observedGeneration": body["metadata"]["generation"],
            "replicas": len(wanted),
            "readyReplicas": sum(age >= timedelta(0) for age in ages),
            "availableReplicas": sum(age >= AVAILABLE_AFTER for age in ages),
            **({"conditions": [FORBIDDEN]} if allowed < asked else {}),
        }

    def _run_pod(self, pod: Object) -> timedelta:
        number = number_of(pod)
        age = self.now - datetime.fromisoformat(pod["metadata"]["creationTimestamp"])
        has_room = int(pod["metadata"]["name"].rpartition("-")[2]) < self.room.get(number, 1000)
        behaviour = self.behaviour.get(number, "healthy") if has_room else "silent"
        if any(name in self.lacking for name in awaited_by(pod)):
            behaviour = "unmounted"
        pod["status"], ready_for = pod_status(behaviour, age)
        return ready_for

    def _serve(self, seconds: float) -> None:
        """Let ready pods answer what is sent to their revisions."""
        shares: dict[str, float] = {}
        for revision, share in self.routed.items():
            pods = [uid_of(pod) for pod in self._answering({LABEL_REVISION: revision})]
            shares |= {pod: share / len(pods) for pod in pods}
        self.servers.serve(seconds, shares)
        if self.selected is not None and not shares:
            self.unanswered += self.servers.load * seconds

    def _answering(self, labels: Manifest) -> list[Object]:
        """Return the ready pods that have these labels."""
        return [
            pod
            for pod in self.pods.values()
            if labels.items() <= pod["metadata"]["labels"].items()
            and any(each["ready"] for each in pod["status"].get("containerStatuses", ()))
        ]

    def _run_proxy(self) -> None:
        """Send requests to ready pods, each as often, some time after the Service changed."""
        service = self.objects.get(FRONT)
        if service and self.now >= self.service_changed + PROXY_LAG:
            self.selected = dict(service["spec"]["selector"])
        pods = self._answering(self.selected) if self.selected else []
        revisions = Counter(pod["metadata"]["labels"][LABEL_REVISION] for pod in pods)
        self.routed = {r: 100 * number / len(pods) for r, number in sorted(revisions.items())}

    def _run_gateway(self) -> None:
        route = self.route
        if route is None or self.gateway == "away" or self.now < self.route_changed + GATEWAY_LAG:
            return
        accepted = self.gateway == "accepts"
        if accepted:
            self.routed = dict(self.written)
        route["status"] = route_status(route, accepted=accepted)

    # What a test asks

    @property
    def has_gateway(self) -> bool:
        """Whether a gateway splits the requests."""
        return "gateway" in self.owner["spec"].get("traffic", {})

    @property
    def route(self) -> Object | None:
        """The HTTPRoute."""
        return next((o for k, o in self.objects.items() if k[1] == "HTTPRoute"), None)

    @property
    def written(self) -> dict[str, int]:
        """The split that the route asks for, by revision."""
        if self.route is None:
            return {}
        backends = self.route["spec"]["rules"][-1]["backendRefs"]
        return {b["name"].rpartition("-")[2]: b["weight"] for b in backends}

    @property
    def revisions(self) -> list[str]:
        """Revisions that have a Deployment."""
        return sorted(
            body["metadata"]["labels"][LABEL_REVISION]
            for key, body in self.objects.items()
            if key[1] == "Deployment"
        )

    @property
    def refused(self) -> list[str]:
        """Revisions that status remembers as rejected."""
        return [rejected["revision"] for rejected in self.status.get("rejected", ())]

    @property
    def status(self) -> Object:
        """The ModelDeployment's status."""
        found: Object = self.owner.get("status", {})
        return found

    def condition(self, kind: str) -> tuple[str, str] | None:
        """Return status and reason of a condition."""
        found = (c for c in self.status.get("conditions", ()) if c["type"] == kind)
        return next(((c["status"], c["reason"]) for c in found), None)

    def version_of(self, revision: str) -> int:
        """Return the number of the version that ``revision`` serves."""
        for body in self.objects.values():
            labels = body["metadata"]["labels"]
            if labels.get(LABEL_REVISION) == revision:
                return int(labels[LABEL_VERSION].rpartition("-")[2])
        raise KeyError(revision)

    def ready_pods(self, revision: str) -> int:
        """Return how many pods of ``revision`` its Deployment calls ready."""
        deployment = self.objects.get(("apps/v1", "Deployment", f"iris-{revision}"), {})
        count: int = deployment.get("status", {}).get("readyReplicas", 0)
        return count
