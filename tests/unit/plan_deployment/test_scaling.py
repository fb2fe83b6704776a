"""How many pods are asked for: none, some again, more."""

from datetime import timedelta

from harness.rollouts import (
    ROLLOUT,
    STABLE,
    conditions,
    deployed,
    message,
    serving,
)
from harness.serving_bodies import START, model_deployment
from harness.serving_world import ServingWorld


def test_no_pod_is_no_proof_so_a_new_version_waits_for_replicas() -> None:
    world = deployed()
    world.edit(replicas=0)
    world.settle()
    assert conditions(world)["Ready"] == ("True", "NotServing")
    assert message(world) == "scaled to 0: nothing serves"
    assert conditions(world)["Available"] == ("False", "NotServing")
    world.ask_for(2)
    world.rest()
    assert conditions(world)["Ready"] == ("Unknown", "WaitingForReplicas")
    world.edit(replicas=2)
    world.settle()
    assert serving(world) == {2: 100}


def test_a_first_version_without_replicas_starts_when_there_are_some() -> None:
    world = ServingWorld(owner=model_deployment(replicas=0, rollout=ROLLOUT))
    world.rest()
    world.tick(3600)
    world.edit(replicas=1)
    world.settle()
    assert conditions(world) == STABLE
    assert world.now - START < timedelta(seconds=3700)


def test_scaling_is_told_and_changes_no_revision() -> None:
    world = deployed()
    world.edit(replicas=3)
    world.run_pass()
    world.tick(1)
    world.run_pass()
    assert conditions(world)["Ready"][1] in {"Scaling", "WaitingForReplicas"}
    world.settle()
    assert world.status["replicas"] == 3
    assert world.status["stable"]["readyReplicas"] == 3
