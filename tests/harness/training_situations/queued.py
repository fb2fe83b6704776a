"""Kueue decides when a run may begin."""

from harness.training_world import TrainingWorld, progress_line, spec


async def created_in_a_queue(world: TrainingWorld) -> None:
    """Kueue shall decide when it runs."""
    world.apply(spec(queueName="batch", ownership={"owner": "ops", "project": "punctuality"}))


async def waiting_in_a_queue(world: TrainingWorld) -> None:
    """Its Job is there and Kueue has not admitted it."""
    await created_in_a_queue(world)
    await world.run_pass()
    world.later(3600)


async def admitted_from_a_queue(world: TrainingWorld) -> None:
    """Kueue let the Job go, and the trainer runs."""
    await waiting_in_a_queue(world)
    world.kueue_says(suspend=False)
    world.pod_runs(progress_line("Fetching", 5))


async def preempted_in_a_queue(world: TrainingWorld) -> None:
    """Kueue took its quota for another one: the Job is suspended, its pod on its way out."""
    await admitted_from_a_queue(world)
    await world.run_pass()
    world.later(60)
    world.kueue_says(suspend=True)
    world.job_is_suspended()


async def suspended_in_a_queue(world: TrainingWorld) -> None:
    """Its user holds it while it runs."""
    await admitted_from_a_queue(world)
    await world.run_pass()
    world.edit(suspend=True)


async def suspended_in_a_queue_and_let_go(world: TrainingWorld) -> None:
    """It queues anew."""
    await suspended_in_a_queue(world)
    await world.rest()
    world.later(60)
    world.edit(suspend=False)
