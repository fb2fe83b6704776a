"""A ModelVersion in a `FakeCluster`, and hands to play everybody but the operator."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from checkrail_api.kind import API_VERSION
from checkrail_operator.observe.model_version import see
from checkrail_operator.plan.types import Defaults, Key, Plan
from checkrail_operator.plan.version.model_version import plan
from checkrail_operator.shell.execute import Written, execute
from harness.fake_cluster import Body, FakeCluster
from harness.training_world import DEFAULTS, DIGEST

KEY = Key("ModelVersion", "team-a", "flight-delays-3f9a1c20")
URI = f"s3://models/default/flight-delays/{DIGEST}"


def version(policy: str = "Delete", namespace: str = KEY.namespace, **spec: Any) -> Body:
    """Return a ModelVersion as a user left it."""
    return {
        "apiVersion": API_VERSION,
        "kind": "ModelVersion",
        "metadata": {"name": KEY.name, "namespace": namespace, "uid": f"version-in-{namespace}"},
        "spec": {
            "model": "flight-delays",
            "artifact": {"uri": URI, "sha256": DIGEST, "sizeBytes": 1, "format": "ONNX"},
            "deletionPolicy": policy,
            **spec,
        },
    }


@dataclass
class VersionWorld:
    """One ModelVersion and everything around it.

    Attributes:
        cluster: Where it lives.
        defaults: The operator's values.
    """

    cluster: FakeCluster = field(default_factory=FakeCluster)
    defaults: Defaults = DEFAULTS

    @property
    def owner(self) -> Body:
        """The ModelVersion as it is."""
        return self.cluster.objects[API_VERSION, KEY.kind, KEY.namespace, KEY.name]

    @property
    def exists(self) -> bool:
        """Whether it is still there."""
        return (API_VERSION, KEY.kind, KEY.namespace, KEY.name) in self.cluster.objects

    @property
    def told(self) -> list[tuple[str, str]]:
        """Types and reasons of the events so far."""
        return [(event.type, event.reason) for event in self.cluster.events]

    async def plan(self) -> Plan:
        """Return what a pass would do now."""
        return plan(see(await self.cluster.raw(KEY), self.cluster.now, self.defaults))

    async def run_pass(self) -> Written:
        """Run one whole pass."""
        raw = await self.cluster.raw(KEY)
        decided = plan(see(raw, self.cluster.now, self.defaults))
        return await execute(self.cluster, decided, raw, self.cluster.tell)

    async def rest(self) -> None:
        """Run passes until one writes nothing, or the object is gone."""
        for _ in range(8):
            if not self.exists or not await self.run_pass():
                return
        raise AssertionError(f"no rest after 8 passes: {self.cluster.writes}")

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self.cluster.now += timedelta(seconds=seconds)

    def set_policy(self, policy: str) -> None:
        """Let a user choose another deletionPolicy."""
        self.cluster.put({**self.owner, "spec": {**self.owner["spec"], "deletionPolicy": policy}})

    def serve(self, role: str | None = "stable", name: str = "serve") -> None:
        """Let a ModelDeployment serve the version in ``role``, or nothing of it any more."""
        status = {role: {"version": KEY.name, "sha256": DIGEST}} if role else {}
        self.cluster.put(
            {
                "apiVersion": API_VERSION,
                "kind": "ModelDeployment",
                "metadata": {"name": name, "namespace": KEY.namespace},
                "spec": {"model": {"follow": {"model": "flight-delays"}}},
                "status": status,
            }
        )

    @property
    def job(self) -> Body:
        """The Job that deletes the artifact."""
        (job,) = self.cluster.of_kind("Job")
        return job

    def job_ends(self, condition: str) -> None:
        """Let the Job controller close the Job."""
        end = {"type": condition, "status": "True"}
        self.cluster.put({**self.job, "status": {"conditions": [end]}})

    def pod(self, name: str, status: Body) -> None:
        """Let the Job have a pod."""
        metadata = self.job["metadata"]
        reference = {"kind": "Job", "name": metadata["name"], "uid": metadata["uid"]}
        self.cluster.put(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "name": f"{metadata['name']}-{name}",
                    "namespace": KEY.namespace,
                    "labels": self.job["spec"]["template"]["metadata"]["labels"],
                    "ownerReferences": [{**reference, "controller": True}],
                },
                "spec": self.job["spec"]["template"]["spec"],
                "status": status,
            }
        )

    def pod_fails(self, code: int, message: str, name: str = "x") -> None:
        """Let a try end."""
        state = {"terminated": {"exitCode": code, "message": message, "reason": "Error"}}
        self.pod(
            name, {"phase": "Failed", "containerStatuses": [{"name": "remover", "state": state}]}
        )

    def pod_waits(self, reason: str, message: str, name: str = "x") -> None:
        """Let a try wait, as its kubelet would say."""
        state = {"waiting": {"reason": reason, "message": message}}
        self.pod(
            name, {"phase": "Pending", "containerStatuses": [{"name": "remover", "state": state}]}
        )
