"""Who splits the requests, a gateway or the pods behind one Service, and whether it does now."""

from collections.abc import Mapping
from datetime import timedelta

from checkrail_api.reasons import Reason
from checkrail_operator.plan.deployment import route, selection
from checkrail_operator.plan.deployment.canary_size import canary_pods
from checkrail_operator.plan.deployment.deployment_seen import Answer, ModelDeploymentSeen
from checkrail_operator.plan.deployment.replica_ratio import ratio_pods, reachable_shares
from checkrail_operator.plan.deployment.revision import Revision
from checkrail_operator.plan.deployment.rollout import EVERYTHING, next_weight
from checkrail_operator.plan.deployment.route import answer_of_route, route_words
from checkrail_operator.plan.deployment.selection import (
    answer_of_selection,
    selected_revisions,
    selection_words,
)
from checkrail_operator.plan.instants import instant

TAKES_UP = timedelta(seconds=3)
"""How long EndpointSlices and every node's kube-proxy need at most to follow a Service (about 1 s;
kube-proxy syncs once a second)."""


def shares(stable: str | None, canary: str | None, weight: int) -> dict[str, int]:
    """Return the share of each revision, percent, the stable one first; together 100.

    Args:
        stable: Hash of the stable revision, if there is one.
        canary: Hash of the canary, if there is one.
        weight: Share of the canary; without a stable revision it gets everything.
    """
    if stable is None or canary is None:
        return {only: EVERYTHING for only in (stable, canary) if only is not None}
    return {stable: EVERYTHING - weight, canary: weight}


def answer_for(seen: ModelDeploymentSeen, weights: Mapping[str, int]) -> Answer:
    """Return whether what splits requests does so by ``weights`` now."""
    if gateway := seen.spec.traffic.gateway:
        return answer_of_route(seen, gateway, weights)
    return answer_of_selection(seen, weights)


def trouble_words(seen: ModelDeploymentSeen, weights: Mapping[str, int]) -> str:
    """Return why requests are not split by ``weights``; empty when they are."""
    if gateway := seen.spec.traffic.gateway:
        return route_words(seen, gateway, weights)
    return selection_words(seen, weights)


def is_overdue(seen: ModelDeploymentSeen, weights: Mapping[str, int]) -> bool:
    """Answer whether what splits requests has been unanswered for, or refused, for too long.

    That is ``rollout.progressDeadlineSeconds``, counted from when TrafficConverged said so first.
    """
    told = {
        Answer.PENDING: Reason.ROUTE_PENDING.value,
        Answer.REFUSED: Reason.ROUTE_NOT_ACCEPTED.value,
    }.get(answer_for(seen, weights))
    allowed = timedelta(seconds=seen.spec.rollout.progress_deadline_seconds)
    return any(
        seen.now - (instant(c.last_transition_time) or seen.now) >= allowed
        for c in seen.status.conditions
        if c.type == "TrafficConverged" and c.reason == told
    )


def share_left(seen: ModelDeploymentSeen, stable: Revision, canary: Revision, told: int) -> int:
    """Return the canary's share as the last pass left it, percent.

    Status is behind by one move at most: it is written last. A share that no pass of ours wrote is
    somebody's edit, be it one of the steps: the one that was told goes on, and what splits requests
    is put right. A Service that selects both revisions does not say which step that is.

    Args:
        seen: What the pass found.
        stable: The stable revision.
        canary: The other one.
        told: The canary's share in the status, percent.
    """
    for ahead in (next_weight(seen.spec.rollout, told), 0):
        if _was_written(seen, stable, canary, told, ahead):
            return ahead
    return told


def _was_written(
    seen: ModelDeploymentSeen, stable: Revision, canary: Revision, told: int, ahead: int
) -> bool:
    was, now = (shares(stable.hash, canary.hash, weight) for weight in (told, ahead))
    if gateway := seen.spec.traffic.gateway:
        picked = {each.version: each.hash for each in (stable, canary)}
        return any(route.was_written(seen, gateway, now, each) for each in ({}, picked))
    same = selection.selection(seen, was) == selection.selection(seen, now)
    return not same and selection.was_written(seen, now)


def pods_for(seen: ModelDeploymentSeen, weight: int, *, growing: bool = False) -> int:
    """Return how many pods a canary needs while its share is ``weight``.

    With a gateway: those of the next share, before it is given. Without one the pods are the share:
    those of the next one once nothing else holds it, and, at 0, those of the first one, which
    nothing selects yet.

    Args:
        seen: What the pass found.
        weight: Share of the canary, percent.
        growing: Whether only the pods of the next share are waited for.
    """
    rollout, replicas = seen.spec.rollout, seen.spec.replicas
    if seen.spec.traffic.gateway:
        return canary_pods(rollout, replicas, weight)
    share = next_weight(rollout, weight) if growing or not weight else weight
    return ratio_pods(replicas, share)


def pods_that_split(seen: ModelDeploymentSeen, weight: int) -> tuple[int, int] | None:
    """Return how many pods of both, the stable revision's first, make a share of ``weight``.

    None where pods do not make it: a gateway does, or one revision has everything.
    """
    if seen.spec.traffic.gateway or weight in {0, EVERYTHING}:
        return None
    return seen.spec.replicas, ratio_pods(seen.spec.replicas, weight)


def pods_that_answer(
    seen: ModelDeploymentSeen, stable: Revision, canary: Revision, weight: int
) -> tuple[int, int] | None:
    """Return how many pods of both are ready now, the stable revision's first, where pods split."""
    if pods_that_split(seen, weight) is None:
        return None
    return seen.of(stable).ready, seen.of(canary).ready


def share_made(seen: ModelDeploymentSeen, weights: Mapping[str, int], revision: str) -> int:
    """Return the share of ``revision`` that ``weights`` make, percent; by pods nearly that."""
    if seen.spec.traffic.gateway:
        return weights[revision]
    return reachable_shares(weights, seen.spec.replicas)[revision]


def is_made(
    seen: ModelDeploymentSeen, stable: Revision, canary: Revision, pods: tuple[int, int] | None
) -> bool:
    """Answer whether ``pods`` of both answer, no more and no fewer; always where there are none."""
    return pods is None or all(
        (found.asked, found.replicas, found.ready) == (number,) * 3
        for found, number in zip((seen.of(stable), seen.of(canary)), pods, strict=True)
    )


def may_share(seen: ModelDeploymentSeen, stable: Revision, canary: Revision, weight: int) -> bool:
    """Answer whether the canary's share would be no larger than meant, as far as pods make it.

    All stable pods have to be there, unless none answers: then nothing is better than the canary.
    A canary without a share has to have the pods of its first one, no more. Pods of any other
    revision have to be gone: a Service that selects both would select them too.
    """
    if seen.spec.traffic.gateway or weight == EVERYTHING:
        return True
    whole = seen.is_ready(stable, seen.spec.replicas) or not seen.of(stable).ready
    found = seen.of(canary)
    fits = bool(weight) or max(found.asked or 0, found.replicas) <= pods_for(seen, weight)
    return whole and fits and not strangers(seen, stable, canary)


def strangers(seen: ModelDeploymentSeen, stable: Revision, canary: Revision) -> tuple[str, ...]:
    """Return the other revisions that have pods, which a Service of both would select, sorted."""
    mine = {stable.hash, canary.hash}
    return tuple(sorted(r for r, each in seen.revisions.items() if each.pods and r not in mine))


def led_to(seen: ModelDeploymentSeen) -> frozenset[str]:
    """Return the revisions that anything leads requests to, as it is now."""
    routed = seen.route.revisions if seen.route else frozenset()
    return routed if seen.spec.traffic.gateway else routed | selected_revisions(seen)


def is_acted_on(seen: ModelDeploymentSeen) -> bool:
    """Answer whether requests go where what splits them says, as it is now."""
    if seen.spec.traffic.gateway:
        return seen.route is not None and seen.route.answer is Answer.ACCEPTED
    return seen.selected is not None


def url(seen: ModelDeploymentSeen) -> str:
    """Return where requests go: the route's first host name, or ``*``, and path; or the Service."""
    gateway = seen.spec.traffic.gateway
    if gateway is None:
        return f"http://{seen.key.name}.{seen.key.namespace}.svc"
    return f"http://{next(iter(gateway.hostnames), '*')}{gateway.path}"
