"""What a node drain may take: one pod of each revision that has requests, and never the last."""

from typing import Any

from harness.serving_bodies import model_deployment
from harness.serving_world import ServingWorld

STEPS = [{"weight": w, "holdSeconds": 5} for w in (25, 50)]
ROLLOUT = {"steps": STEPS, "progressDeadlineSeconds": 20, "minRequests": 0}
BUDGET = ("policy/v1", "PodDisruptionBudget")


def deployed(replicas: int) -> ServingWorld:
    """Return a world in which version 1 serves with so many pods."""
    world = ServingWorld(owner=model_deployment(rollout=ROLLOUT, replicas=replicas))
    world.settle()
    return world


def at_weight(weight: int, replicas: int) -> ServingWorld:
    """Return a world in which version 2 has just got ``weight``."""
    world = deployed(replicas)
    world.ask_for(2)
    world.run_until(lambda w: w.status.get("canary", {}).get("weight") == weight)
    return world


def specs(world: ServingWorld) -> dict[str, Any]:
    """Return the specs of the budgets, by name."""
    return {key[2]: body["spec"] for key, body in world.objects.items() if key[:2] == BUDGET}


def guarded(world: ServingWorld) -> list[int]:
    """Return the versions whose pods a budget guards, sorted."""
    names = {f"iris-{revision}": revision for revision in world.revisions}
    return sorted(world.version_of(names[name]) for name in specs(world))


def test_a_budget_lets_one_pod_of_its_revision_go_and_every_pod_that_does_not_answer() -> None:
    world = deployed(replicas=2)
    revision = world.status["stable"]["revision"]
    deployment = world.objects["apps/v1", "Deployment", f"iris-{revision}"]
    assert specs(world) == {
        f"iris-{revision}": {
            "maxUnavailable": 1,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": deployment["spec"]["selector"],
        }
    }


def test_a_single_pod_has_no_budget_for_that_would_hold_a_drain_for_ever() -> None:
    assert specs(deployed(replicas=1)) == {}


def test_a_budget_goes_when_one_pod_is_all_there_is_and_comes_back_with_the_second() -> None:
    world = deployed(replicas=2)
    before = specs(world)
    world.edit(replicas=1)
    world.settle()
    assert specs(world) == {}
    world.edit(replicas=2)
    world.settle()
    assert specs(world) == before


def test_a_canary_has_a_budget_once_it_has_a_share_and_a_second_pod() -> None:
    assert guarded(at_weight(0, replicas=8)) == [1]  # it has two pods, and no requests
    assert guarded(at_weight(25, replicas=8)) == [1, 2]
    assert guarded(at_weight(25, replicas=2)) == [1]  # it has one pod


def test_no_budget_outlives_its_revision() -> None:
    world = at_weight(50, replicas=4)
    world.settle()
    assert guarded(world) == [2]
    world = at_weight(25, replicas=8)
    world.behaviour[2] = "crashing"
    world.settle()
    assert guarded(world) == [1]


def test_a_budget_that_somebody_edits_or_deletes_is_put_right() -> None:
    world = deployed(replicas=2)
    before = specs(world)
    (key,) = (k for k in world.objects if k[:2] == BUDGET)
    world.objects[key]["spec"] = {**world.objects[key]["spec"], "maxUnavailable": 0}
    world.run_pass()
    assert specs(world) == before
    world.delete(key)
    world.run_pass()
    assert specs(world) == before


def test_somebody_elses_budget_over_the_same_pods_is_left_alone() -> None:
    world = deployed(replicas=2)
    (key,) = (k for k in world.objects if k[:2] == BUDGET)
    own = world.objects[key]
    foreign = {**own, "metadata": {**own["metadata"], "name": "theirs", "ownerReferences": []}}
    world.objects[*BUDGET, "theirs"] = foreign
    assert world.planned().prune == ()
