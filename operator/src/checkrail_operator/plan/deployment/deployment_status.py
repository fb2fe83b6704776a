"""The status of a ModelDeployment: what ``kubectl wait``, kstatus and people read.

``Available`` is *something serves now*; ``Ready`` is *what was asked for is what serves*.
kstatus reads Reconciling=True as in progress and Stalled=True as failed, in this order.
"""

from collections.abc import Iterator, Mapping

from checkrail_api.conditions import Condition, condition, settled
from checkrail_api.deployment_status import (
    CanaryStatus,
    CheckStatus,
    ModelDeploymentStatus,
    RevisionStatus,
    ShadowStatus,
    TrafficShare,
)
from checkrail_api.reasons import Reason
from checkrail_operator.plan.deployment.check_condition import checks_passing
from checkrail_operator.plan.deployment.converged import converged, observed
from checkrail_operator.plan.deployment.deployment_seen import ModelDeploymentSeen
from checkrail_operator.plan.deployment.evidence import Evidence
from checkrail_operator.plan.deployment.history import history
from checkrail_operator.plan.deployment.revision import Revision
from checkrail_operator.plan.deployment.rollout import EVERYTHING, shares_of, steps_entered
from checkrail_operator.plan.deployment.serving import pod_selector
from checkrail_operator.plan.deployment.takeover import Canary, Decision, Situation
from checkrail_operator.plan.deployment.traffic import share_made, url
from checkrail_operator.plan.deployment.verdict import NO_REPLICAS, Verdict, verdict_of, why_silent
from checkrail_operator.plan.instants import rfc3339
from checkrail_operator.plan.types import Event


def status_of(
    seen: ModelDeploymentSeen, decision: Decision, weights: Mapping[str, int]
) -> ModelDeploymentStatus:
    """Return the whole status after this pass."""
    stable, canary = decision.stable, decision.canary
    listed = len(shares_of(seen.spec.rollout))
    entered = steps_entered(seen.spec.rollout, canary.weight) if canary else 0
    verdict = verdict_of(seen, decision, weights)
    evidence = decision.evidence
    by_pods = seen.spec.traffic.gateway is None
    conditions = settled(
        _conditions(seen, decision, weights, verdict), seen.status.conditions, seen.generation
    )
    return ModelDeploymentStatus(
        observed_generation=seen.generation,
        conditions=conditions,
        stable=_revision_status(seen, stable) if stable else None,
        canary=_canary_status(seen, canary, evidence, entered if stable else 0) if canary else None,
        shadow=decision.shadow.status if decision.shadow else decision.kept or _last_shadow(seen),
        traffic=[
            TrafficShare(
                version=r.version,
                revision=r.hash,
                desired_percent=weights[r.hash],
                reachable_percent=share_made(seen, weights, r.hash) if by_pods else None,
                observed_percent=observed(decision, r),
            )
            for r in decision.live
        ],
        checks=list(evidence.checks) if evidence else _last_checks(seen, decision),
        history=history(seen, decision),
        rejected=list(decision.wanted.rejected),
        observed_retry=decision.wanted.observed_retry,
        step=f"{entered}/{listed}" if canary and stable else None,
        url=url(seen),
        replicas=sum(found.replicas for found in seen.revisions.values()),
        selector=pod_selector(seen),
    )


def holds(status: ModelDeploymentStatus, kind: str) -> bool:
    """Answer whether a condition is True."""
    return any(c.type == kind and c.status == "True" for c in status.conditions)


def told_event(seen: ModelDeploymentSeen, status: ModelDeploymentStatus) -> Event | None:
    """Return the event that tells Ready's new reason, if it is new."""
    before = next((c for c in seen.status.conditions if c.type == "Ready"), None)
    after = next(c for c in status.conditions if c.type == "Ready")
    if before is not None and (before.status, before.reason) == (after.status, after.reason):
        return None
    expected = after.status != "False" or after.reason == Reason.FIRST_ROLLOUT.value
    return Event("Normal" if expected else "Warning", after.reason, after.message)


def share_events(seen: ModelDeploymentSeen, status: ModelDeploymentStatus) -> Iterator[Event]:
    """Yield who gets another share of the requests from now on, and who was promoted."""
    before, after = seen.status.canary, status.canary
    if before is None or seen.status.stable is None:
        return
    name = f"{before.version}, revision {before.revision}"
    if status.stable and status.stable.revision == before.revision:
        yield Event("Normal", Reason.STABLE.value, f"{name}: promoted, all of the requests")
    elif after and after.revision == before.revision and after.weight != before.weight:
        note = f"{name}: {before.weight} -> {after.weight} % of the requests"
        made = next((t for t in status.traffic if t.revision == after.revision), None)
        if made and made.reachable_percent not in {None, after.weight}:
            note = f"{note}, reachable {made.reachable_percent}"
        yield Event("Normal", Reason.CANARY.value, note)


def _conditions(
    seen: ModelDeploymentSeen,
    decision: Decision,
    weights: Mapping[str, int],
    verdict: Verdict,
) -> Iterator[Condition]:
    now = rfc3339(seen.now)
    ready, reason, message = verdict.ready, verdict.reason, verdict.message
    under_way = ready != "True" and not verdict.failed
    yield condition("Ready", ready, reason, message, now=now)
    if under_way:
        yield condition("Reconciling", "True", reason, message, now=now)
    if verdict.failed:
        yield condition("Stalled", "True", reason, message, now=now)
    yield _available(seen, decision, now)
    moving = under_way and decision.situation is not Situation.VERSION_MISSING
    yield condition("Progressing", "True" if moving else "False", reason, message, now=now)
    if decision.evidence and (passing := checks_passing(decision.evidence, now)):
        yield passing
    if decision.live:
        yield converged(seen, decision, weights, now)


def _available(seen: ModelDeploymentSeen, decision: Decision, now: str) -> Condition:
    """Return whether the revision that answers most requests, or the way back, has a ready pod."""
    canary = decision.canary
    whole = [canary.revision] if canary and canary.weight == EVERYTHING else []
    answering = [r for r in (decision.stable, *whole) if r and seen.of(r).ready]
    if answering:
        names = " and ".join(f"{seen.of(r).ready} of {r.version}" for r in answering)
        return condition("Available", "True", Reason.SERVING, f"pods that answer: {names}", now=now)
    message = NO_REPLICAS if not seen.spec.replicas else why_silent(seen, decision.live)
    return condition("Available", "False", Reason.NOT_SERVING, message, now=now)


def _last_checks(seen: ModelDeploymentSeen, decision: Decision) -> list[CheckStatus]:
    """Return what the checks said last; a rollout that begins has none yet."""
    return [] if decision.canary and seen.status.canary is None else list(seen.status.checks)


def _last_shadow(seen: ModelDeploymentSeen) -> ShadowStatus | None:
    """Return the last comparison that ended by its figures, not one that was broken off."""
    told = seen.status.shadow
    return told if told and told.state != "Comparing" else None


def _revision_status(seen: ModelDeploymentSeen, revision: Revision) -> RevisionStatus:
    found = seen.of(revision)
    return RevisionStatus(
        version=revision.version,
        sha256=revision.sha256,
        revision=revision.hash,
        image=revision.image,
        image_from=revision.image_from,
        replicas=found.replicas,
        ready_replicas=found.ready,
    )


def _canary_status(
    seen: ModelDeploymentSeen, canary: Canary, evidence: Evidence | None, step: int
) -> CanaryStatus:
    return CanaryStatus(
        **_revision_status(seen, canary.revision).model_dump(),
        step=step,
        weight=canary.weight,
        since=rfc3339(canary.since),
        started=_started(seen, canary),
        analysis=evidence.analysis if evidence else None,
    )


def _started(seen: ModelDeploymentSeen, canary: Canary) -> str:
    """Return when the rollout began: now, unless status told of it before."""
    told = seen.status.canary
    if told is None or told.revision != canary.revision.hash:
        return rfc3339(canary.since)
    return told.started or told.since
