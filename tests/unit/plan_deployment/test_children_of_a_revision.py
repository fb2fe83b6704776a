"""What a revision is made of: it stays as it was made, and only its owner's pass moves it."""

import pytest

from checkrail_operator.plan.deployment import serving as serving_manifests
from checkrail_operator.plan.deployment.revision import TEMPLATE
from harness.rollouts import (
    at_weight,
    deployed,
)

SETTINGS = ("CHECKRAIL_MAX_BATCH_SIZE", "CHECKRAIL_THREADS", "CHECKRAIL_MAX_BODY_BYTES")


def test_a_release_that_makes_other_pods_moves_no_running_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = deployed()
    stable = world.status["stable"]["revision"]
    key = ("apps/v1", "Deployment", f"iris-{stable}")
    before = world.objects[key]["spec"]["template"]

    monkeypatch.setattr(serving_manifests, "STARTUP_SECONDS", 7)
    world.edit(replicas=2)
    world.settle()
    assert world.objects[key]["spec"]["template"] == before

    world.ask_for(2)
    world.settle()
    key = ("apps/v1", "Deployment", f"iris-{world.status['stable']['revision']}")
    [container] = world.objects[key]["spec"]["template"]["spec"]["containers"]
    assert container["startupProbe"]["failureThreshold"] == 7


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        pytest.param({}, {}, id="the server's own defaults are not told"),
        pytest.param(
            {"maxBatchSize": 64, "threads": 1, "maxBodyBytes": 1_048_576},
            {},
            id="nor are they when the spec says them",
        ),
        pytest.param({"maxBatchSize": 8}, {"CHECKRAIL_MAX_BATCH_SIZE": "8"}, id="rows of a run"),
        pytest.param({"threads": 2}, {"CHECKRAIL_THREADS": "2"}, id="threads"),
        pytest.param(
            {"maxBodyBytes": 4_194_304}, {"CHECKRAIL_MAX_BODY_BYTES": "4194304"}, id="bodies"
        ),
    ],
)
def test_pods_are_told_what_is_no_default_by_a_new_revision(
    spec: dict[str, int], told: dict[str, str]
) -> None:
    world = deployed()
    before = world.status["stable"]["revision"]

    world.edit(server=spec)
    world.settle()

    revision = world.status["stable"]["revision"]
    key = ("apps/v1", "Deployment", f"iris-{revision}")
    [container] = world.objects[key]["spec"]["template"]["spec"]["containers"]
    values = {each["name"]: each.get("value") for each in container["env"]}
    assert {name: values[name] for name in SETTINGS if name in values} == told
    assert (revision == before) is (not told)


@pytest.mark.parametrize("damage", ["", "{", "[]", "{}"])
def test_a_damaged_record_of_the_pods_is_written_anew(damage: str) -> None:
    world = deployed()
    stable = world.status["stable"]["revision"]
    before = world.objects["apps/v1", "Deployment", f"iris-{stable}"]["spec"]["template"]
    for kind in (("apps/v1", "Deployment"), ("v1", "Service")):
        world.objects[*kind, f"iris-{stable}"]["metadata"]["annotations"][TEMPLATE] = damage

    world.settle()

    assert world.objects["apps/v1", "Deployment", f"iris-{stable}"]["spec"]["template"] == before


def test_the_stable_revision_is_repaired_after_the_spec_has_moved_on() -> None:
    world = at_weight(25)
    world.edit(server={"resources": {"limits": {"memory": "2Gi"}}})
    world.run_pass()
    stable = world.status["stable"]["revision"]
    key = ("apps/v1", "Deployment", f"iris-{stable}")
    before = world.objects[key]["spec"]
    world.delete(key)
    world.run_pass()
    assert world.objects[key]["spec"] == before


def test_an_object_being_deleted_is_left_to_the_garbage_collector() -> None:
    world = at_weight(25)
    world.owner["metadata"]["deletionTimestamp"] = "2026-11-23T12:00:00Z"
    decided = world.planned()
    assert (decided.children, decided.prune, decided.status) == ((), (), None)


def test_children_of_another_owner_are_not_seen() -> None:
    world = deployed()
    world.owner["metadata"]["uid"] = "uid-of-the-next-iris"
    world.owner.pop("status")
    decided = world.planned()
    assert decided.prune == ()
    assert decided.status is not None
    assert decided.status["canary"]["readyReplicas"] == 0
