"""A ModelVersion is a record: nothing about it changes, but its artifact may go with it.

deletionPolicy   Retain ---> no finalizer
                 Delete ---> finalizer --- kubectl delete --> not where a run publishes? let go
                                                              somebody serves it? wait
                                                              another names the artifact? let go
                                                              Job: checkrail delete-artifact
                                                                Complete, or given up: let go
                                                                cannot be made: see `refused`

The Job has a deadline, and so has making it; a namespace that ends lets go at once (see `loop`).
Without a bound it waits while somebody serves the version; deletionPolicy may be set back to Retain
at any time.
"""

import shlex
from dataclasses import replace
from datetime import datetime, timedelta

from checkrail_api.kind import API_VERSION
from checkrail_api.names import ANNOTATION_REFUSED
from checkrail_api.object_store import CA_KEY
from checkrail_api.reasons import Reason
from checkrail_operator.plan.instants import rfc3339
from checkrail_operator.plan.types import Event, Manifest, Plan
from checkrail_operator.plan.version.removal_job import (
    DEADLINE_SECONDS,
    removal_command,
    removal_job,
)
from checkrail_operator.plan.version.version_seen import ModelVersionSeen, RemovalSeen

SILENCE_PATIENCE = timedelta(seconds=60)
"""How long a Job may go without a word before we point at it."""
WATCHED_SECONDS = 30.0
"""How long a version that cannot go yet goes without a look; events tell sooner."""
WORDS = 600
"""Longest part of the API server's answer that is passed on, characters: an event has 1,024."""


def plan(seen: ModelVersionSeen) -> Plan:
    """Decide about one ModelVersion; whoever asks for it is woken either way."""
    return replace(_of_version(seen), wake=seen.waiting)


def refused(seen: ModelVersionSeen, said: str) -> Plan:
    """Return the plan of a version whose Job cannot be made: wait as long as for the Job itself.

    Nothing but the version can remember since when: an event may be lost, and the version may have
    been served for days before the first try.

    Args:
        seen: The version.
        said: Why, in the words of the API server.
    """
    since = seen.refused_since or seen.now
    until = since + timedelta(seconds=DEADLINE_SECONDS)
    if seen.now >= until:
        return Plan(seen.key, events=(_left(seen, said),), finalizer=False)
    note = (
        f"{said.rstrip('. ')[:WORDS]}. Until that is mended the artifact is not deleted; from "
        f"{rfc3339(until)} on it stays, and the version goes. To let the version go now and keep "
        f"the artifact, set spec.deletionPolicy to Retain."
    )
    event = Event("Warning", Reason.ARTIFACT_NOT_REMOVED.value, note, once=True)
    mark = () if seen.refused_since else (_refused_since(seen, since),)
    return Plan(seen.key, overlays=mark, events=(event,))


def _refused_since(seen: ModelVersionSeen, since: datetime) -> Manifest:
    return {
        "apiVersion": API_VERSION,
        "kind": seen.key.kind,
        "metadata": {
            "name": seen.key.name,
            "namespace": seen.key.namespace,
            "uid": seen.uid,
            "annotations": {ANNOTATION_REFUSED: rfc3339(since)},
        },
    }


def _of_version(seen: ModelVersionSeen) -> Plan:
    if not seen.deleting:
        return Plan(seen.key, finalizer=seen.removes)
    if not seen.held:
        return Plan(seen.key)
    return _going(seen) if seen.removes else Plan(seen.key, finalizer=False)


def _going(seen: ModelVersionSeen) -> Plan:
    """Return the plan of a version that waits until its artifact is deleted, or may stay."""
    if seen.removal and seen.removal.finished:
        is_complete = seen.removal.finished == "Complete"
        event = _removed(seen) if is_complete else _left(seen, seen.removal.said)
        return Plan(seen.key, events=(event,), finalizer=False)
    if not seen.artifact.is_where_published(seen.model):
        return Plan(seen.key, events=(_foreign(seen),), finalizer=False)
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


def _left(seen: ModelVersionSeen, said: str) -> Event:
    """Tell the command that deletes what stays; its uri once, since a note is cut."""
    authorities = seen.artifact.store.ca_config_map_ref
    ca_file = CA_KEY if authorities else None
    with_file = f" ({CA_KEY} is that of ConfigMap {authorities.name})" if authorities else ""
    note = (
        f"The artifact was not deleted within {DEADLINE_SECONDS // 60} min and stays, its "
        f"ModelVersion goes. Delete it by hand{with_file}: "
        f"{shlex.join(removal_command(seen, ca_file))} . The last try: "
        f"{said or 'its pod left no word'}"
    )
    return Event("Warning", Reason.ARTIFACT_LEFT.value, note, once=True)


def _foreign(seen: ModelVersionSeen) -> Event:
    """Say that the version's own words do not make the artifact its own.

    Whoever may write a ModelVersion could have any folder deleted, under any name.
    """
    uri, sha256 = seen.artifact.uri, seen.artifact.sha256
    note = (
        f"The artifact {uri} stays, its ModelVersion goes: only what lies where a run publishes "
        f"it is deleted, and this uri does not end in /{seen.model}/<sha256>. Delete it by hand: "
        f"checkrail delete-artifact {uri} --sha256 {sha256}"
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
    removal = seen.removal
    if removal is None:
        return ()
    if not removal.said:
        return _silence(seen, removal)
    note = (
        f"Job {removal.name} has not deleted the artifact {seen.artifact.uri} yet: "
        f"{removal.said}. It tries again until {DEADLINE_SECONDS // 60} min after its start, "
        f"then the artifact stays. To keep it, set spec.deletionPolicy to Retain."
    )
    return (Event("Warning", Reason.ARTIFACT_NOT_REMOVED.value, note, once=True),)


def _silence(seen: ModelVersionSeen, removal: RemovalSeen) -> tuple[Event, ...]:
    if removal.since is None or seen.now - removal.since < SILENCE_PATIENCE:
        return ()
    note = (
        f"Job {removal.name} has not deleted the artifact {seen.artifact.uri} yet and its pod says "
        f"nothing: kubectl describe job -n {seen.key.namespace} {removal.name}"
    )
    return (Event("Warning", Reason.ARTIFACT_NOT_REMOVED.value, note, once=True),)
