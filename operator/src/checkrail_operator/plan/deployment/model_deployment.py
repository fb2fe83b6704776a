"""The plan of a ModelDeployment: what serves, with which share, and what may go.

Order up: pods ready, share up, hold, ..., everything, route accepted, old pods down. Order down:
share to the stable revision, route accepted, requests under way ended, canary's pods down. Without
a gateway, the Service's selector stands for the route.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from checkrail_api.deployment_status import ModelDeploymentStatus
from checkrail_operator.plan.deployment.autoscaler import autoscaler
from checkrail_operator.plan.deployment.deployment_seen import ModelDeploymentSeen
from checkrail_operator.plan.deployment.deployment_status import (
    holds,
    share_events,
    status_of,
    told_event,
)
from checkrail_operator.plan.deployment.difference import identity
from checkrail_operator.plan.deployment.disruption import budgets
from checkrail_operator.plan.deployment.network_policy import network_policy
from checkrail_operator.plan.deployment.picked import pickable
from checkrail_operator.plan.deployment.pod_counts import pod_counts
from checkrail_operator.plan.deployment.route import http_route
from checkrail_operator.plan.deployment.selection import selection
from checkrail_operator.plan.deployment.serving import (
    front_service,
    revision_deployment,
    revision_service,
    scores_of,
)
from checkrail_operator.plan.deployment.shadow_config import shadow_config_map
from checkrail_operator.plan.deployment.takeover import Decision, Situation, decide, leftovers
from checkrail_operator.plan.deployment.traffic import is_acted_on, led_to, shares
from checkrail_operator.plan.types import Manifest, Plan, Ref

SOON = timedelta(seconds=1)
"""A pass must see what this one wrote before it may go on; no event tells of our own status."""

IN_FLUX = timedelta(seconds=5)
"""How long a rollout goes without a look, whatever no event told."""

MOVING = frozenset(
    {
        Situation.STARTING,
        Situation.CLEARING,
        Situation.CLIMBING,
        Situation.WITHDRAWING,
        Situation.ROLLING_BACK,
    }
)

WATCHED = timedelta(seconds=30)
"""How long what is not as asked for goes without a look; events tell sooner."""


def plan(seen: ModelDeploymentSeen) -> Plan:
    """Return every child, every prune and the status that this pass wants.

    A ModelDeployment that is being deleted gets nothing: the garbage collector takes its children.
    """
    if seen.deleting:
        return Plan(seen.key)
    decision = decide(seen)
    canary = decision.canary
    weights = shares(
        decision.stable.hash if decision.stable else None,
        canary.revision.hash if canary else None,
        canary.weight if canary else 0,
    )
    status = status_of(seen, decision, weights)
    children = tuple(_children(seen, decision, weights))
    prunable = tuple(_prunable(seen, decision))
    gone = (ref for r in prunable for ref in seen.revisions[r].refs)
    event = told_event(seen, status)
    return Plan(
        key=seen.key,
        children=children,
        prune=tuple(sorted((*gone, *_unwanted(seen, children)))),
        status=status.dump(),
        events=(*share_events(seen, status), *((event,) if event else ())),
        requeue_after_seconds=_look_again(seen, decision, status, set(prunable)),
    )


def _children(
    seen: ModelDeploymentSeen, decision: Decision, weights: dict[str, int]
) -> Iterator[Manifest]:
    """Yield the children in the order to apply them: what is pointed at before what points."""
    if not decision.live:
        return
    pods = pod_counts(seen, decision, weights)
    compared = decision.canary.revision if decision.canary else None
    reference = scores_of(seen, decision.stable) if decision.stable else None
    bins = {each.hash: reference if each == compared else None for each in decision.live}
    for each in decision.live:
        yield revision_deployment(seen, each, pods[each.hash], bins[each.hash])
    for each in decision.live:
        yield revision_service(seen, each, bins[each.hash])
    if decision.stable and decision.shadow and decision.situation is Situation.SHADOWING:
        yield shadow_config_map(seen, decision.stable, decision.shadow)
    yield from budgets(seen, decision, weights, pods)
    yield front_service(seen, selection(seen, weights))
    if gateway := seen.spec.traffic.gateway:
        yield http_route(seen, gateway, weights, pickable(seen, decision))
    yield from autoscaler(seen)
    yield from network_policy(seen)  # last: where none may be made, nothing else waits for it


def _unwanted(seen: ModelDeploymentSeen, children: Iterable[Manifest]) -> Iterator[Ref]:
    """Yield what is there only while it is asked for, and is not: no request needs it."""
    wanted = {identity(each) for each in children}
    for ref in seen.optional:
        if (ref.api_version, ref.kind, ref.name) not in wanted:
            yield ref


def _prunable(seen: ModelDeploymentSeen, decision: Decision) -> Iterator[str]:
    """Yield the revisions whose children may go in this pass.

    A revision goes once nothing can lead back to it: neither this decision nor the status already
    written names it, nothing leads requests to it, and what splits them is acted on. That is not
    waited for where no pod answers anyway.
    """
    told = {r.revision for r in (seen.status.stable, seen.status.canary) if r}
    routed, acted_on = led_to(seen), is_acted_on(seen)
    for revision in leftovers(seen, decision.live):
        unnamed = revision not in told and revision not in routed
        if unnamed and (acted_on or not seen.revisions[revision].ready):
            yield revision


def _look_again(
    seen: ModelDeploymentSeen, decision: Decision, status: ModelDeploymentStatus, prunable: set[str]
) -> float | None:
    """Return in how many seconds time alone may change something, or None at rest."""
    waits: list[timedelta] = []
    if set(leftovers(seen, decision.live)) - prunable:
        waits.append(SOON)
    if decision.step and decision.step.look_again is not None:
        waits.append(decision.step.look_again)
    if decision.situation in MOVING:
        waits.append(IN_FLUX)
    if decision.evidence or decision.situation is Situation.SHADOWING:
        waits.append(timedelta(seconds=seen.spec.rollout.check_period_seconds))
    if holds(status, "Reconciling") or not holds(status, "TrafficConverged"):
        waits.append(WATCHED)
    if any(pod.lacking for found in seen.revisions.values() for pod in found.pods):
        waits.append(WATCHED)  # no event tells that somebody else's ConfigMap is there
    return min(waits).total_seconds() if waits else None
