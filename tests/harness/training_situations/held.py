"""Its user holds a run, and lets it go on."""

import json

from harness.training_situations.attempts import store_away, training
from harness.training_world import SUCCESS, TrainingWorld, progress_line, spec


async def created_suspended(world: TrainingWorld) -> None:
    """The run is held from the start."""
    world.apply(spec(suspend=True))


async def created_suspended_and_let_go(world: TrainingWorld) -> None:
    """It was held from the start, and now it may begin."""
    await created_suspended(world)
    await world.run_pass()
    world.later(3600)
    world.edit(suspend=False)


async def suspended(world: TrainingWorld) -> None:
    """Its user holds it while it trains."""
    await training(world)
    await world.run_pass()
    world.later(60)
    world.edit(suspend=True)


async def suspended_and_ended(world: TrainingWorld) -> None:
    """The Job controller ends its pod."""
    await suspended(world)
    await world.run_pass()
    world.job_is_suspended()
    deleted = world.cluster.of_kind("Pod")[0]["metadata"]["deletionTimestamp"]
    world.pod_ends(143, deletionTimestamp=deleted)


async def resumed_too_soon(world: TrainingWorld) -> None:
    """It may go on, and the trainer that was told to end has not ended yet."""
    await suspended(world)
    await world.run_pass()
    world.job_is_suspended()
    world.later(5)
    world.edit(suspend=False)


async def resumed(world: TrainingWorld) -> None:
    """It may go on, and its pod is gone."""
    await suspended_and_ended(world)
    await world.run_pass()
    world.remove_pod()
    world.later(600)
    world.edit(suspend=False)


async def training_again(world: TrainingWorld) -> None:
    """The same attempt trains from the beginning; its clock runs from the resumption on."""
    await resumed(world)
    await world.run_pass()
    world.later(2)
    world.job_is_resumed()
    world.later(7000)
    world.pod_runs(progress_line("Training", 20, 99))


async def published_while_suspended(world: TrainingWorld) -> None:
    """The trainer was at its last step and finished it before it was ended."""
    await suspended(world)
    await world.run_pass()
    world.job_is_suspended()
    world.pod_ends(0, json.dumps(SUCCESS), deletionTimestamp="2026-11-23T12:01:00Z")


async def failed_while_suspended(world: TrainingWorld) -> None:
    """The trainer failed by itself before it could be ended, and the Job controller counts it."""
    await suspended(world)
    world.pod_ends(1, "Traceback: boom")
    world.job_ends("Failed", "BackoffLimitExceeded")


async def suspended_in_backoff(world: TrainingWorld) -> None:
    """Its user holds it between two attempts."""
    await store_away(world)
    await world.run_pass()
    world.later(10)
    world.edit(suspend=True)
