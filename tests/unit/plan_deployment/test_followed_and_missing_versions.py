"""Versions that are followed, not there yet, or not there any more."""

from typing import Any

import pytest

from harness.rollouts import (
    ROLLED_BACK,
    STABLE,
    conditions,
    deployed,
    message,
    serving,
)
from harness.serving_bodies import model_version, version_name
from harness.serving_world import ServingWorld


def test_following_a_model_makes_each_new_version_the_candidate() -> None:
    world = deployed(model={"follow": {"model": "iris"}})
    world.publish(2)
    world.settle()
    assert serving(world) == {2: 100}


def test_following_goes_past_a_rejected_version_to_a_newer_one() -> None:
    world = deployed(model={"follow": {"model": "iris"}})
    world.behaviour[2] = "crashing"
    world.publish(2)
    world.settle()
    assert conditions(world) == ROLLED_BACK
    world.publish(3)
    world.settle()
    assert serving(world) == {3: 100}


def test_an_unknown_version_is_waited_for_and_goes_on_when_it_appears() -> None:
    world = ServingWorld(versions={})
    world.rest()
    assert conditions(world) == {
        "Available": ("False", "NotServing"),
        "Progressing": ("False", "VersionNotFound"),
        "Ready": ("False", "VersionNotFound"),
        "Reconciling": ("True", "VersionNotFound"),
    }
    assert version_name(1) in message(world)
    assert world.objects == {}
    world.versions[1] = model_version(1)
    world.settle()
    assert serving(world) == {1: 100}


def test_what_serves_keeps_serving_while_an_unknown_version_is_asked_for() -> None:
    world = deployed()
    world.edit(model={"versionRef": {"name": "iris-12345678"}})
    world.rest()
    assert serving(world) == {1: 100}
    assert conditions(world)["Available"] == ("True", "Serving")
    assert conditions(world)["Ready"] == ("False", "VersionNotFound")


@pytest.mark.parametrize(
    "model",
    [
        pytest.param({"versionRef": {"name": version_name(2)}}, id="pinned"),
        pytest.param({"follow": {"model": "iris"}}, id="followed"),
    ],
)
def test_deleting_the_record_of_a_serving_version_leaves_its_pods_alone(
    model: dict[str, Any],
) -> None:
    world = deployed(model=model) if "follow" in model else deployed()
    world.publish(2)
    world.edit(model=model)
    world.settle()
    del world.versions[2]
    world.settle()
    assert serving(world) == {2: 100}
    assert conditions(world) == STABLE
    assert f"ModelVersion {version_name(2)} no longer exists" in message(world)
