"""How many pods a node drain may take at once: a PodDisruptionBudget beside each revision.

An evicted pod leaves the endpoints, answers what is under way and only then ends, so no request is
lost as long as another pod of the same revision answers. Each revision is counted by itself: an
eviction of a stable pod does not wait for a canary's pod that finds no room.
"""

from collections.abc import Iterator, Mapping

from checkrail_operator.plan.deployment.deployment_seen import ModelDeploymentSeen
from checkrail_operator.plan.deployment.revision import Revision
from checkrail_operator.plan.deployment.serving import child, child_name_of, revision_selector
from checkrail_operator.plan.deployment.takeover import Decision
from checkrail_operator.plan.types import Manifest

ENOUGH_TO_LOSE_ONE = 2
"""A budget over a single pod either forbids its eviction for ever or forbids nothing."""


def budgets(
    seen: ModelDeploymentSeen,
    decision: Decision,
    weights: Mapping[str, int],
    pods: Mapping[str, int],
) -> Iterator[Manifest]:
    """Yield the budget of each revision that has requests to lose and a pod to spare.

    Args:
        seen: What the pass found.
        decision: What it decided.
        weights: Shares of the requests after it, percent by revision.
        pods: Pods of each revision after it.
    """
    for revision in decision.live:
        if weights[revision.hash] and pods[revision.hash] >= ENOUGH_TO_LOSE_ONE:
            yield _budget(seen, revision)


def _budget(seen: ModelDeploymentSeen, revision: Revision) -> Manifest:
    """Return a budget of one pod (policy/v1).

    A pod that runs without being ready answers nobody, and may always go: otherwise a revision that
    does not come up would hold a drain for ever.
    """
    head = child(seen, "policy/v1", "PodDisruptionBudget", child_name_of(seen, revision.hash))
    head["spec"] = {
        "maxUnavailable": 1,
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
        "selector": {"matchLabels": revision_selector(seen, revision)},
    }
    return head
