"""Gateways that do not act on the route, and people who change it."""

import copy

import pytest

from harness.rollouts import (
    ROLLOUT,
    STABLE,
    at_weight,
    conditions,
    message,
    message_of_next_pass,
    serving,
)
from harness.serving_bodies import model_deployment
from harness.serving_world import ServingWorld


@pytest.mark.parametrize("gateway", ["away", "refuses"])
def test_nothing_grows_while_the_gateway_does_not_act(gateway: str) -> None:
    world = at_weight(5)
    world.gateway = gateway
    world.servers.load = 0.0
    world.rest()
    assert max(world.written.values()) >= 75
    assert serving(world) == {1: 95, 2: 5}
    world.gateway, world.servers.load = "accepts", 1000.0
    world.settle()
    assert serving(world) == {2: 100}


@pytest.mark.parametrize(
    ("gateway", "reason"), [("away", "RoutePending"), ("refuses", "RouteNotAccepted")]
)
@pytest.mark.parametrize("canary", [False, True], ids=["first version", "canary"])
def test_a_gateway_that_leaves_the_route_alone_for_too_long_stalls_it_until_it_answers(
    gateway: str, reason: str, *, canary: bool
) -> None:
    world = at_weight(5) if canary else ServingWorld(owner=model_deployment(rollout=ROLLOUT))
    world.gateway = gateway
    world.servers.load = 0.0
    world.rest(quiet_seconds=30)
    assert conditions(world)["Ready"] == ("False", reason)
    assert conditions(world)["Stalled"] == ("True", reason)
    assert "Gateway " in message(world)
    world.gateway, world.servers.load = "accepts", 1000.0
    world.settle()
    assert conditions(world) == STABLE


def test_a_refused_route_is_told_in_the_words_of_the_gateway() -> None:
    world = ServingWorld(gateway="refuses")
    world.rest()
    assert conditions(world)["TrafficConverged"] == ("False", "RouteNotAccepted")
    assert conditions(world)["Ready"] == ("False", "RouteNotAccepted")
    assert "no listener admits this namespace" in message(world)


@pytest.mark.parametrize("share", [0, 25, 50, 100])
def test_a_weight_edited_by_hand_is_put_right_and_not_believed(share: int) -> None:
    world = at_weight(5)
    before, since = world.written, world.status["canary"]["since"]
    assert world.route is not None
    for backend, weight in zip(
        world.route["spec"]["rules"][-1]["backendRefs"], (100 - share, share), strict=True
    ):
        backend["weight"] = weight
    assert world.written != before
    world.run_pass()
    assert world.written == before
    assert world.status["canary"]["since"] == since


@pytest.mark.parametrize("field", ["backendRefs", "filters", "parentRefs", "rules", "hostnames"])
def test_what_somebody_adds_to_the_route_is_taken_out_and_told(field: str) -> None:
    world = at_weight(5)
    assert world.route is not None
    before = copy.deepcopy(world.route["spec"])
    spec = world.route["spec"]
    lists = {
        "backendRefs": (spec["rules"][-1]["backendRefs"], {"name": "other", "weight": 95}),
        "filters": (spec["rules"][-1]["filters"], {"type": "RequestMirror"}),
        "parentRefs": (spec["parentRefs"], {"name": "other"}),
        "rules": (spec["rules"], {"backendRefs": [{"name": "other", "weight": 95}]}),
        "hostnames": (spec.setdefault("hostnames", []), "other.example.com"),
    }
    there, added = lists[field]
    there.append(added)
    assert "HTTPRoute team/iris is not as asked for" in message_of_next_pass(world)
    world.run_pass()
    assert world.route["spec"] == before
