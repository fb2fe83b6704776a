from typing import Any

from harness.serving_bodies import model_deployment
from harness.serving_world import ServingWorld

ZONES = {
    "maxSkew": 1,
    "topologyKey": "topology.kubernetes.io/zone",
    "whenUnsatisfiable": "ScheduleAnyway",
}


def revision(**spec: Any) -> str:
    world = ServingWorld(owner=model_deployment(**spec))
    world.run_pass()
    (found,) = world.revisions
    return found


def test_a_field_that_nobody_sets_renames_no_revision() -> None:
    none: dict[str, Any] = {"topologySpreadConstraints": []}
    before = "333bbcf6"  # as it was before there was this field
    assert {revision(), revision(pod={}), revision(pod=none)} == {before}


def test_spreading_makes_another_revision_whose_pods_alone_are_counted() -> None:
    world = ServingWorld(owner=model_deployment(pod={"topologySpreadConstraints": [ZONES]}))
    world.run_pass()
    (name,) = world.revisions
    deployment = world.objects["apps/v1", "Deployment", f"iris-{name}"]
    assert name != revision()
    assert deployment["spec"]["template"]["spec"]["topologySpreadConstraints"] == [
        {**ZONES, "labelSelector": deployment["spec"]["selector"]}
    ]
