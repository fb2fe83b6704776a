"""How far a canary has come, and what it waits for, in words."""

from collections.abc import Iterable, Mapping

from checkrail_api.names import LABEL_REVISION
from checkrail_operator.plan.deployment.check_condition import missing_words
from checkrail_operator.plan.deployment.converged import share_words
from checkrail_operator.plan.deployment.deployment_seen import ModelDeploymentSeen
from checkrail_operator.plan.deployment.pod_health import unready_words
from checkrail_operator.plan.deployment.revision import Revision
from checkrail_operator.plan.deployment.rollout import Move
from checkrail_operator.plan.deployment.serving import pod_selector
from checkrail_operator.plan.deployment.takeover import Decision, Situation
from checkrail_operator.plan.deployment.traffic import (
    pods_for,
    share_made,
    strangers,
    trouble_words,
)


def taking_over(seen: ModelDeploymentSeen, decision: Decision, weights: Mapping[str, int]) -> str:
    """Return the canary's share, and what it waits for."""
    canary, step = decision.canary, decision.step
    if canary is None or step is None:
        return ""
    made = share_made(seen, weights, canary.revision.hash)
    share = f"{named(decision, canary.revision)} gets {made} % of the requests"
    if reached := share_words(seen, decision, weights):
        share = f"{share} ({reached})"
    ready = _ready_words(seen, decision, pods_for(seen, canary.weight))
    growing = _ready_words(seen, decision, pods_for(seen, canary.weight, growing=True))
    tail = {
        Move.WAITING_FOR_REPLICAS: ready,
        Move.GROWING: f"its next share waits for pods, {growing}",
        Move.WAITING_FOR_ROUTE: trouble_words(seen, weights),
        Move.PAUSED: f"paused. Set spec.rollout.promote to {canary.revision.version} to go on, or "
        "spec.rollout.abort to take it back",
        Move.SUSPENDED: "held while spec.suspend is true",
        Move.CHECK_FAILED: _failed_check(decision),
        Move.WAITING_FOR_REQUESTS: _too_few(seen, decision),
        Move.WAITING_FOR_EVIDENCE: _inconclusive(decision),
        Move.LOST: "none of its pods is ready any more, it starts again from the first step",
        Move.NO_WAY_BACK: "it is no longer asked for, but no pod of the stable version is ready",
    }.get(step.move, _withdrawal(decision))
    notes = f"{_unread(decision)}{gone(seen, decision.live)}"
    return f"{share}: {tail}{notes}" if tail else f"{share}{notes}"


def _ready_words(seen: ModelDeploymentSeen, decision: Decision, size: int) -> str:
    """Return how many pods a share waits for, and why they are not ready."""
    canary, stable = decision.canary, decision.stable
    if canary is None or stable is None:
        return ""
    found, beside = seen.of(canary.revision), seen.of(stable)
    if not seen.spec.traffic.gateway and (others := strangers(seen, stable, canary.revision)):
        return _strangers_words(seen, others)
    if found.available >= size and not seen.spec.traffic.gateway:
        ready = f"{beside.available} of {seen.spec.replicas} pods of {stable.version} are ready"
        words = unready_words(beside)
    else:
        ready = f"{found.available} of {size} of its pods are ready"
        words = unready_words(found)
    return ready + (f": {words}" if words else "")


def _strangers_words(seen: ModelDeploymentSeen, others: Iterable[str]) -> str:
    """Return which pods of other revisions are in the way, and how to be rid of them."""
    revisions = ",".join(others)
    selector = f"{pod_selector(seen)},{LABEL_REVISION} in ({revisions})"
    return (
        f"pods of revision {revisions} are still there, and its Service would send them requests,"
        " too. If they do not end by themselves: kubectl delete pods --namespace"
        f" {seen.key.namespace} --selector '{selector}'"
    )


def _unread(decision: Decision) -> str:
    """Return which pods' counters could not be read: the checks do not know of their requests."""
    unread = decision.evidence.analysis.unread if decision.evidence else ""
    return f". Counters could not be read: {unread}" if unread else ""


def _failed_check(decision: Decision) -> str:
    failure, canary = decision.evidence and decision.evidence.failure, decision.canary
    if not failure or not canary:
        return ""
    return (
        f"held, {failure.words}. Set spec.rollout.abort to {canary.revision.version} to take it"
        " back, or change that check in spec.rollout.checks"
    )


def _too_few(seen: ModelDeploymentSeen, decision: Decision) -> str:
    if decision.evidence is None:
        return ""
    found, needed = decision.evidence.answered, seen.spec.rollout.min_requests
    return (
        f"the step goes on once it has answered {needed} requests in it, {found} so far can be"
        " compared"
    )


def _inconclusive(decision: Decision) -> str:
    checks = decision.evidence.checks if decision.evidence else ()
    return f"the last step goes on once every check passes: {missing_words(checks)}"


def _withdrawal(decision: Decision) -> str:
    if decision.situation is not Situation.WITHDRAWING:
        return ""
    asked = decision.wanted.revision
    return f"it goes, {named(decision, asked)} is asked for" if asked else decision.wanted.missing


def named(decision: Decision, revision: Revision) -> str:
    """Name a revision by its version; where another revision shares that, by what differs too."""
    involved = (*decision.live, *filter(None, (decision.wanted.revision,)))
    twins = [r for r in involved if r.version == revision.version and r.hash != revision.hash]
    if not twins:
        return revision.version
    image = f", image {revision.image}" if any(r.image != revision.image for r in twins) else ""
    return f"{revision.version} (revision {revision.hash}{image})"


def gone(seen: ModelDeploymentSeen, live: Iterable[Revision]) -> str:
    """Return which of the revisions have lost their record; they run on."""
    published = {v.name for v in seen.versions if v.published}
    names = sorted({r.version for r in live} - published)
    return "".join(
        f". ModelVersion {name} no longer exists; its pods keep running" for name in names
    )
