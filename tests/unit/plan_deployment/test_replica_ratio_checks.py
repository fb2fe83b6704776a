"""What pods behind one Service have counted, and canaries that are judged by it."""

import pytest

from harness.counting_servers import Behaviour
from harness.replica_ratio import (
    ROLLOUT,
    STEPS,
    at_weight,
    deployed,
    pods_asked,
    selects,
    told,
    weight_of,
)
from harness.serving_bodies import version_name
from harness.serving_world import ServingWorld

CHECKED = {**ROLLOUT, "checks": [{"name": "errors", "builtin": "ErrorRate"}]}


def run(world: ServingWorld, seconds: int) -> None:
    for _ in range(seconds):
        world.run_pass()
        world.tick()


def test_what_pods_have_counted_is_compared_with_the_reachable_share() -> None:
    world = at_weight(
        5, replicas=4, rollout={**ROLLOUT, "steps": [{**STEPS[0], "holdSeconds": 60}]}
    )
    for _ in range(40):
        world.run_pass()
        world.tick()
    assert told(world, "observedPercent") == {version_name(1): "80.0", version_name(2): "20.0"}
    assert world.condition("TrafficConverged") == ("True", "Converged")


def test_other_replicas_in_a_step_make_its_share_anew_and_count_apart() -> None:
    steps = [{"weight": 25, "holdSeconds": 120}]
    world = at_weight(25, rollout={**ROLLOUT, "steps": steps})
    for replicas in (4, 9):
        world.edit(replicas=replicas)
        for _ in range(30):
            world.run_pass()
            world.tick()
    assert pods_asked(world) == {1: 9, 2: 3}
    assert told(world, "observedPercent") == {version_name(1): "75.0", version_name(2): "25.0"}
    phases = world.status["canary"]["analysis"]["phases"]
    assert [(p["stablePods"], p["canaryPods"]) for p in phases] == [(4, 1), (9, 3)]
    assert len({p["since"] for p in phases}) == 1
    world.settle()
    assert pods_asked(world) == {2: 9}


@pytest.mark.parametrize("missing", ["a pod of the next share", "a stable pod"])
def test_a_worse_canary_is_taken_back_while_pods_are_missing(missing: str) -> None:
    world = deployed(rollout=CHECKED, replicas=4)
    world.servers.load = 200
    run(world, 10)
    if missing == "a pod of the next share":
        world.quota[2] = 3
    world.ask_for(2)
    world.run_until(lambda w: weight_of(w) == 25 and pods_asked(w)[2] == 4)
    if missing == "a stable pod":
        world.room[1] = 3
    run(world, 60)
    assert (weight_of(world), world.refused) == (25, [])

    world.servers.behaviour[2] = Behaviour(failed=0.2)
    world.run_until(lambda w: bool(w.refused), seconds=60)

    (rejected,) = world.status["rejected"]
    assert rejected["reason"] == "ErrorsIncreased"
    world.run_until(lambda w: selects(w) == 1, seconds=5)


def test_each_number_of_ready_pods_is_a_split_of_its_own() -> None:
    steps = [{"weight": 50, "holdSeconds": 300}]
    world = at_weight(50, rollout={**CHECKED, "steps": steps}, replicas=4)
    world.servers.load = 200
    run(world, 20)
    world.room[2] = 3
    run(world, 20)
    phases = world.status["canary"]["analysis"]["phases"]
    assert [(p["stablePods"], p["canaryPods"]) for p in phases] == [(4, 4), (4, 3)]
    observed = told(world, "observedPercent")[version_name(2)]
    assert abs(float(observed) - 100 * 3 / 7) < 1
