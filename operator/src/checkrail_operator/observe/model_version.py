"""A ModelVersion as one pass sees it: who needs it, and what becomes of its artifact."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal

from checkrail_api.names import ANNOTATION_REFUSED, FINALIZER
from checkrail_api.object_store import ObjectStore
from checkrail_api.reports import TrainerFailure
from checkrail_operator.observe.pods import is_owned_by, see_pod
from checkrail_operator.observe.raw import Raw, is_going
from checkrail_operator.observe.trainer_reports import termination_report
from checkrail_operator.plan.deployment.artifact_store import artifact_store
from checkrail_operator.plan.deployment.pod_health import waiting_words
from checkrail_operator.plan.instants import instant
from checkrail_operator.plan.pod_seen import PodSeen
from checkrail_operator.plan.types import Defaults, Key, Manifest
from checkrail_operator.plan.version.removal_job import CONTAINER
from checkrail_operator.plan.version.version_seen import ArtifactSeen, ModelVersionSeen, RemovalSeen
from checkrail_operator.plan.wake_waiting import served_by

BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
WORDS = 400
"""Longest part of a pod's message that is passed on, characters: an event has 1,024."""


def see(raw: Raw, now: datetime, defaults: Defaults) -> ModelVersionSeen:
    """Return what ``raw`` shows; of the record only what its deletion needs is read."""
    metadata, spec = raw.owner["metadata"], raw.owner["spec"]
    store = spec.get("store")
    own = None if store is None else ObjectStore.model_validate(store, extra="ignore")
    return ModelVersionSeen(
        key=_key(raw.owner),
        uid=metadata["uid"],
        now=now,
        image=defaults.trainer_image,
        deleting="deletionTimestamp" in metadata,
        held=FINALIZER in (metadata.get("finalizers") or ()),
        removes=spec.get("deletionPolicy") == "Delete",
        model=spec["model"],
        artifact=ArtifactSeen(
            uri=spec["artifact"]["uri"],
            sha256=spec["artifact"]["sha256"],
            store=artifact_store(own, defaults),
        ),
        waiting=_waiting(raw),
        serving=_serving(raw),
        sharing=_sharing(raw),
        removal=_removal(raw),
        refused_since=_refused_since(raw.owner),
    )


def _key(body: Manifest) -> Key:
    metadata = body["metadata"]
    return Key(body["kind"], metadata["namespace"], metadata["name"])


def _waiting(raw: Raw) -> tuple[Key, ...]:
    """Return the runs that wait for it, and the ModelDeployments that name it or its model."""
    name = raw.owner["metadata"]["name"]
    asked_as = ({"versionRef": {"name": name}}, {"follow": {"model": raw.owner["spec"]["model"]}})
    return tuple(
        sorted(
            _key(other)
            for other in raw.related
            if other["kind"] == "TrainingJob"
            or (other["kind"] == "ModelDeployment" and other["spec"]["model"] in asked_as)
        )
    )


def _serving(raw: Raw) -> tuple[str, ...]:
    return tuple(
        sorted(
            other["metadata"]["name"]
            for other in raw.related
            if other["kind"] == "ModelDeployment" and _key(raw.owner) in served_by(other)
        )
    )


def _sharing(raw: Raw) -> tuple[Key, ...]:
    """Return the other versions that keep the artifact.

    Not those that are being deleted together with it: each would leave it to the other.
    """
    uid, place = raw.owner["metadata"]["uid"], _place(raw.owner)
    return tuple(
        sorted(
            _key(other)
            for other in raw.related
            if other["kind"] == "ModelVersion"
            and other["metadata"]["uid"] != uid
            and _place(other) == place
            and not _goes_too(other)
        )
    )


def _place(version: Manifest) -> str:
    uri: str = version["spec"]["artifact"]["uri"]
    return uri.rstrip("/")


def _goes_too(version: Manifest) -> bool:
    policy = version["spec"].get("deletionPolicy")
    return "deletionTimestamp" in version["metadata"] and policy == "Delete"


def _removal(raw: Raw) -> RemovalSeen | None:
    uid = raw.owner["metadata"]["uid"]
    job = next((c for c in raw.children if c["kind"] == "Job" and is_owned_by(c, uid)), None)
    if job is None:
        return None
    pods = (see_pod(c, raw.lacking) for c in raw.children if c["kind"] == "Pod")
    made = [pod for pod in pods if pod.controller_uid == job["metadata"]["uid"]]
    since = instant(job["metadata"].get("creationTimestamp"))
    return RemovalSeen(job["metadata"]["name"], since, _finished(job), _said(made))


def _refused_since(version: Manifest) -> datetime | None:
    return instant((version["metadata"].get("annotations") or {}).get(ANNOTATION_REFUSED))


def _finished(job: Manifest) -> Literal["Complete", "Failed"] | None:
    conditions = (job.get("status") or {}).get("conditions") or ()
    true = {condition["type"] for condition in conditions if condition.get("status") == "True"}
    return "Complete" if "Complete" in true else "Failed" if "Failed" in true else None


def _said(pods: Iterable[PodSeen]) -> str:
    """Return the words of the newest pod that has some: what it failed of, or waits for."""
    newest = sorted(pods, key=lambda pod: (pod.created or BEFORE_ALL, pod.name), reverse=True)
    return next(filter(None, map(_words, newest)), "")[:WORDS].rstrip(". ")


def _words(pod: PodSeen) -> str:
    container = pod.container(CONTAINER)
    end = container.terminated if container else None
    if end is None:
        return waiting_words([pod])
    if end.exit_code == 0:
        return ""
    report = termination_report(end.message)
    if isinstance(report, TrainerFailure):
        return f"{report.reason.value}: {report.message}"
    return f"exit code {end.exit_code} {end.message.strip()}".strip()


def lacks_a_pass(version: Manifest) -> bool:
    """Answer whether a version waits for its artifact's end, or its finalizer is not as wanted."""
    if "deletionTimestamp" in version["metadata"]:
        return is_going(version)
    held = FINALIZER in (version["metadata"].get("finalizers") or ())
    removes = bool(version["spec"].get("deletionPolicy") == "Delete")
    return held != removes
