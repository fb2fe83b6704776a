"""A ModelVersion in a `FakeCluster`, and hands to play everybody but the operator."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from checkrail_api.kind import API_VERSION
from checkrail_api.names import FINALIZER
from checkrail_operator.observe.model_version import see
from checkrail_operator.plan.types import Defaults, Key, Plan
from checkrail_operator.plan.version.model_version import plan
from checkrail_operator.shell.execute import Written, execute
from harness.fake_cluster import Body, FakeCluster
from harness.training_world import DEFAULTS, DIGEST, failure

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


Situation = Callable[[VersionWorld], Awaitable[None]]


async def kept(world: VersionWorld) -> None:
    """The default: nothing is asked of the operator."""
    world.cluster.put(version("Retain"))


async def awaited(world: VersionWorld) -> None:
    """A run and a ModelDeployment wait for it."""
    await kept(world)
    world.serve(None)
    world.cluster.put(
        {
            "apiVersion": API_VERSION,
            "kind": "TrainingJob",
            "metadata": {"name": "next", "namespace": KEY.namespace},
            "spec": {"model": "flight-delays"},
            "status": {"waitingFor": KEY.name},
        }
    )


async def to_go_with_its_artifact(world: VersionWorld) -> None:
    """A user chose Delete."""
    world.cluster.put(version())


async def kept_after_all(world: VersionWorld) -> None:
    """A user changed their mind before deleting it."""
    await to_go_with_its_artifact(world)
    await world.run_pass()
    world.set_policy("Retain")


async def deleted(world: VersionWorld) -> None:
    """Kubectl delete."""
    await to_go_with_its_artifact(world)
    await world.run_pass()
    world.cluster.ask_to_delete(world.owner)


async def deleted_with_every_setting(world: VersionWorld) -> None:
    """The version has a store of its own."""
    store = {
        "endpoint": "https://s3.team-a.svc",
        "region": "eu-1",
        "addressingStyle": "Virtual",
        "credentialsSecretRef": {"name": "own"},
        "caConfigMapRef": {"name": "authorities"},
    }
    world.cluster.put(version(store=store))
    await world.run_pass()
    world.cluster.ask_to_delete(world.owner)


async def deleted_beside_somebody_elses_finalizer(world: VersionWorld) -> None:
    """Another controller holds it too; it is nobody's but theirs."""
    await deleted(world)
    metadata = {**world.owner["metadata"], "finalizers": ["example.com/audit", FINALIZER]}
    world.cluster.put({**world.owner, "metadata": metadata})
    await world.run_pass()
    world.job_ends("Complete")


async def deleted_while_served(world: VersionWorld) -> None:
    """A ModelDeployment still serves it."""
    world.serve("stable")
    await deleted(world)


async def deleted_while_tried(world: VersionWorld) -> None:
    """It is a canary."""
    world.serve("canary")
    await deleted(world)


async def no_longer_served(world: VersionWorld) -> None:
    """The ModelDeployment serves another one now."""
    await deleted_while_served(world)
    await world.run_pass()
    world.serve(None)


async def shared_with_another_namespace(world: VersionWorld) -> None:
    """Another team imported the same artifact, by its uri with a slash at the end."""
    other = version("Retain", namespace="team-b")
    other["spec"]["artifact"]["uri"] += "/"
    world.cluster.put(other)
    await deleted(world)


async def shared_with_one_that_goes_too(world: VersionWorld) -> None:
    """The other version of the artifact is deleted just now, with its artifact."""
    other = version(namespace="team-b")
    other["metadata"]["finalizers"] = [FINALIZER]
    world.cluster.ask_to_delete(world.cluster.put(other))
    await deleted(world)


async def same_model_elsewhere(world: VersionWorld) -> None:
    """The same digest in another store is another artifact."""
    other = version("Retain", namespace="team-b")
    other["spec"]["artifact"]["uri"] = f"s3://other/{DIGEST}"
    world.cluster.put(other)
    await deleted(world)


async def named_by_another_model(world: VersionWorld) -> None:
    """Somebody wrote a ModelVersion, of a model of their own, with the uri of ours."""
    world.cluster.put(version(model="somebody-elses"))
    await world.run_pass()
    world.cluster.ask_to_delete(world.owner)


async def removal_under_way(world: VersionWorld) -> None:
    """The Job is there and nothing has gone wrong."""
    await deleted(world)
    await world.run_pass()


async def removal_without_a_word(world: VersionWorld) -> None:
    """The Job is there for a minute, and nobody makes its pod."""
    await removal_under_way(world)
    world.later(60)


async def removal_with_every_setting_given_up(world: VersionWorld) -> None:
    """Nothing was said, and the store is not the default one."""
    await deleted_with_every_setting(world)
    await world.run_pass()
    world.job_ends("Failed")


async def secret_missing(world: VersionWorld) -> None:
    """The Secret went before the version."""
    await removal_under_way(world)
    world.pod_waits("CreateContainerConfigError", 'secret "s3" not found')


async def access_denied(world: VersionWorld) -> None:
    """Two tries failed; the newer one counts."""
    await removal_under_way(world)
    world.pod_fails(20, failure("StoreUnavailable", "it did not answer."), "a")
    world.later(10)
    world.pod_fails(10, failure("AccessDenied", "the keys may not delete in bucket models."), "b")


async def removed(world: VersionWorld) -> None:
    """The artifact is gone."""
    await removal_under_way(world)
    world.job_ends("Complete")


async def removal_given_up(world: VersionWorld) -> None:
    """The Job's time is over."""
    await access_denied(world)
    world.job_ends("Failed")


async def kept_after_all_while_going(world: VersionWorld) -> None:
    """The way out that is always there: back to Retain."""
    await secret_missing(world)
    world.set_policy("Retain")


async def removed_though_served_again(world: VersionWorld) -> None:
    """Whatever serves it now, the files are gone already."""
    await removed(world)
    world.serve("stable")


SITUATIONS: dict[str, Situation] = {
    function.__name__: function
    for function in (
        kept,
        awaited,
        to_go_with_its_artifact,
        kept_after_all,
        deleted,
        deleted_with_every_setting,
        deleted_beside_somebody_elses_finalizer,
        deleted_while_served,
        deleted_while_tried,
        no_longer_served,
        shared_with_another_namespace,
        shared_with_one_that_goes_too,
        same_model_elsewhere,
        named_by_another_model,
        removal_under_way,
        removal_without_a_word,
        removal_with_every_setting_given_up,
        secret_missing,
        access_denied,
        removed,
        removal_given_up,
        kept_after_all_while_going,
        removed_though_served_again,
    )
}
"""By name, which is the golden file's."""
