"""``TrafficConverged``: whether requests are split as wanted, and what pods counted of that."""

from collections.abc import Mapping

from checkrail_api.conditions import Condition, condition
from checkrail_api.reasons import Reason
from checkrail_operator.plan.deployment.deployment_seen import Answer, ModelDeploymentSeen
from checkrail_operator.plan.deployment.evidence import is_skewed
from checkrail_operator.plan.deployment.revision import Revision
from checkrail_operator.plan.deployment.rollout import Move
from checkrail_operator.plan.deployment.route import VERSION_HEADER
from checkrail_operator.plan.deployment.takeover import Decision
from checkrail_operator.plan.deployment.traffic import (
    answer_for,
    is_made,
    pods_that_split,
    share_made,
    trouble_words,
)

OTHERWISE_FALSE = frozenset({Reason.TRAFFIC_SKEWED.value, Reason.WAITING_FOR_REPLICAS.value})
"""Why the condition may be False before a gateway refuses a route."""


def converged(
    seen: ModelDeploymentSeen, decision: Decision, weights: Mapping[str, int], now: str
) -> Condition:
    """Return the condition."""
    kind, said = "TrafficConverged", trouble_words(seen, weights)
    match answer_for(seen, weights):
        case Answer.ACCEPTED if missing := _missing_pods(seen, decision, weights):
            return condition(kind, "False", Reason.WAITING_FOR_REPLICAS, missing, now=now)
        case Answer.ACCEPTED if skew := _skew(seen, decision):
            return condition(kind, "False", Reason.TRAFFIC_SKEWED, skew, now=now)
        case Answer.ACCEPTED:
            return condition(
                kind, "True", Reason.CONVERGED, share_words(seen, decision, weights), now=now
            )
        case Answer.REFUSED if _was_otherwise_false(seen):
            # False already, for another reason: its time would not be that of the refusal.
            return condition(kind, "Unknown", Reason.ROUTE_PENDING, said, now=now)
        case Answer.REFUSED:
            return condition(kind, "False", Reason.ROUTE_NOT_ACCEPTED, said, now=now)
        case Answer.PENDING:
            return condition(kind, "Unknown", Reason.ROUTE_PENDING, said, now=now)


def share_words(seen: ModelDeploymentSeen, decision: Decision, weights: Mapping[str, int]) -> str:
    """Return which share of the canary is desired, and which one pods can reach.

    Empty where a gateway splits, and where one revision has everything: that is always reached.
    """
    canary = decision.canary
    pods = pods_that_split(seen, canary.weight) if canary and decision.stable else None
    if canary is None or pods is None:
        return ""
    reachable = share_made(seen, weights, canary.revision.hash)
    return f"desired {canary.weight}, reachable {reachable}: {pods[1]} of {sum(pods)} pods"


def observed(decision: Decision, revision: Revision) -> str | None:
    """Return the share of the requests that ``revision`` has answered, for reading."""
    share = _observed_share(decision)
    if share is None:
        return None
    return f"{share if revision != decision.stable else 100 - share:.1f}"


def _observed_share(decision: Decision) -> float | None:
    """Return the canary's share as observed; None where it was changed in this pass."""
    evidence, canary = decision.evidence, decision.canary
    if evidence is None or canary is None or canary.weight != evidence.weight:
        return None
    return evidence.observed


def _missing_pods(seen: ModelDeploymentSeen, decision: Decision, weights: Mapping[str, int]) -> str:
    """Return which pods make another split than the desired one; empty if none do."""
    stable, canary = decision.stable, decision.canary
    if stable is None or canary is None:
        return ""
    pods = pods_that_split(seen, canary.weight)
    growing = decision.step is not None and decision.step.move is Move.GROWING
    if is_made(seen, stable, canary.revision, pods) and not (pods and growing):
        return ""
    ready = " and ".join(f"{seen.of(r).ready} of {r.version}" for r in (stable, canary.revision))
    return f"{share_words(seen, decision, weights)}; ready: {ready}"


def _skew(seen: ModelDeploymentSeen, decision: Decision) -> str:
    """Return how the observed split differs from the one that is meant; empty if it does not."""
    evidence, canary, share = decision.evidence, decision.canary, _observed_share(decision)
    if evidence is None or canary is None or share is None:
        return ""
    if not is_skewed(share, evidence.meant, sum(evidence.shares)):
        return ""
    told = f"{canary.revision.version} answered {share:.1f} % of {sum(evidence.shares)} requests"
    if seen.spec.traffic.gateway:
        return (
            f"{told} since its share became {canary.weight} %: look for clients that pass the"
            f" gateway by or set {VERSION_HEADER}, or for a gateway that keeps clients at one"
            " version"
        )
    return (
        f"{told}, {evidence.meant:.1f} % of the pods are its own: look for few clients that keep"
        " their connections open; a connection stays with its pod"
    )


def _was_otherwise_false(seen: ModelDeploymentSeen) -> bool:
    return any(
        c.type == "TrafficConverged" and c.reason in OTHERWISE_FALSE for c in seen.status.conditions
    )
