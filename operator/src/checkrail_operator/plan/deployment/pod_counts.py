"""How many pods each revision has: the stable one all of them, the canary as its share needs."""

from collections.abc import Mapping

from checkrail_operator.plan.deployment.canary_size import canary_pods_now
from checkrail_operator.plan.deployment.deployment_seen import Answer, ModelDeploymentSeen
from checkrail_operator.plan.deployment.rollout import DRAIN, Move
from checkrail_operator.plan.deployment.takeover import Canary, Decision, Situation
from checkrail_operator.plan.deployment.traffic import answer_for, pods_for

GOING = frozenset({Situation.WITHDRAWING, Situation.ROLLING_BACK})


def pod_counts(
    seen: ModelDeploymentSeen, decision: Decision, weights: Mapping[str, int]
) -> dict[str, int]:
    """Return how many pods each live revision should have after this pass, by its hash.

    Args:
        seen: What the pass found.
        decision: What it decided.
        weights: Shares of the requests after it, percent by revision.
    """
    counts = {revision.hash: seen.spec.replicas for revision in decision.live}
    canary = decision.canary
    if decision.stable and canary:
        asked = seen.of(canary.revision).asked
        growing = decision.step is not None and decision.step.move is Move.GROWING
        counts[canary.revision.hash] = canary_pods_now(
            pods_for(seen, canary.weight, growing=growing),
            asked=asked or 0,
            at_most=seen.spec.replicas,
            may_shrink=decision.situation not in GOING and _is_settled(seen, canary, weights),
        )
    return counts


def _is_settled(seen: ModelDeploymentSeen, canary: Canary, weights: Mapping[str, int]) -> bool:
    """Answer whether requests have been split by ``weights`` for as long as some last."""
    held = canary.since + DRAIN
    return answer_for(seen, weights) is Answer.ACCEPTED and seen.now >= held
