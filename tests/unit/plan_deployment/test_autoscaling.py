"""An autoscaler owns the number of pods; the operator follows."""

from typing import Any

from harness.serving_bodies import model_deployment
from harness.serving_world import ServingWorld

KEY = ("autoscaling/v2", "HorizontalPodAutoscaler", "iris")
ASKED = {"minReplicas": 2, "maxReplicas": 6, "targetCPUUtilizationPercent": 70}


def deployed(**spec: Any) -> ServingWorld:
    """Return a world in which version 1 serves."""
    world = ServingWorld(owner=model_deployment(**spec))
    world.settle()
    return world


def spec_of(world: ServingWorld) -> dict[str, Any] | None:
    """Return the spec of the autoscaler, if there is one."""
    found = world.objects.get(KEY)
    return found["spec"] if found else None


def test_the_autoscaler_scales_the_model_deployment_itself() -> None:
    target = {"type": "Utilization", "averageUtilization": 70}
    assert spec_of(deployed(autoscaling=ASKED)) == {
        "scaleTargetRef": {
            "apiVersion": "checkrail.dev/v1alpha1",
            "kind": "ModelDeployment",
            "name": "iris",
        },
        "minReplicas": 2,
        "maxReplicas": 6,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
    }


def test_what_the_autoscaler_sets_is_followed_and_never_set_back() -> None:
    world = deployed(autoscaling=ASKED)
    world.edit(replicas=5)
    world.settle()
    assert (world.owner["spec"]["replicas"], world.status["replicas"]) == (5, 5)
    assert world.is_quiet()


def test_the_autoscaler_goes_when_it_is_not_asked_for_and_leaves_the_pods() -> None:
    world = deployed(autoscaling=ASKED, replicas=4)
    del world.owner["spec"]["autoscaling"]
    world.edit()
    world.settle()
    assert (spec_of(world), world.status["replicas"]) == (None, 4)


def test_an_autoscaler_that_somebody_edits_or_deletes_is_put_right() -> None:
    world = deployed(autoscaling=ASKED)
    before = spec_of(world)
    world.objects[KEY]["spec"] = {**world.objects[KEY]["spec"], "maxReplicas": 100}
    world.run_pass()
    assert spec_of(world) == before
    world.delete(KEY)
    world.run_pass()
    assert spec_of(world) == before


def test_an_autoscaler_makes_no_other_revision() -> None:
    assert deployed(autoscaling=ASKED).revisions == deployed().revisions
