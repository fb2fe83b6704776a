"""A comparison in shadow whose pods or version are gone for a time."""

from typing import Any

import pytest

from checkrail_operator.observe.rollout_reads import Reads, rollout_reads
from harness.serving_bodies import model_version, version_name
from harness.serving_world import ServingWorld
from harness.shadow_rollouts import LOAD, STEPS, asked, config_maps, has_shares, ready, run, shadow
from harness.shadowing_servers import KUBELET_LAG_SECONDS


def test_one_that_waits_for_pods_goes_on_with_what_was_counted() -> None:
    world = asked(minRequests=10**9)
    run(world, 60)
    before = shadow(world)["compared"]
    world.edit(replicas=0)
    run(world, 60)
    assert ready(world)[0] == "WaitingForReplicas"
    assert (world.pods, config_maps(world)) == ({}, [])
    asleep = shadow(world)
    assert asleep["state"] == "Comparing"
    assert asleep["compared"] >= before > 0
    calls = world.calls
    run(world, 60)
    assert world.calls == calls
    world.edit(replicas=2)
    run(world, 60)
    assert shadow(world)["since"] == asleep["since"]
    assert shadow(world)["compared"] > asleep["compared"]
    assert [h["version"] for h in world.status["history"]] == [version_name(1)]


def test_one_that_is_withdrawn_without_pods_is_over() -> None:
    world = asked(minRequests=10**9)
    run(world, 60)
    world.edit(replicas=0)
    run(world, 20)
    world.ask_for(1)
    run(world, 20)
    assert "shadow" not in world.status
    assert [h["outcome"] for h in world.status["history"]][:1] == ["Withdrawn"]


def lost() -> ServingWorld:
    """Return a world in which version 2 was compared for a minute, and then deleted."""
    world = asked(minRequests=10**9)
    run(world, 60)
    assert shadow(world)["compared"] > 0
    del world.versions[2]
    run(world, 3)
    return world


def test_one_that_is_deleted_and_made_again_goes_on_with_what_was_counted() -> None:
    world = lost()
    kept = shadow(world)
    calls = world.calls
    run(world, 60)
    assert (world.calls, shadow(world), config_maps(world)) == (calls, kept, [])
    children = [*world.objects.values(), *world.pods.values()]
    assert rollout_reads(world.owner, children, world.now) == Reads()
    assert world.condition("Available") == ("True", "Serving")
    reason, message = ready(world)
    assert reason == "VersionNotFound"
    assert message.startswith(f"ModelVersion {version_name(2)} does not exist: publish it")
    assert message.endswith(
        f"{version_name(1)} keeps running. Its comparison in shadow is kept, with"
        f" {kept['compared']} requests, and goes on once the same artifact is back, if the"
        " spec asks for it with the same settings"
    )

    world.publish(2)
    run(world, KUBELET_LAG_SECONDS + 20)
    assert ready(world)[0] == "Shadow"
    assert shadow(world)["since"] == kept["since"]
    assert shadow(world)["compared"] > kept["compared"]
    assert [h["version"] for h in world.status["history"]] == [version_name(1)]


def test_one_that_is_made_again_with_another_artifact_is_compared_from_the_beginning() -> None:
    world = lost()
    begun = shadow(world)["since"]
    world.versions[2] = model_version(2, world.now)
    world.versions[2]["spec"]["artifact"]["sha256"] = "b" * 64
    world.run_pass()
    assert (shadow(world)["sha256"], shadow(world)["compared"]) == ("b" * 64, 0)
    assert shadow(world)["since"] > begun
    assert [h["outcome"] for h in world.status["history"]][:1] == ["Withdrawn"]


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"model": {"versionRef": {"name": version_name(1)}}}, id="withdrawn"),
        pytest.param({"model": {"versionRef": {"name": version_name(3)}}}, id="superseded"),
        pytest.param(
            {"rollout": {"steps": STEPS, "shadow": {}, "abort": version_name(2)}}, id="aborted"
        ),
        pytest.param({"rollout": {"steps": STEPS}}, id="no shadow is asked for"),
        pytest.param(
            {"rollout": {"steps": STEPS, "shadow": {"thresholds": ["0.3"]}}}, id="other thresholds"
        ),
    ],
)
def test_a_rollout_that_ends_while_its_version_is_missing_keeps_nothing(
    spec: dict[str, Any],
) -> None:
    world = lost()
    world.edit(**spec)
    run(world, 3)
    assert "shadow" not in world.status
    assert "comparison in shadow" not in ready(world)[1]
    assert [h["outcome"] for h in world.status["history"]][:1] == ["Withdrawn"]


def test_one_that_is_made_again_with_another_signature_is_over() -> None:
    world = lost()
    tensors = [{"name": "age", "datatype": "FP32", "shape": [-1, 1]}]
    for number, inputs in ((1, tensors), (2, [])):
        signature = {"inputs": inputs, "outputs": tensors}
        world.versions[number] = model_version(number, signature=signature)
    run(world, 3)
    assert ready(world)[0] == "SignatureChanged"
    assert "shadow" not in world.status
    assert [h["outcome"] for h in world.status["history"]][:1] == ["Withdrawn"]


@pytest.mark.parametrize("held", ["deleted", "without pods"])
def test_a_time_in_which_no_pod_compares_does_not_count(held: str) -> None:
    seconds = 300
    world = asked(seconds=seconds, minRequests=1000)
    run(world, 60)
    assert shadow(world)["compared"] > 1000
    if held == "deleted":
        del world.versions[2]
    else:
        world.edit(replicas=0)
    run(world, 600)
    if held == "deleted":
        world.publish(2)
    else:
        world.edit(replicas=2)
    run(world, seconds)
    assert ready(world)[0] == "Shadow"
    assert ready(world)[1].endswith(f"It goes on once it was compared for {seconds} s")
    assert not has_shares(world)
    world.run_until(has_shares, seconds=60)


def test_one_that_is_asked_for_without_pods_begins_once_there_are_some() -> None:
    world = asked()
    world.edit(replicas=0)
    run(world, 20)
    assert "shadow" not in world.status
    world.edit(replicas=2)
    world.run_until(has_shares)


def test_other_thresholds_begin_it_anew() -> None:
    world = asked(minRequests=10**9)
    run(world, 60)
    rollout = world.owner["spec"]["rollout"]
    world.edit(rollout={**rollout, "shadow": {**rollout["shadow"], "thresholds": ["0.3", "0.6"]}})
    run(world, 60)
    assert shadow(world)["thresholds"] == ["0.3", "0.6"]
    assert 0 < shadow(world)["compared"] < 60 * LOAD


def test_thresholds_in_another_order_are_the_same_ones() -> None:
    world = asked(minRequests=10**9, thresholds=["0.3", "0.6"])
    run(world, 30)
    begun = shadow(world)["since"]
    rollout = world.owner["spec"]["rollout"]
    world.edit(rollout={**rollout, "shadow": {**rollout["shadow"], "thresholds": ["0.6", "0.3"]}})
    run(world, 10)
    assert shadow(world)["since"] == begun
    assert shadow(world)["compared"] > 0
    assert shadow(world)["unread"] == ""
