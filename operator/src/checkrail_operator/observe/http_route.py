"""An HTTPRoute, and what its gateways say of it (gateway.networking.k8s.io/v1)."""

from itertools import chain
from typing import Any

from checkrail_operator.plan.deployment_seen import Answer, RouteSeen
from checkrail_operator.plan.types import Manifest

ASKED = ("Accepted", "ResolvedRefs")
"""Conditions that a gateway sets on each parent of a route."""


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
        for condition in current:
            if condition.get("status") != "True":
                return Answer.REFUSED, _words(wanted, condition)
        if not answers or len(current) < len(ASKED) * len(answers):
            silent.append(_gateway(wanted, namespace))
    return (Answer.PENDING, _silence(silent)) if silent else (Answer.ACCEPTED, "")


def _asked(parent: Manifest) -> list[Manifest]:
    return [c for c in parent.get("conditions") or () if c.get("type") in ASKED]


def _same(found: Manifest, wanted: Manifest, namespace: str) -> bool:
    def identity(ref: Manifest) -> tuple[Any, ...]:
        return (ref.get("namespace", namespace), ref.get("name"), ref.get("sectionName"))

    return identity(found) == identity(wanted)


def _is_of(condition: Manifest, generation: int) -> bool:
    return bool(condition.get("observedGeneration", 0) == generation)


def _gateway(ref: Manifest, namespace: str) -> str:
    listener = f", listener {ref['sectionName']}" if ref.get("sectionName") else ""
    return f"Gateway {ref.get('namespace', namespace)}/{ref['name']}{listener}"


def _silence(gateways: list[str]) -> str:
    return "; ".join(
        f"{name} has not answered: does it exist, and does a controller run for its class?"
        for name in gateways
    )


def _words(parent: Manifest, condition: Manifest) -> str:
    said = condition.get("message") or "it gives no message"
    return (
        f"Gateway {parent['name']}: {condition['type']} is {condition['status']},"
        f" {condition.get('reason', 'no reason')}: {said}"
    )
