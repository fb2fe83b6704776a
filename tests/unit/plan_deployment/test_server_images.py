"""Which image a revision runs: the one of the spec, or the default of the time it began."""

from dataclasses import replace

import pytest

from harness.rollouts import (
    STABLE,
    at_weight,
    canary_weight,
    conditions,
    deployed,
    message,
    serving,
)
from harness.serving_bodies import DEFAULTS
from harness.serving_world import ServingWorld

BROKEN = {"image": "server:broken"}


def image(world: ServingWorld) -> tuple[str, str]:
    """Return the image of the stable revision and who chose it."""
    return world.status["stable"]["image"], world.status["stable"]["imageFrom"]


def test_a_new_default_image_changes_no_running_revision() -> None:
    world = deployed()
    before = world.written
    world.defaults = replace(DEFAULTS, server_image="server:2", object_store={})
    world.edit(replicas=2)
    world.settle()
    assert world.written == before
    assert world.status["stable"]["image"] == "server:1"
    world.ask_for(2)
    world.settle()
    assert world.status["stable"]["image"] == "server:2"


@pytest.mark.parametrize("behaviour", ["healthy", "crashing"])
def test_an_image_that_the_spec_no_longer_names_goes(behaviour: str) -> None:
    world = deployed()
    world.behaviour[2] = behaviour
    world.ask_for(2, server=BROKEN)
    world.settle()
    world.behaviour[2] = "healthy"
    world.edit(server={})
    world.settle()
    assert conditions(world) == STABLE
    assert (serving(world), image(world)) == ({2: 100}, ("server:1", "Default"))


def test_a_canary_on_an_image_that_the_spec_no_longer_names_is_superseded() -> None:
    world = at_weight(25, server=BROKEN)
    assert world.status["canary"]["imageFrom"] == "Spec"
    world.edit(server={})
    world.settle()
    assert image(world) == ("server:1", "Default")


def test_who_chose_the_image_follows_the_spec_and_moves_no_pod() -> None:
    world = deployed()
    before = world.written
    world.edit(server={"image": "server:1"})
    world.settle()
    assert image(world) == ("server:1", "Spec")
    world.edit(server={})
    world.settle()
    world.defaults = replace(DEFAULTS, server_image="server:2")
    world.settle()
    assert (image(world), world.written) == (("server:1", "Default"), before)


@pytest.mark.parametrize("server", [None, BROKEN], ids=["default", "named by the spec"])
def test_a_first_version_that_never_answered_takes_up_a_mended_default(
    server: dict[str, str] | None,
) -> None:
    world = ServingWorld(behaviour={1: "crashing"})
    if server:
        world.edit(server=server)
    world.settle()
    world.behaviour[1] = "healthy"
    world.edit(server={})
    world.defaults = replace(DEFAULTS, server_image="server:2")
    world.settle()
    assert image(world) == ("server:2", "Default")


def test_a_revision_recovers_who_chose_its_image_without_its_children() -> None:
    world = deployed(server=BROKEN)
    for key in [k for k in world.objects if k[1] != "HTTPRoute"]:
        world.delete(key)
    world.edit(server={})
    world.settle()
    assert image(world) == ("server:1", "Default")


def test_two_revisions_of_one_version_are_told_apart() -> None:
    world = deployed()
    serving_now = world.status["stable"]["revision"]
    world.edit(server={"image": "server:other"})
    world.run_until(lambda w: canary_weight(w) == 25)
    taking_over = world.status["canary"]["revision"]
    assert f"(revision {taking_over}, image server:other) gets 25 %" in message(world)

    world.edit(server={})
    world.run_pass()
    assert f"(revision {serving_now}, image server:1) is asked for" in message(world)
