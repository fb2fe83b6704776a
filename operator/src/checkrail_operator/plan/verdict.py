"""What Ready says of each situation, and in which words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import assert_never

from checkrail_api.conditions import ConditionStatus
from checkrail_api.reasons import Reason
from checkrail_operator.plan.check_condition import missing_words
from checkrail_operator.plan.converged import share_words
from checkrail_operator.plan.deployment_seen import Answer, ModelDeploymentSeen
from checkrail_operator.plan.pod_health import crash_words, unready_words
from checkrail_operator.plan.revision import Revision
from checkrail_operator.plan.rollout import Move
from checkrail_operator.plan.takeover import Decision, Situation
from checkrail_operator.plan.traffic import (
    answer_for,
    is_overdue,
    pods_for,
    share_made,
    trouble_words,
)

NO_REPLICAS = "spec.replicas is 0"


@dataclass(frozen=True)
class Verdict:
    """Where things stand.

    Attributes:
        ready: Status of the Ready condition.
        reason: Its reason.
        message: Its message; holds no clock time, so that a quiet pass writes nothing.
        failed: Whether nothing will change without somebody's doing.
    """

    ready: ConditionStatus
    reason: Reason
    message: str
    failed: bool = False


def verdict_of(  # noqa: C901, PLR0911 - one row per situation
    seen: ModelDeploymentSeen, decision: Decision, weights: Mapping[str, int]
) -> Verdict:
    """Return what Ready says, row by row of the table in the architecture."""
    name = decision.wanted.revision.version if decision.wanted.revision else ""
    match decision.situation:
        case Situation.VERSION_MISSING:
            return Verdict("False", Reason.VERSION_NOT_FOUND, _missing(decision))
        case Situation.STARTING:
            return Verdict("False", Reason.FIRST_ROLLOUT, _starting(seen, decision))
        case Situation.FAILED:
            return _failed(decision)
        case Situation.SETTLED:
            return _settled(seen, decision, weights)
        case Situation.SUSPENDED:
            message = f"{name} is not begun while spec.suspend is true{_serving(decision)}"
            return Verdict("Unknown", Reason.SUSPENDED, message)
        case Situation.INCOMPATIBLE:
            return _incompatible(decision)
        case Situation.REFUSED:
            return Verdict("False", Reason.ROLLED_BACK, _refusal(decision), failed=True)
        case Situation.ROLLING_BACK:
            return Verdict("False", Reason.ROLLED_BACK, _refusal(decision))
        case Situation.ASLEEP:
            message = f"{NO_REPLICAS}: {name} is tried once there are pods to try it with"
            return Verdict("Unknown", Reason.WAITING_FOR_REPLICAS, message)
        case Situation.CLEARING:
            message = f"{name} starts once the revision before it is gone"
            return Verdict("Unknown", Reason.CANARY, message)
        case Situation.CLIMBING | Situation.WITHDRAWING:
            return _moving(seen, decision, weights)
        case _:
            assert_never(decision.situation)


def why_silent(seen: ModelDeploymentSeen, live: Iterable[Revision]) -> str:
    """Return why no pod, or not every pod, answers."""
    for revision in live:
        found = seen.of(revision)
        if words := crash_words(found.pods) or unready_words(found):
            return words
    return "no pod is ready"


def _settled(  # noqa: PLR0911 - one row per state
    seen: ModelDeploymentSeen, decision: Decision, weights: Mapping[str, int]
) -> Verdict:
    stable = decision.live[0]
    found, replicas = seen.of(stable), seen.spec.replicas
    words = why_silent(seen, (stable,))
    if replicas and not found.ready:
        return Verdict("False", Reason.NOT_SERVING, words)
    if found.replicas != replicas:
        message = f"{found.replicas} of {replicas} pods of {stable.version} exist"
        why = f": {unready_words(found)}" if found.unmade else ""
        return Verdict("Unknown", Reason.SCALING, message + why)
    if found.available < replicas:
        message = f"{found.available} of {replicas} pods of {stable.version} are ready. {words}"
        return Verdict("Unknown", Reason.WAITING_FOR_REPLICAS, message)
    said, late = trouble_words(seen, weights), is_overdue(seen, weights)
    match answer_for(seen, weights):
        case Answer.REFUSED:
            return Verdict("False", Reason.ROUTE_NOT_ACCEPTED, said, failed=late)
        case Answer.PENDING:
            message = f"{stable.version} is ready. {said}" if replicas else said
            status: ConditionStatus = "False" if late else "Unknown"
            return Verdict(status, Reason.ROUTE_PENDING, message, failed=late)
        case Answer.ACCEPTED if not replicas:
            return Verdict("True", Reason.NOT_SERVING, "scaled to 0: nothing serves")
        case Answer.ACCEPTED:
            return Verdict("True", Reason.STABLE, f"{stable.version} serves{_gone(seen, [stable])}")


def _starting(seen: ModelDeploymentSeen, decision: Decision) -> str:
    first = decision.live[0]
    if not seen.spec.replicas:
        return f"{NO_REPLICAS}: {first.version} starts once there are pods to start"
    found = seen.of(first)
    words = unready_words(found)
    told = f"{found.available} of {seen.spec.replicas} pods of {first.version} are ready"
    return f"{told}: {words}" if words else told


def _failed(decision: Decision) -> Verdict:
    failure, first = decision.failure, decision.live[0]
    message = (
        f"{first.version} does not start, and nothing served before it: "
        f"{failure.words if failure else ''}. Its pods keep trying; mend what they name, "
        "or ask for another version"
    )
    reason = failure.reason if failure else Reason.NOT_SERVING
    return Verdict("False", reason, message, failed=True)


def _missing(decision: Decision) -> str:
    serving = "".join(f". {r.version} keeps running" for r in decision.live)
    return f"{decision.wanted.missing}{serving}"


def _serving(decision: Decision) -> str:
    return f"; {decision.stable.version} serves" if decision.stable else "; nothing serves"


def _refusal(decision: Decision) -> str:
    revision = decision.canary.revision if decision.canary else decision.wanted.revision
    refused = decision.wanted.refusal(revision) if revision else None
    if refused is None or revision is None:
        return ""
    serving = "".join(f", {_named(decision, r)} serves" for r in (decision.stable,) if r)
    return (
        f"{_named(decision, revision)} was taken back{serving}. "
        f"{refused.reason}: {refused.message}. "
        "It is not tried again until the spec asks for something else or rollout.retry changes"
    )


def _incompatible(decision: Decision) -> Verdict:
    names = (decision.wanted.revision, decision.stable)
    asked, serving = (_named(decision, each) if each else "" for each in names)
    message = (
        f"{asked} does not take the requests that {serving} takes, and gets no pod: "
        f"{decision.failure.words if decision.failure else ''}. Ask for a version with the same "
        "inputs and outputs, or serve this one under another ModelDeployment and move the clients; "
        "rollout.allowSignatureChange: true lets it take over all the same"
    )
    return Verdict("False", Reason.SIGNATURE_CHANGED, message, failed=True)


def _moving(seen: ModelDeploymentSeen, decision: Decision, weights: Mapping[str, int]) -> Verdict:
    message = _taking_over(seen, decision, weights)
    move = decision.step.move if decision.step else None
    if move is Move.CHECK_FAILED and decision.evidence and decision.evidence.failure:
        return Verdict("Unknown", decision.evidence.failure.reason, message)
    held = {
        Move.PAUSED: Reason.PAUSED,
        Move.SUSPENDED: Reason.SUSPENDED,
        Move.WAITING_FOR_REQUESTS: Reason.WAITING_FOR_REQUESTS,
        Move.WAITING_FOR_EVIDENCE: Reason.INCONCLUSIVE,
    }
    if move in held:
        return Verdict("Unknown", held[move], message)
    waits = move is Move.WAITING_FOR_ROUTE
    if not waits or not is_overdue(seen, weights):
        return Verdict("Unknown", Reason.CANARY, message)
    refused = answer_for(seen, weights) is Answer.REFUSED
    reason = Reason.ROUTE_NOT_ACCEPTED if refused else Reason.ROUTE_PENDING
    return Verdict("False", reason, message, failed=True)


def _taking_over(seen: ModelDeploymentSeen, decision: Decision, weights: Mapping[str, int]) -> str:
    canary, step = decision.canary, decision.step
    if canary is None or step is None:
        return ""
    made = share_made(seen, weights, canary.revision.hash)
    share = f"{_named(decision, canary.revision)} gets {made} % of the requests"
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
    notes = f"{_unread(decision)}{_gone(seen, decision.live)}"
    return f"{share}: {tail}{notes}" if tail else f"{share}{notes}"


def _ready_words(seen: ModelDeploymentSeen, decision: Decision, size: int) -> str:
    """Return how many pods a share waits for, and why they are not ready."""
    canary, stable = decision.canary, decision.stable
    if canary is None or stable is None:
        return ""
    found, beside = seen.of(canary.revision), seen.of(stable)
    if found.available >= size and not seen.spec.traffic.gateway:
        ready = f"{beside.available} of {seen.spec.replicas} pods of {stable.version} are ready"
        words = unready_words(beside)
    else:
        ready = f"{found.available} of {size} of its pods are ready"
        words = unready_words(found)
    return ready + (f": {words}" if words else "")


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
    return f"it goes, {_named(decision, asked)} is asked for" if asked else decision.wanted.missing


def _named(decision: Decision, revision: Revision) -> str:
    """Name a revision by its version; where another revision shares that, by what differs too."""
    involved = (*decision.live, *filter(None, (decision.wanted.revision,)))
    twins = [r for r in involved if r.version == revision.version and r.hash != revision.hash]
    if not twins:
        return revision.version
    image = f", image {revision.image}" if any(r.image != revision.image for r in twins) else ""
    return f"{revision.version} (revision {revision.hash}{image})"


def _gone(seen: ModelDeploymentSeen, live: Iterable[Revision]) -> str:
    """Return which of the revisions have lost their record; they run on."""
    published = {v.name for v in seen.versions if v.published}
    names = sorted({r.version for r in live} - published)
    return "".join(
        f". ModelVersion {name} no longer exists; its pods keep running" for name in names
    )
