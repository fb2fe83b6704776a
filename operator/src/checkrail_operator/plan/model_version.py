"""A ModelVersion is a record: nothing about it changes, but its artifact may go with it.

deletionPolicy   Retain ---> no finalizer
                 Delete ---> finalizer --- kubectl delete --> somebody serves it? wait
                                                              another names the artifact? let go
                                                              Job: checkrail delete-artifact
                                                                Complete, or given up: let go

The deletion never waits for ever: the Job has a deadline, a namespace that ends lets go at once
(see `loop`), and deletionPolicy may be set back to Retain at any time.
"""

from dataclasses import replace

from checkrail_api.reasons import Reason
from checkrail_operator.plan.removal_job import DEADLINE_SECONDS, removal_job
from checkrail_operator.plan.types import Event, Plan
from checkrail_operator.plan.version_seen import ModelVersionSeen

WATCHED_SECONDS = 30.0
"""How long a version that cannot go yet goes without a look; events tell sooner."""


def plan(seen: ModelVersionSeen) -> Plan:
    """Decide about one ModelVersion; whoever asks for it is woken either way."""
    return replace(_of_version(seen), wake=seen.waiting)


def _of_version(seen: ModelVersionSeen) -> Plan:
    if not seen.deleting:
        return Plan(seen.key, finalizer=seen.removes)
    if not seen.held:
        return Plan(seen.key)
    return _going(seen) if seen.removes else Plan(seen.key, finalizer=False)


def _going(seen: ModelVersionSeen) -> Plan:
    """Return the plan of a version that waits until its artifact is deleted, or may stay."""
    if seen.removal and seen.removal.finished:
        event = _removed(seen) if seen.removal.finished == "Complete" else _left(seen)
        return Plan(seen.key, events=(event,), finalizer=False)
    if seen.sharing:
        return Plan(seen.key, events=(_shared(seen),), finalizer=False)
    if seen.serving:
        event = _in_use(seen)
        return Plan(seen.key, events=(event,), requeue_after_seconds=WATCHED_SECONDS)
    return Plan(
        seen.key,
        children=(removal_job(seen),),
        events=_trouble(seen),
        requeue_after_seconds=WATCHED_SECONDS,
    )


def _removed(seen: ModelVersionSeen) -> Event:
    note = f"The artifact {seen.artifact.uri} is deleted."
    return Event("Normal", Reason.ARTIFACT_REMOVED.value, note, once=True)


def _left(seen: ModelVersionSeen) -> Event:
    uri, said = seen.artifact.uri, seen.removal.said if seen.removal else ""
    note = (
        f"The artifact {uri} was not deleted within {DEADLINE_SECONDS // 60} min and stays, its "
        f"ModelVersion goes. Delete it by hand: checkrail delete-artifact {uri} --sha256 "
        f"{seen.artifact.sha256}. The last try: {said or 'its pod left no word'}"
    )
    return Event("Warning", Reason.ARTIFACT_LEFT.value, note, once=True)


def _shared(seen: ModelVersionSeen) -> Event:
    """Say who keeps the artifact; names of other namespaces are none of this one's business."""
    near = [key.name for key in seen.sharing if key.namespace == seen.key.namespace]
    who = f"ModelVersion {near[0]}" if near else "A ModelVersion of another namespace"
    note = f"{who} names the same artifact {seen.artifact.uri}: nothing was deleted."
    return Event("Normal", Reason.ARTIFACT_SHARED.value, note, once=True)


def _in_use(seen: ModelVersionSeen) -> Event:
    note = (
        f"ModelDeployment {', '.join(seen.serving)} serves this version: its artifact is deleted, "
        f"and the version goes, once that serves another one or is deleted. To let the version go "
        f"and keep the artifact, set spec.deletionPolicy to Retain."
    )
    return Event("Warning", Reason.ARTIFACT_IN_USE.value, note, once=True)


def _trouble(seen: ModelVersionSeen) -> tuple[Event, ...]:
    """Return what keeps the Job from its end, if anything does."""
    if seen.removal is None or not seen.removal.said:
        return ()
    note = (
        f"Job {seen.removal.name} has not deleted the artifact {seen.artifact.uri} yet: "
        f"{seen.removal.said}. It tries again until {DEADLINE_SECONDS // 60} min after its start, "
        f"then the artifact stays. To keep it, set spec.deletionPolicy to Retain."
    )
    return (Event("Warning", Reason.ARTIFACT_NOT_REMOVED.value, note, once=True),)
