"""The Service ``<name>``: the pods that its clients reach, and, without a gateway, their split.

::

                        with a gateway     without one
    one revision        that one           that one
    canary at 0 %       stable             stable
    between             stable             both: their numbers of pods make the split
    canary at 100 %     stable             canary

A selector is changed whole and at once: a canary's pods come up and go away while nothing selects
them.
"""

from collections.abc import Mapping

from checkrail_api.names import LABEL_REVISION, owner_labels
from checkrail_operator.plan.deployment.deployment_seen import Answer, ModelDeploymentSeen
from checkrail_operator.plan.deployment.difference import applied_hash
from checkrail_operator.plan.deployment.serving import KIND, front_service


def selection(seen: ModelDeploymentSeen, weights: Mapping[str, int]) -> dict[str, str]:
    """Return the labels of the pods that the Service sends requests to.

    Args:
        seen: The pass's snapshot.
        weights: Shares, percent by revision, the stable one first.
    """
    every = owner_labels(KIND, seen.key.name)
    sharing = [revision for revision, weight in weights.items() if weight]
    if seen.spec.traffic.gateway:
        return every | {LABEL_REVISION: next(iter(weights))}
    return every if len(sharing) > 1 else every | {LABEL_REVISION: sharing[0]}


def answer_of_selection(seen: ModelDeploymentSeen, weights: Mapping[str, int]) -> Answer:
    """Return whether the Service there is selects what ``weights`` ask for.

    Nobody answers for a Service: what watches it, EndpointSlices and every node's kube-proxy,
    follows within a second or two.
    """
    return Answer.ACCEPTED if seen.selected == selection(seen, weights) else Answer.PENDING


def selection_words(seen: ModelDeploymentSeen, weights: Mapping[str, int]) -> str:
    """Return why the Service does not send requests as ``weights`` ask for; empty when it does."""
    if seen.selected is None:
        return f"Service {seen.key.namespace}/{seen.key.name} does not exist yet"
    if answer_of_selection(seen, weights) is Answer.ACCEPTED:
        return ""
    return (
        f"Service {seen.key.namespace}/{seen.key.name} does not select the pods that it should; it"
        " is written again now. If this stays, look who else changes it: kubectl get service"
        f" {seen.key.name} --namespace {seen.key.namespace} --show-managed-fields --output yaml"
    )


def was_written(seen: ModelDeploymentSeen, weights: Mapping[str, int]) -> bool:
    """Answer whether a pass of ours wrote last that the Service selects so, and it still does."""
    wanted = selection(seen, weights)
    written = seen.front_applied == applied_hash(front_service(seen, wanted))
    return written and seen.selected == wanted


def selected_revisions(seen: ModelDeploymentSeen) -> frozenset[str]:
    """Return the revisions whose pods the Service selects; it may select the pods of all."""
    if seen.selected is None:
        return frozenset()
    revision = seen.selected.get(LABEL_REVISION)
    return frozenset(seen.revisions if revision is None else (revision,))
