"""What Ready says of each situation, and in which words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import assert_never

from checkrail_api.conditions import ConditionStatus
from checkrail_api.reasons import Reason
from checkrail_operator.plan.deployment.canary_words import gone, named, taking_over
from checkrail_operator.plan.deployment.deployment_seen import Answer, ModelDeploymentSeen
from checkrail_operator.plan.deployment.pod_health import crash_words, unready_words
from checkrail_operator.plan.deployment.revision import Revision
from checkrail_operator.plan.deployment.rollout import Move
from checkrail_operator.plan.deployment.shadow_words import shadow_words
from checkrail_operator.plan.deployment.takeover import Decision, Situation
from checkrail_operator.plan.deployment.traffic import (
    answer_for,
    is_overdue,
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


def verdict_of(  # noqa: C901, PLR0911, PLR0912 - one row per situation
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
        case Situation.UNCOMPARABLE:
            return _uncomparable(decision)
        case Situation.SHADOWING:
            return _shadowing(seen, decision)
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
        silent = (pod for pod in found.pods if not (pod.ready or pod.is_over))
        if words := crash_words(silent) or unready_words(found):
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
            return Verdict("True", Reason.STABLE, f"{stable.version} serves{gone(seen, [stable])}")


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
    if decision.kept is None:
        return f"{decision.wanted.missing}{serving}"
    return (
        f"{decision.wanted.missing}{serving}. Its comparison in shadow is kept, with"
        f" {decision.kept.compared} requests, and goes on once the same artifact is back, if the"
        " spec asks for it with the same settings"
    )


def _serving(decision: Decision) -> str:
    return f"; {decision.stable.version} serves" if decision.stable else "; nothing serves"


def _refusal(decision: Decision) -> str:
    revision = decision.canary.revision if decision.canary else decision.wanted.revision
    refused = decision.wanted.refusal(revision) if revision else None
    if refused is None or revision is None:
        return ""
    serving = "".join(f", {named(decision, r)} serves" for r in (decision.stable,) if r)
    return (
        f"{named(decision, revision)} was taken back{serving}. "
        f"{refused.reason}: {refused.message}. "
        "It is not tried again until the spec asks for something else or rollout.retry changes"
    )


def _incompatible(decision: Decision) -> Verdict:
    names = (decision.wanted.revision, decision.stable)
    asked, serving = (named(decision, each) if each else "" for each in names)
    message = (
        f"{asked} does not take the requests that {serving} takes, and gets no pod: "
        f"{decision.failure.words if decision.failure else ''}. Ask for a version with the same "
        "inputs and outputs, or serve this one under another ModelDeployment and move the clients; "
        "rollout.allowSignatureChange: true lets it take over all the same"
    )
    return Verdict("False", Reason.SIGNATURE_CHANGED, message, failed=True)


def _uncomparable(decision: Decision) -> Verdict:
    asked = named(decision, decision.wanted.revision) if decision.wanted.revision else ""
    message = (
        f"{asked} is to be compared in shadow before it gets requests, and gets no pod until then:"
        f" {decision.failure.words if decision.failure else ''}. Take rollout.shadow out of the"
        " spec for this version, and it climbs by its checks alone; the next one can be compared"
    )
    return Verdict("False", Reason.SHADOW_UNAVAILABLE, message, failed=True)


def _shadowing(seen: ModelDeploymentSeen, decision: Decision) -> Verdict:
    message = shadow_words(seen, decision)
    reason = Reason.SUSPENDED if seen.spec.suspend else Reason.SHADOW
    return Verdict("Unknown", reason, message)


def _moving(seen: ModelDeploymentSeen, decision: Decision, weights: Mapping[str, int]) -> Verdict:
    message = taking_over(seen, decision, weights)
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
