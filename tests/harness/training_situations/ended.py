"""A run ended well, or its time is over."""

import json

from harness.training_situations.attempts import store_away, training
from harness.training_situations.starting import image_missing
from harness.training_world import SUCCESS, TrainingWorld, spec


async def published(world: TrainingWorld) -> None:
    """The trainer ended well."""
    await training(world)
    await world.run_pass()
    world.later(60)
    world.pod_ends(0, json.dumps(SUCCESS))


async def published_told(world: TrainingWorld) -> None:
    """The run is over; now somebody deletes its Job."""
    await published(world)
    await world.run_pass()
    world.cluster.remove(world.job)


async def kept_for_an_hour(world: TrainingWorld) -> None:
    """The run has ended, and its Job is to stay a while."""
    world.apply(spec(ttlSecondsAfterFinished=3600))
    await world.run_pass()
    world.pod_ends(0, json.dumps(SUCCESS))
    await world.run_pass()
    world.later(600)


async def kept_long_enough(world: TrainingWorld) -> None:
    """The time of its Job is over."""
    await kept_for_an_hour(world)
    world.later(3000)


async def kept_no_longer(world: TrainingWorld) -> None:
    """Its user shortens the time after the end."""
    await kept_for_an_hour(world)
    world.edit(ttlSecondsAfterFinished=0)


async def deadline_over(world: TrainingWorld) -> None:
    """The run takes too long."""
    await training(world)
    await world.run_pass()
    world.later(7200)


async def deadline_over_without_image(world: TrainingWorld) -> None:
    """The whole of its time passed while the kubelet could not pull the image."""
    await image_missing(world)
    await world.run_pass()
    world.later(7200)


async def deadline_over_between_attempts(world: TrainingWorld) -> None:
    """The store stayed away until the time was over, and nothing trains at the end."""
    await store_away(world)
    await world.run_pass()
    world.later(7200)


async def deadline_told(world: TrainingWorld) -> None:
    """Status says that the time is over; the trainer still runs."""
    await deadline_over(world)
    await world.run_pass()
