"""A run whose gate compares it with other versions."""

import contextlib

from harness.baseline_bodies import NEW, OLD, compared_with, publish, serve
from harness.fake_cluster import OperatorDiedError
from harness.training_world import TrainingWorld


async def gate_while_nothing_serves(world: TrainingWorld) -> None:
    """There is nothing that the candidate could be worse than."""
    world.apply(compared_with("Serving"))


async def gate_beside_what_serves(world: TrainingWorld) -> None:
    """Two ModelDeployments serve two versions, one of them in a store of its own."""
    own = {"endpoint": "http://own:9000", "credentialsSecretRef": {"name": "own"}}
    publish(world, OLD, store=own)
    publish(world, NEW)
    serve(world, NEW, "main")
    serve(world, OLD, "slow")
    serve(world, NEW, "twin")
    serve(world, "other-00000000", "other-model")
    world.apply(compared_with("Serving", OLD))


async def gate_with_a_version_that_is_not_there(world: TrainingWorld) -> None:
    """A gate names a version that is yet to be published."""
    world.apply(compared_with(OLD))


async def gate_with_a_served_version_that_is_gone(world: TrainingWorld) -> None:
    """Somebody deleted the ModelVersion of what serves."""
    serve(world, OLD, "main")
    world.apply(compared_with("Serving"))


async def gate_told_before_something_else_served(world: TrainingWorld) -> None:
    """The operator died after it wrote the run file; meanwhile another version was promoted."""
    publish(world, OLD)
    publish(world, NEW)
    serve(world, OLD, "main")
    world.apply(compared_with("Serving"))
    world.cluster.dies_after = 1
    with contextlib.suppress(OperatorDiedError):
        await world.run_pass()
    world.cluster.revive()
    serve(world, NEW, "main")
