"""Who is missing in a control plane without nodes and gateways, played by the tests.

``PodActor`` plays the kubelet: it writes the status of pods that the real Job and ReplicaSet
controllers made. ``RouteActor`` plays the gateway controller: it accepts routes. Both write what
the real ones would write and nothing else; operator, API server, controllers and garbage collector
are real.
"""

from __future__ import annotations

import contextlib
import json
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

Manifest = dict[str, Any]
MERGE = {"Content-Type": "application/merge-patch+json"}
SINCE = timedelta(seconds=60)
"""How long ready pods say they have been ready: minReadySeconds is over at once."""

TERMINATED = 143
"""Exit code of a trainer that was told to end: 128 and the number of SIGTERM."""

NOWHERE = "nowhere"
"""Name of a Gateway that does not exist: nobody answers for it."""

DIGEST = "ab12cd34" * 8

PUBLISHED: Manifest = {
    "outcome": "Published",
    "artifact": {
        "uri": f"s3://models/default/flights/{DIGEST}",
        "sha256": DIGEST,
        "sizeBytes": 1000,
        "opset": 21,
    },
    "rows": {"train": 900, "holdout": 100},
    "metrics": [{"name": "roc_auc", "value": "0.7431"}],
    "parity": {"rows": 2000, "maxAbsDiff": "1e-7", "flips": 0},
}


def rfc3339(time: datetime) -> str:
    """Return what the kubelet would write."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


class Actor:
    """Watches one kind in all namespaces and writes the status of what it sees."""

    path = ""
    query: dict[str, str] = {}

    def __init__(self, client: Callable[[], httpx.Client]) -> None:
        """Act with a client of its own for watching and one for writing."""
        self._watching, self.client = client(), client()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._watching.close()
        self.client.close()

    def act(self, body: Manifest) -> None:
        """Write what the real one would write."""
        raise NotImplementedError

    def status(self, body: Manifest, status: Manifest) -> None:
        """Write a status; the object may be gone, or the API server away for a moment."""
        group, _, plural = self.path.rpartition("/")
        meta = body["metadata"]
        path = f"{group}/namespaces/{meta['namespace']}/{plural}/{meta['name']}/status"
        with contextlib.suppress(httpx.HTTPError):
            self.client.patch(path, json={"status": status}, headers=MERGE)

    def _run(self) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(httpx.HTTPError, RuntimeError, ValueError):
                self._watch()
            self._stop.wait(0.1)

    def _watch(self) -> None:
        query = {**self.query, "watch": "1", "timeoutSeconds": "600"}
        with self._watching.stream("GET", self.path, params=query, timeout=None) as stream:
            for line in stream.iter_lines():
                event = json.loads(line)
                if event.get("type") in {"ADDED", "MODIFIED"}:
                    self.act(event["object"])


class PodActor(Actor):
    """Plays the kubelet for the pods of training jobs, servers and deletions of artifacts.

    ``trainers`` says by namespace what the next trainers, or deletions, do: ``publish`` (default),
    or ``hold`` (stay running).
    """

    path = "/api/v1/pods"
    query = {"labelSelector": "app.kubernetes.io/managed-by=checkrail"}

    def __init__(self, client: Callable[[], httpx.Client]) -> None:
        super().__init__(client)
        self.trainers: dict[str, str] = {}

    def act(self, body: Manifest) -> None:
        """Start what is new, end what trains, make ready what serves."""
        owner = body["metadata"]["labels"]["checkrail.dev/owner-kind"]
        phase = body["status"].get("phase")
        if "deletionTimestamp" in body["metadata"]:
            if owner == "TrainingJob" and phase == "Running":
                self.status(body, ended(body, TERMINATED, ""))
            self._remove(body)
        elif owner == "ModelDeployment" and phase == "Pending":
            self.status(body, serving(body))
        elif owner in {"TrainingJob", "ModelVersion"} and phase == "Pending":
            self.status(body, running(body))
        elif owner == "ModelVersion" and phase == "Running" and not self._holds(body):
            self.status(body, ended(body, 0, json.dumps({"outcome": "Deleted"})))
        elif owner == "TrainingJob" and phase == "Running" and not self._holds(body):
            self.status(body, ended(body, 0, json.dumps(PUBLISHED)))

    def again(self, namespace: str) -> None:
        """Look at the pods of a namespace once more."""
        path = f"/api/v1/namespaces/{namespace}/pods"
        for body in self.client.get(path, params=self.query).json()["items"]:
            self.act(body)

    def _holds(self, body: Manifest) -> bool:
        return self.trainers.get(body["metadata"]["namespace"]) == "hold"

    def _remove(self, body: Manifest) -> None:
        meta = body["metadata"]
        path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
        with contextlib.suppress(httpx.HTTPError):
            self.client.request("DELETE", path, json={"gracePeriodSeconds": 0})


class RouteActor(Actor):
    """Plays the gateway controller: answers for every Gateway but ``NOWHERE``, which is not there.

    ``refusals`` has by namespace a condition that it gives routes in place of the good one.
    """

    path = "/apis/gateway.networking.k8s.io/v1/httproutes"

    def __init__(self, client: Callable[[], httpx.Client]) -> None:
        super().__init__(client)
        self.refusals: dict[str, Manifest] = {}

    def again(self, namespace: str) -> None:
        """Answer the routes of a namespace once more."""
        group, _, plural = self.path.rpartition("/")
        found = self.client.get(f"{group}/namespaces/{namespace}/{plural}")
        for body in found.json()["items"]:
            self.answer(body)

    def act(self, body: Manifest) -> None:
        """Answer for the route as it is, unless that was done."""
        generation = body["metadata"]["generation"]
        parents = body.get("status", {}).get("parents", [])
        said = {c["observedGeneration"] for p in parents for c in p["conditions"]}
        if said != {generation}:
            self.answer(body)

    def answer(self, body: Manifest) -> None:
        """Write what each Gateway says of the route as it is."""
        now = rfc3339(datetime.now(UTC))
        refusal = self.refusals.get(body["metadata"]["namespace"], {})
        conditions = [
            {
                "type": kind,
                "status": "True",
                "reason": kind,
                "message": "",
                **(refusal if refusal.get("type") == kind else {}),
                "lastTransitionTime": now,
                "observedGeneration": body["metadata"]["generation"],
            }
            for kind in ("Accepted", "ResolvedRefs")
        ]
        answers = [
            {"parentRef": ref, "controllerName": "test/gateway", "conditions": conditions}
            for ref in body["spec"]["parentRefs"]
            if ref["name"] != NOWHERE
        ]
        self.status(body, {"parents": answers})


def running(body: Manifest) -> Manifest:
    """Return the status of a pod whose container runs."""
    return _status(body, "Running", {"running": {"startedAt": _now()}}, ready=False)


def serving(body: Manifest) -> Manifest:
    """Return the status of a pod that has been ready for a while."""
    return _status(body, "Running", {"running": {"startedAt": _now()}}, ready=True)


def ended(body: Manifest, code: int, message: str) -> Manifest:
    """Return the status of a pod whose container ended with ``code``."""
    state = {
        "exitCode": code,
        "reason": "Error" if code else "Completed",
        "message": message,
        "startedAt": _now(),
        "finishedAt": _now(),
    }
    phase = "Failed" if code else "Succeeded"
    return _status(body, phase, {"terminated": state}, ready=False)


def _status(body: Manifest, phase: str, state: Manifest, *, ready: bool) -> Manifest:
    since = rfc3339(datetime.now(UTC) - SINCE)
    container = body["spec"]["containers"][0]
    conditions = [
        {"type": kind, "status": "True" if ready else "False", "lastTransitionTime": since}
        for kind in ("Ready", "ContainersReady")
    ]
    return {
        "phase": phase,
        "startTime": since,
        "conditions": conditions,
        "containerStatuses": [
            {
                "name": container["name"],
                "image": container["image"],
                "imageID": "",
                "ready": ready,
                "started": ready,
                "restartCount": 0,
                "state": state,
            }
        ],
    }


def _now() -> str:
    return rfc3339(datetime.now(UTC))
