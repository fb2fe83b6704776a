"""A Job whose pod is yet to run."""

from harness.training_situations.created import just_created
from harness.training_world import TrainingWorld, spec


async def job_made(world: TrainingWorld) -> None:
    """The first pass is over and the Job has no pod yet."""
    await just_created(world)
    await world.run_pass()


async def job_without_pod(world: TrainingWorld) -> None:
    """The Job controller cannot make the pod, say for a quota."""
    await job_made(world)
    world.later(21)


async def image_missing(world: TrainingWorld) -> None:
    """The kubelet cannot pull the image."""
    await job_made(world)
    world.pod_waits("ImagePullBackOff", 'Back-off pulling image "checkrail-trainer:1"')


async def image_being_pulled(world: TrainingWorld) -> None:
    """The kubelet still makes the container, a minute after the pod."""
    await job_made(world)
    world.pod_waits("ContainerCreating")
    world.later(61)


async def image_missing_told(world: TrainingWorld) -> None:
    """Status says that the image cannot be pulled; nobody is told a second time."""
    await image_missing(world)
    await world.run_pass()


async def unschedulable(world: TrainingWorld) -> None:
    """No node fits."""
    await job_made(world)
    message = "0/1 nodes are available: 1 Insufficient memory."
    scheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    world.pod({"phase": "Pending", "conditions": [{**scheduled, "message": message}]})


async def secret_missing_for_a_moment(world: TrainingWorld) -> None:
    """The Secret may be applied a little after the TrainingJob."""
    await job_made(world)
    world.pod_waits("CreateContainerConfigError", 'secret "s3" not found')
    world.later(20)


async def secret_missing(world: TrainingWorld) -> None:
    """The Secret does not come."""
    await secret_missing_for_a_moment(world)
    world.later(1)


async def secret_missing_told(world: TrainingWorld) -> None:
    """Status says that the run has failed; its Job still waits for the Secret."""
    await secret_missing(world)
    await world.run_pass()


async def authorities_missing_for_a_moment(world: TrainingWorld) -> None:
    """The ConfigMap with the store's authorities may be applied a little after the TrainingJob."""
    store = {"uri": "s3://models/team-a", "caConfigMapRef": {"name": "store-ca"}}
    world.apply(spec(store=store))
    await world.run_pass()
    world.pod_waits("ContainerCreating")
    world.later(20)


async def authorities_missing(world: TrainingWorld) -> None:
    """The ConfigMap does not come."""
    await authorities_missing_for_a_moment(world)
    world.later(1)


async def authorities_without_their_key(world: TrainingWorld) -> None:
    """The ConfigMap is there and holds something else."""
    await authorities_missing(world)
    metadata = {"name": "store-ca", "namespace": "team-a"}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"ca.pem": "x"}}
    world.cluster.put(body)
