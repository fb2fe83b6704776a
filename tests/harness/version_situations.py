"""Every situation of a ModelVersion, and the ways into it: one function each."""

from collections.abc import Awaitable, Callable

from checkrail_api.kind import API_VERSION
from checkrail_api.names import FINALIZER
from harness.training_world import DIGEST, failure
from harness.version_world import KEY, VersionWorld, version

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


async def authorities_missing(world: VersionWorld) -> None:
    """The ConfigMap with the store's authorities went before the version."""
    await deleted_with_every_setting(world)
    await world.run_pass()
    world.pod_waits("ContainerCreating", "")


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
        authorities_missing,
        access_denied,
        removed,
        removal_given_up,
        kept_after_all_while_going,
        removed_though_served_again,
    )
}
"""By name, which is the golden file's."""
