"""Which revision is stable, which one takes over, and with which share: one pass's decision.

::

    no stable:  first revision --pods ready--> stable          (no way back: it is left to recover)
    stable:     wanted == stable            -> rest
                wanted is remembered        -> rest, refused
                wanted                      -> canary at weight 0
    canary:     next_step                   -> its share, or stable, or gone

At most one share of the traffic changes in a pass. A revision starts only once the children of the
one before it are gone, so that no two candidates are ever mixed up.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from checkrail_api.deployment_status import CanaryStatus, ShadowStatus
from checkrail_api.reasons import Reason
from checkrail_operator.plan.deployment.analysis import Split
from checkrail_operator.plan.deployment.deployment_seen import Answer, ModelDeploymentSeen
from checkrail_operator.plan.deployment.evidence import Evidence, evidence_of
from checkrail_operator.plan.deployment.rejection import Failure, aborted, crash, overdue, rejection
from checkrail_operator.plan.deployment.revision import Revision
from checkrail_operator.plan.deployment.rollout import EVERYTHING, CanarySeen, Move, Step, next_step
from checkrail_operator.plan.deployment.shadow import Shadow, kept_of, shadow_of
from checkrail_operator.plan.deployment.signature import unfit
from checkrail_operator.plan.deployment.traffic import (
    TAKES_UP,
    answer_for,
    may_share,
    pods_for,
    pods_that_answer,
    share_left,
    shares,
)
from checkrail_operator.plan.deployment.wanted import Wanted, is_retry, recovered, want
from checkrail_operator.plan.instants import instant, whole_second


class Situation(Enum):
    """What the pass found; ``deployment_status`` says it in conditions."""

    VERSION_MISSING = auto()
    """What is asked for does not exist."""
    STARTING = auto()
    """The first revision comes up; nothing served before."""
    FAILED = auto()
    """The first revision does not come up."""
    SETTLED = auto()
    """The stable revision is what is asked for."""
    INCOMPATIBLE = auto()
    """What is asked for would not take the requests that the stable revision takes."""
    UNCOMPARABLE = auto()
    """What is asked for is to be compared in shadow, and the stable pods cannot do that."""
    SHADOWING = auto()
    """What is asked for is compared in shadow by the stable pods."""
    SUSPENDED = auto()
    """What is asked for is not begun while rollouts are held."""
    REFUSED = auto()
    """What is asked for was taken back, and is gone."""
    ASLEEP = auto()
    """A new revision is asked for, with no pod to try it with."""
    CLEARING = auto()
    """A new revision is asked for; it waits until the one before is gone."""
    CLIMBING = auto()
    """The canary is what is asked for."""
    WITHDRAWING = auto()
    """The canary is no longer asked for, and goes."""
    ROLLING_BACK = auto()
    """The canary failed, and goes."""


@dataclass(frozen=True)
class Canary:
    """The revision that takes over.

    Attributes:
        revision: What it is.
        weight: Its share, percent.
        since: When it got that share.
    """

    revision: Revision
    weight: int
    since: datetime


@dataclass(frozen=True)
class Decision:
    """What holds after this pass.

    Attributes:
        situation: What was found.
        wanted: What is asked for, and what is remembered.
        stable: The revision that serves.
        canary: The revision that takes over.
        step: The canary's step beside a stable revision.
        failure: Why the first revision does not come up, or another one may not take over.
        evidence: What is known for and against the canary beside a stable revision.
        shadow: What is known of a revision that is no canary yet.
        kept: The comparison of one whose version does not exist now.
    """

    situation: Situation
    wanted: Wanted
    stable: Revision | None = None
    canary: Canary | None = None
    step: Step | None = None
    failure: Failure | None = None
    evidence: Evidence | None = None
    shadow: Shadow | None = None
    kept: ShadowStatus | None = None

    @property
    def live(self) -> tuple[Revision, ...]:
        """Every revision that has children now, the stable one first."""
        taking_over = self.canary.revision if self.canary else None
        return tuple(r for r in (self.stable, taking_over) if r is not None)


def decide(seen: ModelDeploymentSeen) -> Decision:
    """Choose the stable revision, the canary and its share for this pass."""
    wanted = want(seen)
    stable = wanted.as_asked(recovered(seen, seen.status.stable))
    canary = wanted.as_asked(recovered(seen, seen.status.canary))
    if stable is None:
        return _first(seen, wanted, canary)
    told = seen.status.canary
    if canary is None or told is None:
        return _rest(seen, wanted, stable)
    return _take_over(seen, wanted, stable, canary, told)


def leftovers(seen: ModelDeploymentSeen, live: Collection[Revision]) -> tuple[str, ...]:
    """Name the revisions that have children but no part in what serves, sorted."""
    named = {revision.hash for revision in live}
    return tuple(
        sorted(r for r, found in seen.revisions.items() if found.exists and r not in named)
    )


def _first(seen: ModelDeploymentSeen, wanted: Wanted, canary: Revision | None) -> Decision:
    """Start the first revision, with all of the traffic: no request has anywhere better to go.

    One that does not come up is kept and keeps trying: a Secret that appears, or a store that
    answers again, lets it recover without anybody asking. Another one that is asked for replaces
    it at once, or, if it does answer, takes over from it step by step.
    """
    replicas = seen.spec.replicas
    superseded = canary and wanted.revision and not wanted.is_for(canary)
    if canary and (seen.is_ready(canary, replicas) or (superseded and seen.of(canary).ready)):
        return _rest(seen, wanted, canary)
    candidate = wanted.revision if superseded or canary is None else canary
    if candidate is None:
        return Decision(Situation.VERSION_MISSING, wanted)
    if canary is None and seen.spec.suspend:
        return Decision(Situation.SUSPENDED, wanted)
    since = _first_since(seen, candidate)
    failure = crash(seen, candidate) or overdue(seen, candidate, since, replicas)
    situation = Situation.FAILED if failure else Situation.STARTING
    if wanted.revision is None:
        situation = Situation.VERSION_MISSING
    return Decision(situation, wanted, canary=Canary(candidate, EVERYTHING, since), failure=failure)


def _rest(seen: ModelDeploymentSeen, wanted: Wanted, stable: Revision) -> Decision:
    """Let ``stable`` serve; begin a canary if another revision is asked for and may start."""
    if wanted.revision is None:
        return Decision(Situation.VERSION_MISSING, wanted, stable, kept=kept_of(seen))
    if wanted.is_for(stable):
        return Decision(Situation.SETTLED, wanted, stable)
    candidate = wanted.revision
    if not wanted.refusal(candidate) and (failure := aborted(seen, candidate)):
        wanted = wanted.without(rejection(candidate, failure, seen.now))
    if wanted.refusal(candidate):
        return Decision(Situation.REFUSED, wanted, stable)
    return _begin(seen, wanted, stable, candidate)


def _begin(
    seen: ModelDeploymentSeen, wanted: Wanted, stable: Revision, candidate: Revision
) -> Decision:
    """Begin a canary, or say what keeps it waiting."""
    shadow = shadow_of(seen, stable, candidate)
    if words := unfit(seen, stable, candidate):
        other = Failure(Reason.SIGNATURE_CHANGED, words)
        return Decision(Situation.INCOMPATIBLE, wanted, stable, failure=other)
    if seen.spec.suspend and (shadow is None or shadow.is_new):
        return Decision(Situation.SUSPENDED, wanted, stable)
    if not seen.spec.replicas:
        paused = shadow.paused() if shadow and not shadow.is_new else None
        return Decision(Situation.ASLEEP, wanted, stable, shadow=paused)
    if shadow and not shadow.has_passed:
        return _in_shadow(seen, wanted, stable, shadow)
    if leftovers(seen, (stable,)):
        held = shadow.held() if shadow and not shadow.is_new else None
        return Decision(Situation.CLEARING, wanted, stable, shadow=held)
    step = Step(0, Move.WAITING_FOR_REPLICAS)
    canary = Canary(candidate, 0, whole_second(seen.now))
    return Decision(Situation.CLIMBING, wanted, stable, canary, step, shadow=shadow)


def _in_shadow(
    seen: ModelDeploymentSeen, wanted: Wanted, stable: Revision, shadow: Shadow
) -> Decision:
    """Let the stable pods compare the candidate, which has no pod; reject it if they disagree."""
    if shadow.unavailable:
        unavailable = Failure(Reason.SHADOW_UNAVAILABLE, shadow.unavailable)
        return Decision(Situation.UNCOMPARABLE, wanted, stable, failure=unavailable)
    if shadow.failure:
        wanted = wanted.without(rejection(shadow.candidate, shadow.failure, seen.now))
        return Decision(Situation.REFUSED, wanted, stable, shadow=shadow)
    return Decision(Situation.SHADOWING, wanted, stable, shadow=shadow)


def _take_over(
    seen: ModelDeploymentSeen,
    wanted: Wanted,
    stable: Revision,
    canary: Revision,
    told: CanaryStatus,
) -> Decision:
    """Move the canary one step, up or down."""
    weight = share_left(seen, stable, canary, told.weight)
    size = pods_for(seen, weight)
    moved = whole_second(seen.now)
    since = (instant(told.since) or moved) if weight == told.weight else moved
    accepted = answer_for(seen, shares(stable.hash, canary.hash, weight)) is Answer.ACCEPTED
    split = _split(seen, stable, Canary(canary, weight, since), accepted=accepted)
    evidence = evidence_of(seen, stable, canary, told, split)
    pauses = seen.spec.rollout.on_failure == "Pause"
    asked_for = wanted.is_for(canary) and seen.spec.replicas > 0
    if asked_for and not wanted.refusal(canary):
        late = overdue(seen, canary, since, size) if weight == 0 else None
        found = None if pauses else evidence.failure
        if failure := aborted(seen, canary) or crash(seen, canary) or late or found:
            wanted = wanted.without(rejection(canary, failure, seen.now))
    refused = wanted.refusal(canary) is not None
    withdrawn = refused or not asked_for
    step = next_step(
        seen.spec.rollout,
        CanarySeen(
            weight=weight,
            since=since,
            now=seen.now,
            ready=seen.is_ready(canary, size) and may_share(seen, stable, canary, weight),
            grown=seen.is_ready(canary, pods_for(seen, weight, growing=True)),
            serving=seen.of(canary).ready > 0,
            stable_serving=seen.of(stable).ready > 0,
            accepted=accepted,
            withdrawn=withdrawn,
            promoted=seen.spec.rollout.promote == canary.version,
            suspended=seen.spec.suspend,
            failing=pauses and evidence.failure is not None,
            answered=evidence.answered,
            passing=evidence.all_pass,
        ),
    )
    if step.move is Move.PROMOTED:
        return _rest(seen, wanted, canary)
    if step.move is Move.WITHDRAWN:
        return _rest(seen, wanted, stable)
    going = Situation.ROLLING_BACK if refused else Situation.WITHDRAWING
    return Decision(
        going if withdrawn else Situation.CLIMBING,
        wanted,
        stable,
        Canary(canary, step.weight, since if step.weight == weight else moved),
        step,
        evidence=evidence,
    )


def _split(seen: ModelDeploymentSeen, stable: Revision, canary: Canary, *, accepted: bool) -> Split:
    """Return the split that requests were made by since the last reading.

    Where pods make it, those that answer do, be they more or fewer than meant: a canary is judged
    by what it answers, not only once all pods have come.
    """
    pods = pods_that_answer(seen, stable, canary.revision, canary.weight)
    known = pods is None or (all(pods) and seen.now >= canary.since + TAKES_UP)
    return Split(canary.weight, canary.since, accepted and known, pods)


def _first_since(seen: ModelDeploymentSeen, candidate: Revision) -> datetime:
    """Return when the wait for the first revision's pods began; asking again begins it again."""
    told = seen.status.canary
    begun = instant(told.since) if told and told.revision == candidate.hash else None
    woken = seen.of(candidate).asked == 0 and seen.spec.replicas > 0
    if begun is None or woken or is_retry(seen):
        return whole_second(seen.now)
    return begun
