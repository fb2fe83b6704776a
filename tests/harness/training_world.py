"""TrainingJobs in a `FakeCluster`: builders of what the Job controller and kubelets would write."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from checkrail_api.kind import API_VERSION
from checkrail_operator.observe.training_job import see
from checkrail_operator.plan.instants import rfc3339
from checkrail_operator.plan.training.training_job import plan
from checkrail_operator.plan.types import Defaults, Key, Plan
from checkrail_operator.shell.execute import Written, execute
from harness.fake_cluster import Body, FakeCluster

KEY = Key("TrainingJob", "team-a", "flight-delays-2013h1")
DIGEST = "3f9a1c20" + "0" * 56
DEFAULTS = Defaults(
    trainer_image="registry.example/checkrail-trainer:1",
    server_image="registry.example/checkrail-server:1",
    store={"uri": "s3://models/default"},
    object_store={
        "endpoint": "http://s3.default.svc:9000",
        "region": "us-east-1",
        "addressingStyle": "Path",
        "credentialsSecretRef": {"name": "s3"},
    },
)
LADDER = [
    {"requests": {"cpu": "1500m", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
    {"requests": {"cpu": "2", "memory": "4Gi"}, "limits": {"memory": "4Gi"}},
]
SUCCESS: Body = {
    "outcome": "Published",
    "artifact": {
        "uri": f"s3://models/default/flight-delays/{DIGEST}",
        "sha256": DIGEST,
        "sizeBytes": 123_456,
        "opset": 22,
    },
    "rows": {"train": 80_000, "holdout": 20_000},
    "metrics": [{"name": "roc_auc", "value": "0.743112"}],
    "parity": {"rows": 2_100, "maxAbsDiff": "3.1e-07", "flips": 0},
    "data": [
        {
            "source": "flights",
            "uri": "s3://lake/flights.parquet",
            "etag": "abc",
            "bytes": 1_000_000,
            "rows": 100_000,
        }
    ],
    "versions": [{"name": "xgboost", "version": "3.2.0"}],
}


def failure(reason: str, message: str) -> str:
    """Return the termination message of a trainer that knows why it failed."""
    return json.dumps({"outcome": "Failed", "reason": reason, "message": message})


def spec(**changes: Any) -> Body:
    """Return a small spec with ``changes``."""
    return {
        "model": "flight-delays",
        "data": {
            "sources": [{"name": "flights", "uri": "s3://lake/flights.parquet"}],
            "label": "late",
            "holdout": {"strategy": "Fraction", "fraction": "0.2"},
        },
        "train": {"workflow": "xgboost-classifier", "params": {"max_depth": 6}, "seed": 7},
        "resources": {"ladder": LADDER},
        **changes,
    }


@dataclass
class TrainingWorld:
    """One TrainingJob, and hands to play everybody but the operator.

    Attributes:
        cluster: Where it lives.
        defaults: The operator's values.
    """

    cluster: FakeCluster = field(default_factory=FakeCluster)
    defaults: Defaults = DEFAULTS

    def apply(self, body: Body | None = None) -> None:
        """Let a user create the TrainingJob."""
        self.cluster.put(
            {
                "apiVersion": API_VERSION,
                "kind": "TrainingJob",
                "metadata": {"name": KEY.name, "namespace": KEY.namespace, "uid": "run-uid"},
                "spec": body or spec(),
            }
        )

    def edit(self, **changes: Any) -> None:
        """Let a user change fields of the spec."""
        owner = self.owner
        stored = self.cluster.put({**owner, "spec": {**owner["spec"], **changes}})
        stored["metadata"]["generation"] += 1

    @property
    def owner(self) -> Body:
        """The TrainingJob as it is."""
        return self.cluster.objects[API_VERSION, KEY.kind, KEY.namespace, KEY.name]

    @property
    def status(self) -> Body:
        """What its status says."""
        status: Body = self.owner["status"]
        return status

    def condition(self, kind: str) -> tuple[str, str] | None:
        """Return status and reason of a condition, or None when it is absent."""
        found = {c["type"]: (c["status"], c["reason"]) for c in self.status["conditions"]}
        return found.get(kind)

    async def plan(self) -> Plan:
        """Return what a pass would do now."""
        return plan(see(await self.cluster.raw(KEY), self.cluster.now, self.defaults))

    async def run_pass(self) -> Written:
        """Run one whole pass."""
        raw = await self.cluster.raw(KEY)
        decided = plan(see(raw, self.cluster.now, self.defaults))
        return await execute(self.cluster, decided, raw, self.cluster.tell)

    async def rest(self) -> None:
        """Run passes until one writes nothing; the clock stands still."""
        for _ in range(8):
            if not await self.run_pass():
                return
        raise AssertionError(f"no rest after 8 passes: {self.cluster.writes}")

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self.cluster.now += timedelta(seconds=seconds)

    @property
    def job(self) -> Body:
        """The newest attempt's Job."""
        jobs = self.cluster.of_kind("Job")
        return max(jobs, key=lambda job: int(job["metadata"]["labels"]["checkrail.dev/attempt"]))

    def pod(self, status: Mapping[str, Any] | None = None, **metadata: Any) -> Body:
        """Let the newest Job have its one pod, with this status."""
        job = self.job
        name = f"{job['metadata']['name']}-x"
        kept = self.cluster.objects.get(("v1", "Pod", KEY.namespace, name), {})
        return self.cluster.put(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "name": name,
                    "namespace": KEY.namespace,
                    "labels": job["spec"]["template"]["metadata"]["labels"],
                    "ownerReferences": [
                        {
                            "apiVersion": "batch/v1",
                            "kind": "Job",
                            "name": job["metadata"]["name"],
                            "uid": job["metadata"]["uid"],
                            "controller": True,
                        }
                    ],
                    **metadata,
                },
                "spec": job["spec"]["template"]["spec"],
                "status": {
                    "startTime": kept.get("status", {}).get("startTime", rfc3339(self.cluster.now)),
                    **(status or {"phase": "Pending"}),
                },
            }
        )

    def pod_waits(self, reason: str, message: str = "") -> Body:
        """Let the pod's container wait, as its kubelet would say."""
        waiting = {"reason": reason, "message": message}
        return self.pod(container("Pending", {"waiting": waiting}))

    def pod_runs(self, log: str = "") -> Body:
        """Let the trainer run and have printed ``log``."""
        pod = self.pod(container("Running", {"running": {}}))
        self.cluster.logs[pod["metadata"]["name"]] = log
        return pod

    def pod_ends(
        self, exit_code: int, message: str = "", reason: str = "", **metadata: Any
    ) -> Body:
        """Let the trainer end now."""
        state = {
            "exitCode": exit_code,
            "message": message,
            "reason": reason or ("Error" if exit_code else "Completed"),
            "finishedAt": rfc3339(self.cluster.now),
        }
        phase = "Failed" if exit_code else "Succeeded"
        return self.pod(container(phase, {"terminated": state}), **metadata)

    def job_ends(self, condition: str, reason: str = "", message: str = "") -> None:
        """Let the Job controller close the newest Job."""
        end = {
            "type": condition,
            "status": "True",
            "reason": reason,
            "message": message,
            "lastTransitionTime": rfc3339(self.cluster.now),
        }
        self.cluster.put({**self.job, "status": {"conditions": [end]}})

    def job_is_suspended(self) -> None:
        """Let the Job controller carry out that the newest Job is suspended: its pod is ended.

        It takes its finalizer off the pod first: what is ended so does not fail the Job.
        """
        self._resumption("True", {})
        job = self.job["metadata"]["name"]
        for pod in self.cluster.of_kind("Pod"):
            if pod["metadata"]["ownerReferences"][0]["name"] == job:
                doomed = {**pod["metadata"], "deletionTimestamp": rfc3339(self.cluster.now)}
                self.cluster.put({**pod, "metadata": doomed})

    def job_starts(self) -> None:
        """Let the Job controller start the newest Job's clock."""
        job, started = self.job, {"startTime": rfc3339(self.cluster.now)}
        self.cluster.put({**job, "status": {**job.get("status", {}), **started}})

    def job_is_resumed(self) -> None:
        """Let the Job controller carry out that the newest Job goes on: its clock starts anew."""
        self._resumption("False", {"startTime": rfc3339(self.cluster.now)})

    def kueue_says(self, *, suspend: bool) -> None:
        """Let Kueue stop the newest Job, or admit it."""
        job = self.job
        self.cluster.put({**job, "spec": {**job["spec"], "suspend": suspend}})

    def _resumption(self, suspended: str, started: Mapping[str, Any]) -> None:
        job, time = self.job, rfc3339(self.cluster.now)
        condition = {"type": "Suspended", "status": suspended, "lastTransitionTime": time}
        status = {**job.get("status", {}), **started, "conditions": [condition]}
        self.cluster.put({**job, "status": status})

    def remove_pod(self) -> None:
        """Let somebody delete the newest Job's pod."""
        uid = self.job["metadata"]["uid"]
        for pod in self.cluster.of_kind("Pod"):
            if pod["metadata"]["ownerReferences"][0]["uid"] == uid:
                self.cluster.remove(pod)


def container(phase: str, state: Mapping[str, Any]) -> Body:
    """Return a pod status with the trainer's container in ``state``."""
    return {
        "phase": phase,
        "containerStatuses": [
            {
                "name": "trainer",
                "state": dict(state),
                "ready": "running" in state,
                "imageID": "registry.example/checkrail-trainer@sha256:" + "d" * 64,
            }
        ],
    }


def progress_line(phase: str, percent: int, eta_seconds: int | None = None) -> str:
    """Return one line of the trainer's progress."""
    event = {"event": "progress", "phase": phase, "percent": percent}
    return json.dumps({**event, "eta_seconds": eta_seconds} if eta_seconds is not None else event)
