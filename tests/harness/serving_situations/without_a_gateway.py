"""Requests are split by the numbers of pods."""

from harness.serving_situations.canaries import canary_at, canary_under_way
from harness.serving_situations.serving import fresh
from harness.serving_world import ServingWorld


def pods_split() -> ServingWorld:
    """Return a world in which version 1 serves, without a gateway."""
    world = fresh(replicas=3)
    del world.owner["spec"]["traffic"]
    world.settle()
    return world


def pods_of_the_next_share_come_up() -> ServingWorld:
    world = canary_at(10, pods_split)
    world.run_until(lambda w: len(w.pods) > 4)
    return world


def pod_of_a_share_not_ready() -> ServingWorld:
    world = canary_at(50, pods_split)
    world.run_pass()
    world.room[2] = 2
    world.servers.load = 0.0  # a rollout that waits under load goes on counting, and never rests
    world.tick()
    return world


def share_of_pods_taken_back() -> ServingWorld:
    world = canary_at(50, pods_split)
    world.run_pass()
    world.tick(2)
    world.ask_for(1)
    return world


def gateway_taken_away() -> ServingWorld:
    world = canary_under_way()
    world.edit(traffic={})
    return world
