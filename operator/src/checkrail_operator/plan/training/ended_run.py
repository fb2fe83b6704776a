"""What becomes of a run's Jobs once it is over; of the run itself nothing does any more."""

from datetime import datetime
from math import ceil
from typing import Any

from checkrail_operator.plan.instants import instant
from checkrail_operator.plan.training.holding import is_stale
from checkrail_operator.plan.training.training_seen import EndedRun, ResolvedRun, TrainingJobSeen
from checkrail_operator.plan.types import Manifest, Plan, Ref

SOON_SECONDS = 1.0
"""When the next pass follows a status that it waits for: our own status writes wake nobody."""


def ended(seen: TrainingJobSeen, run: EndedRun) -> Plan:
    """Return the plan for a run that is over: prune what still trains, and all once its time came.

    The result stays: status says it, and a ModelVersion is nobody's child.
    """
    expired = run.kept_until is not None and seen.now >= run.kept_until
    return Plan(
        seen.key,
        prune=everything(seen) if expired else unfinished(seen),
        status=_acknowledged(seen, run.status),
        requeue_after_seconds=None if expired else _seconds_until(seen.now, run.kept_until),
    )


def look_again(seen: TrainingJobSeen, run: ResolvedRun, end: str | None) -> float | None:
    """Return when the pass follows that prunes, after the one that ends a run at ``end``, or None.

    Sooner than the time of the prune if something still trains.
    """
    if unfinished(seen):
        return SOON_SECONDS
    seconds = run.spec.ttl_seconds_after_finished
    if seconds is None:
        return None
    passed = (seen.now - (instant(end) or seen.now)).total_seconds()
    return max(SOON_SECONDS, float(ceil(seconds - passed)))


def unfinished(seen: TrainingJobSeen) -> tuple[Ref, ...]:
    """Return the Jobs of an ended run that would still train; finished ones stay for reading.

    They are pruned after the status that ended the run was written, never before: a crash in
    between leaves a Job too many for a while, not a run that starts again.
    """
    return tuple(
        job.ref(seen.key.namespace)
        for job in seen.jobs
        if not job.deleting
        and job.finished is None
        and not any(pod.has_ended and not is_stale(job, pod) for pod in seen.pods_of(job.name))
    )


def everything(seen: TrainingJobSeen) -> tuple[Ref, ...]:
    """Return all Jobs and ConfigMaps of the run; the garbage collector takes the Jobs' pods."""
    namespace = seen.key.namespace
    return (
        *(job.ref(namespace) for job in seen.jobs if not job.deleting),
        *(config.ref(namespace) for config in seen.config_maps if not config.deleting),
    )


def _seconds_until(now: datetime, then: datetime | None) -> float | None:
    return None if then is None else max(SOON_SECONDS, float(ceil((then - now).total_seconds())))


def _acknowledged(seen: TrainingJobSeen, told: Manifest) -> Manifest | None:
    """Return the status, stamped with a generation that it does not speak of yet; else None.

    ``suspend`` and ``ttlSecondsAfterFinished`` may be changed after the end. To kstatus an
    observedGeneration that lags is work in progress, and it would be for ever.
    """
    if told.get("observedGeneration") == seen.generation:
        return None
    stamp: dict[str, Any] = {"observedGeneration": seen.generation}
    conditions = [{**condition, **stamp} for condition in told.get("conditions") or ()]
    return {**told, **stamp, "conditions": conditions}
