"""An attempt runs, fails, and is followed by another."""

from harness.training_situations.starting import job_made
from harness.training_world import TrainingWorld, failure, progress_line


async def training(world: TrainingWorld) -> None:
    """The trainer runs and reports."""
    await job_made(world)
    lines = ("noise", progress_line("Fetching", 5), progress_line("Training", 42, 31), '{"a": 1}')
    world.pod_runs("\n".join(lines))


async def publishing(world: TrainingWorld) -> None:
    """The trainer is at its last step."""
    await job_made(world)
    world.pod_runs(progress_line("Publishing", 97))


async def job_deleted(world: TrainingWorld) -> None:
    """Somebody deleted the Job of a running attempt, and its pod is gone too."""
    await training(world)
    await world.run_pass()
    world.later(100)
    world.cluster.remove(world.job)


async def bad_data(world: TrainingWorld) -> None:
    """The trainer says that an edit is needed."""
    await training(world)
    message = 'label "late" is not in the table; its columns are: dep_hour, carrier.'
    world.pod_ends(10, failure("LabelNotFound", message))


async def parity_failed(world: TrainingWorld) -> None:
    """The exported model differs."""
    await training(world)
    await world.run_pass()
    world.pod_ends(12, failure("ParityFailed", "3 of 2100 rows flip; at most 0 may."))


async def store_away(world: TrainingWorld) -> None:
    """The store did not answer, the first time."""
    await training(world)
    world.pod_ends(20, failure("StoreUnavailable", "http://s3:9000 did not answer for 60 s."))


async def backoff_over(world: TrainingWorld) -> None:
    """The second attempt is due."""
    await store_away(world)
    await world.run_pass()
    world.later(10)


async def out_of_memory(world: TrainingWorld) -> None:
    """The kernel killed the trainer on the first rung."""
    await training(world)
    world.pod_ends(137, reason="OOMKilled")


async def second_rung(world: TrainingWorld) -> None:
    """Status tells the kill: the next rung is due at once."""
    await out_of_memory(world)
    await world.run_pass()


async def out_of_memory_on_the_last_rung(world: TrainingWorld) -> None:
    """The ladder is climbed."""
    await second_rung(world)
    await world.run_pass()
    world.pod_ends(137, reason="OOMKilled")


async def scratch_full_on_the_last_rung(world: TrainingWorld) -> None:
    """The trainer says itself what it ran out of."""
    await second_rung(world)
    await world.run_pass()
    full = "spec.data.query: failed to offload data. DuckDB has filled its share of the scratch"
    world.pod_ends(137, failure("OOMKilled", full))


async def all_retries_used(world: TrainingWorld) -> None:
    """The fourth attempt crashed, and three retries are allowed."""
    await training(world)
    for pause in (10, 20, 40):
        world.pod_ends(1, "Traceback: boom")
        await world.run_pass()
        world.later(pause)
        await world.run_pass()
    world.pod_ends(1, "Traceback: boom")


async def evicted(world: TrainingWorld) -> None:
    """The node took the pod away."""
    await training(world)
    message = "The node was low on resource: memory."
    world.pod({"phase": "Failed", "reason": "Evicted", "message": message})


async def pod_lost(world: TrainingWorld) -> None:
    """The Job says failed and nothing is left to ask why."""
    await training(world)
    world.remove_pod()
    world.job_ends("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
