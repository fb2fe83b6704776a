"""What status remembers of rollouts that are over."""

from collections.abc import Iterator
from typing import Literal

from checkrail_api.deployment_status import CanaryStatus, HistoryEntry
from checkrail_operator.plan.deployment.deployment_seen import ModelDeploymentSeen
from checkrail_operator.plan.deployment.takeover import Decision
from checkrail_operator.plan.instants import rfc3339

Outcome = Literal["Promoted", "RolledBack", "Withdrawn"]


def history(seen: ModelDeploymentSeen, decision: Decision) -> list[HistoryEntry]:
    """Return the rollouts that are over after this pass, newest first."""
    entries = [*_ended(seen, decision), *seen.status.history]
    return entries[: seen.spec.rollout.history_limit]


def _ended(seen: ModelDeploymentSeen, decision: Decision) -> Iterator[HistoryEntry]:
    """Yield the rollout that status told of, if this pass ends it."""
    yield from _ended_in_shadow(seen, decision)
    told = seen.status.canary
    goes_on = decision.canary.revision.hash if decision.canary else None
    if told is None or told.revision == goes_on:
        return
    yield HistoryEntry(
        version=told.version,
        sha256=told.sha256,
        revision=told.revision,
        from_=told.started or told.since,
        to=rfc3339(seen.now),
        outcome=_outcome(told, decision),
    )


def _ended_in_shadow(seen: ModelDeploymentSeen, decision: Decision) -> Iterator[HistoryEntry]:
    """Yield the comparison that status told of, if this pass ends it and no canary follows."""
    told = seen.status.shadow
    goes_on = {decision.canary.revision.hash} if decision.canary else set[str]()
    if decision.shadow and not decision.shadow.failure:
        goes_on.add(decision.shadow.candidate.hash)
    if decision.kept:
        goes_on.add(decision.kept.revision)
    if told is None or told.state != "Comparing" or told.revision in goes_on:
        return
    refused = {rejected.revision for rejected in decision.wanted.rejected}
    yield HistoryEntry(
        version=told.version,
        sha256=told.sha256,
        revision=told.revision,
        from_=told.since,
        to=rfc3339(seen.now),
        outcome="RolledBack" if told.revision in refused else "Withdrawn",
    )


def _outcome(told: CanaryStatus, decision: Decision) -> Outcome:
    if decision.stable and decision.stable.hash == told.revision:
        return "Promoted"
    refused = {rejected.revision for rejected in decision.wanted.rejected}
    return "RolledBack" if told.revision in refused else "Withdrawn"
