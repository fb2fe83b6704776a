import copy
from typing import Any

import pytest

from checkrail_operator.observe.http_route import see_route
from checkrail_operator.observe.model_deployment import see
from checkrail_operator.observe.raw import Raw
from checkrail_operator.plan.deployment.deployment_seen import Answer
from checkrail_operator.plan.deployment.revision import read_annotation
from checkrail_operator.plan.errors import InvalidSpecError
from checkrail_operator.plan.types import Manifest
from harness.serving_bodies import DEFAULTS, START, model_deployment, model_version
from harness.serving_world import ServingWorld

PARENT = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": "i", "name": "g"}
OTHER = {**PARENT, "name": "other"}


def route(*parents: Manifest, refs: tuple[Manifest, ...] = (PARENT,)) -> Manifest:
    """Return a route of generation 2 whose gateways said ``parents``."""
    backends = [{"name": "iris-aaaaaaaa", "weight": 95}, {"name": "iris-bbbbbbbb", "weight": 5}]
    return {
        "kind": "HTTPRoute",
        "metadata": {"name": "iris", "namespace": "team", "generation": 2},
        "spec": {"parentRefs": list(refs), "rules": [{"backendRefs": backends}]},
        "status": {"parents": list(parents)},
    }


def said(
    accepted: str = "True",
    resolved: str | None = "True",
    generation: int = 2,
    partly: str | None = None,
    **ref: str,
) -> Manifest:
    told = {"Accepted": accepted, "ResolvedRefs": resolved, "PartiallyInvalid": partly}
    conditions = [
        {
            "type": kind,
            "status": status,
            "reason": "Why",
            "message": "its words",
            "observedGeneration": generation,
        }
        for kind, status in told.items()
        if status
    ]
    return {"parentRef": {**PARENT, **ref}, "conditions": conditions}


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        pytest.param(route(), Answer.PENDING, id="no gateway has answered"),
        pytest.param(route(said()), Answer.ACCEPTED, id="accepted"),
        pytest.param(route(said(generation=1)), Answer.PENDING, id="an answer to the route before"),
        pytest.param(route(said(resolved=None)), Answer.PENDING, id="half an answer"),
        pytest.param(route(said("False")), Answer.REFUSED, id="not accepted"),
        pytest.param(
            route(said("Unknown")), Answer.PENDING, id="a gateway that has not looked yet"
        ),
        pytest.param(route(said(resolved="False")), Answer.REFUSED, id="a backend is not found"),
        pytest.param(route(said(partly="True")), Answer.REFUSED, id="a rule is left out"),
        pytest.param(route(said(partly="False")), Answer.ACCEPTED, id="no rule is left out"),
        pytest.param(
            route(said("False", generation=1)), Answer.PENDING, id="a refusal of the route before"
        ),
        pytest.param(
            route(said(), refs=(PARENT, OTHER)), Answer.PENDING, id="one of two has answered"
        ),
        pytest.param(
            route(said(), said("False", name="other"), refs=(PARENT, OTHER)),
            Answer.REFUSED,
            id="one of two refuses",
        ),
        pytest.param(route(said(name="other")), Answer.PENDING, id="another gateway answers"),
        pytest.param(
            route(said(), refs=({**PARENT, "sectionName": "http"},)),
            Answer.PENDING,
            id="another listener answers",
        ),
    ],
)
def test_the_gateways_answer(body: Manifest, answer: Answer) -> None:
    assert see_route(body).answer is answer


@pytest.mark.parametrize(
    ("answer", "to_do"),
    [
        pytest.param(
            ("Accepted", "NotAllowedByListeners"),
            "Let routes of this namespace in with allowedRoutes of its listeners, or name another "
            "Gateway in spec.traffic.gateway.parentRefs",
            id="a listener keeps this namespace out",
        ),
        pytest.param(
            ("Accepted", "NoMatchingListenerHostname"),
            "Name hosts in spec.traffic.gateway.hostnames that one of its listeners takes, or give "
            "it such a listener",
            id="no listener takes the hosts",
        ),
        pytest.param(
            ("Accepted", "NoMatchingParent"),
            "Name a listener that it has as sectionName in spec.traffic.gateway.parentRefs, or "
            "leave that out",
            id="no such listener",
        ),
        pytest.param(
            ("ResolvedRefs", "BackendNotFound"),
            "Look at kubectl describe httproute iris --namespace team",
            id="no such Service",
        ),
    ],
)
def test_a_refusal_is_told_in_the_gateways_words(answer: tuple[str, str], to_do: str) -> None:
    kind, reason = answer
    refusal = {"status": "False", "reason": reason, "message": "Its own words."}
    conditions = [c | refusal if c["type"] == kind else c for c in said()["conditions"]]
    assert see_route(route({"parentRef": PARENT, "conditions": conditions})).message == (
        f"Gateway i/g: {kind} is False, {reason}: Its own words. {to_do}"
    )


def test_a_refusal_names_the_listener_and_leaves_room_for_what_to_do() -> None:
    ref = {"name": "g", "sectionName": "http"}
    conditions = [c | {"message": "x" * 30_000} for c in said("False")["conditions"]]
    told = {"parentRef": ref, "conditions": conditions}
    message = see_route(route(told, refs=(ref,))).message
    assert message.startswith("Gateway team/g, listener http: Accepted is False, Why: xxx")
    assert message.endswith("xxx. Look at kubectl describe httproute iris --namespace team")
    assert len(message) < 3000


def test_gateways_that_have_not_answered_are_named() -> None:
    listener = {"name": "here", "sectionName": "http"}
    assert see_route(route(said(), refs=(PARENT, OTHER, listener))).message == (
        "Gateway i/other has not answered for this route. Create it, or name another one in"
        " spec.traffic.gateway.parentRefs; if it exists, see that a controller runs for its class:"
        " kubectl describe gateway other --namespace i. Gateway team/here, listener http has not"
        " answered for this route. Create it, or name another one in"
        " spec.traffic.gateway.parentRefs; if it exists, see that a controller runs for its class:"
        " kubectl describe gateway here --namespace team"
    )


def test_a_gateway_that_answered_for_the_route_before_is_not_taken_for_missing() -> None:
    assert see_route(route(said(generation=1))).message == (
        "Gateway i/g has not answered for the route as it is now. If this stays, see that its"
        " controller runs: kubectl describe gateway g --namespace i"
    )


def test_shares_are_read_by_revision() -> None:
    assert see_route(route()).weights == {"aaaaaaaa": 95, "bbbbbbbb": 5}


def test_a_spec_of_a_newer_release_is_refused_by_field() -> None:
    owner = model_deployment(rollout={"mirror": {"seconds": 300}})
    with pytest.raises(InvalidSpecError, match=r"spec\.rollout\.mirror"):
        see(Raw(owner), START, DEFAULTS)


def test_a_status_of_a_newer_release_is_read_as_far_as_it_is_known() -> None:
    owner = {**model_deployment(), "status": {"observedRetry": "1", "history": []}}
    assert see(Raw(owner), START, DEFAULTS).status.observed_retry == "1"


def test_the_same_version_answered_twice_is_one_version() -> None:
    raw = Raw(model_deployment(), related=(model_version(1), model_version(1)))
    assert [v.name for v in see(raw, START, DEFAULTS).versions] == ["iris-00000001"]


def test_pods_of_an_earlier_deployment_of_the_name_do_not_count() -> None:
    world = ServingWorld(behaviour={1: "crashing"})
    world.settle()
    (deployment,) = (o for k, o in world.objects.items() if k[1] == "Deployment")
    deployment["metadata"]["creationTimestamp"] = "2026-11-23T12:30:00Z"
    (revision,) = see(world.raw(), world.now, DEFAULTS).revisions.values()
    assert revision.pods == ()


def test_a_record_that_somebody_edited_is_no_record() -> None:
    world = ServingWorld()
    world.settle()
    (revision,) = see(world.raw(), world.now, DEFAULTS).revisions.values()
    assert revision.record is not None
    text = revision.record.annotation()
    assert read_annotation(text, revision.record.hash) == revision.record
    assert read_annotation(text.replace("server:1", "server:9"), revision.record.hash) is None
    assert read_annotation(None, revision.record.hash) is None


def test_a_child_is_of_the_revision_that_its_name_says() -> None:
    world = ServingWorld()
    world.settle()
    seen = see(world.raw(), world.now, DEFAULTS).revisions
    before = labels_of(world)
    for body in world.objects.values():
        if "checkrail.dev/revision" in body["metadata"]["labels"]:
            body["metadata"]["labels"]["checkrail.dev/revision"] = "00000000"

    assert see(world.raw(), world.now, DEFAULTS).revisions.keys() == seen.keys()
    world.run_pass()
    assert labels_of(world) == before


def labels_of(world: ServingWorld) -> dict[Any, Manifest]:
    return {key: dict(body["metadata"]["labels"]) for key, body in world.objects.items()}


def test_the_weights_are_those_of_the_last_rule() -> None:
    body = copy.deepcopy(dict(route()))
    picking = {"backendRefs": [{"name": "iris-cccccccc", "weight": 1}]}
    body["spec"]["rules"].insert(0, picking)
    seen = see_route(body)
    assert seen.weights == {"aaaaaaaa": 95, "bbbbbbbb": 5}
    assert seen.revisions == {"aaaaaaaa", "bbbbbbbb", "cccccccc"}
