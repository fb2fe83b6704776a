"""An HTTPRoute, and what its gateways say of it (gateway.networking.k8s.io/v1)."""

from itertools import chain
from typing import Any

from checkrail_operator.plan.deployment.deployment_seen import Answer, RouteSeen
from checkrail_operator.plan.deployment.difference import applied
from checkrail_operator.plan.types import Manifest

ASKED = ("Accepted", "ResolvedRefs")
"""Conditions that a gateway sets on each parent of a route."""
REFUSALS = frozenset({*((kind, "False") for kind in ASKED), ("PartiallyInvalid", "True")})
"""Those that say it does not route as the route asks; the last one that it left rules out."""

WORDS = 2000
"""Longest part of a gateway's message that is passed on, characters."""

TO_DO = {
    "NotAllowedByListeners": "Let routes of this namespace in with allowedRoutes of its listeners,"
    " or name another Gateway in spec.traffic.gateway.parentRefs",
    "NoMatchingListenerHostname": "Name hosts in spec.traffic.gateway.hostnames that one of its"
    " listeners takes, or give it such a listener",
    "NoMatchingParent": "Name a listener that it has as sectionName in"
    " spec.traffic.gateway.parentRefs, or leave that out",
}
"""What mends a refusal, by its reason (``RouteConditionReason`` of the Gateway API)."""


def see_route(body: Manifest) -> RouteSeen:
    """Return the shares by revision and the gateways' answer."""
    spec: Manifest = body.get("spec") or {}
    answer, message = _answer(body)
    rules = [_weights(rule) for rule in spec.get("rules") or ()]
    return RouteSeen(
        weights=rules[-1] if rules else {},
        revisions=frozenset(chain.from_iterable(rules)),
        spec=spec,
        answer=answer,
        message=message,
        applied=applied(body),
    )


def _weights(rule: Manifest) -> dict[str, int]:
    """Return the weights by revision: Services are named <owner>-<revision>.

    A Service that was deleted still has its share.
    """
    backends = rule.get("backendRefs") or ()
    return {b["name"].rpartition("-")[2]: b.get("weight", 1) for b in backends}


def _answer(body: Manifest) -> tuple[Answer, str]:
    """Return what the gateways together say: a refusal, then a missing answer, go first."""
    generation = body["metadata"].get("generation", 0)
    namespace = body["metadata"]["namespace"]
    parents = (body.get("status") or {}).get("parents") or ()
    silent: list[str] = []
    for wanted in (body.get("spec") or {}).get("parentRefs") or ():
        answers = [p for p in parents if _same(p.get("parentRef") or {}, wanted, namespace)]
        current = [c for p in answers for c in _asked(p) if _is_of(c, generation)]
        for condition in (c for p in answers for c in p.get("conditions") or ()):
            refuses = (condition["type"], condition["status"]) in REFUSALS
            if refuses and _is_of(condition, generation):
                return Answer.REFUSED, _words(_gateway(wanted, namespace), condition, body)
        if not answers or len(current) < len(ASKED) * len(answers):
            silent.append(_silence(wanted, namespace, answered_before=bool(answers)))
    return (Answer.PENDING, ". ".join(silent)) if silent else (Answer.ACCEPTED, "")


def _asked(parent: Manifest) -> list[Manifest]:
    """Return what a gateway says; Unknown, as before it has looked, says nothing."""
    conditions = parent.get("conditions") or ()
    return [c for c in conditions if c["type"] in ASKED and c["status"] in {"True", "False"}]


def _same(found: Manifest, wanted: Manifest, namespace: str) -> bool:
    def identity(ref: Manifest) -> tuple[Any, ...]:
        return (ref.get("namespace", namespace), ref.get("name"), ref.get("sectionName"))

    return identity(found) == identity(wanted)


def _is_of(condition: Manifest, generation: int) -> bool:
    return bool(condition.get("observedGeneration", 0) == generation)


def _gateway(ref: Manifest, namespace: str) -> str:
    listener = f", listener {ref['sectionName']}" if ref.get("sectionName") else ""
    return f"Gateway {ref.get('namespace', namespace)}/{ref['name']}{listener}"


def _silence(ref: Manifest, namespace: str, *, answered_before: bool) -> str:
    gateway, place = _gateway(ref, namespace), ref.get("namespace", namespace)
    look = f"kubectl describe gateway {ref['name']} --namespace {place}"
    if answered_before:
        return (
            f"{gateway} has not answered for the route as it is now. If this stays, see that its"
            f" controller runs: {look}"
        )
    return (
        f"{gateway} has not answered for this route. Create it, or name another one in"
        " spec.traffic.gateway.parentRefs; if it exists, see that a controller runs for its class:"
        f" {look}"
    )


def _words(gateway: str, condition: Manifest, route: Manifest) -> str:
    """Return a refusal in the gateway's words, and what mends it."""
    metadata, reason = route["metadata"], condition.get("reason", "no reason")
    said = str(condition.get("message") or "it gives no message")[:WORDS].rstrip(". ")
    look = f"Look at kubectl describe httproute {metadata['name']} --namespace"
    to_do = TO_DO.get(reason, f"{look} {metadata['namespace']}")
    return f"{gateway}: {condition['type']} is {condition['status']}, {reason}: {said}. {to_do}"
