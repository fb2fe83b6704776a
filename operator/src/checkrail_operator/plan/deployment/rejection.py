"""Why a revision is taken back or cannot start, and what is remembered of that."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from checkrail_api.deployment_status import Rejected
from checkrail_api.reasons import Reason
from checkrail_api.serving import READY_PATH
from checkrail_operator.plan.deployment.deployment_seen import ModelDeploymentSeen
from checkrail_operator.plan.deployment.pod_health import by_age, crash_words, unready_words
from checkrail_operator.plan.deployment.revision import Revision
from checkrail_operator.plan.deployment.serving import child_name_of
from checkrail_operator.plan.instants import rfc3339
from checkrail_operator.plan.pod_seen import PodSeen


@dataclass(frozen=True)
class Failure:
    """Why a revision is taken back, or cannot start."""

    reason: Reason
    words: str


def aborted(seen: ModelDeploymentSeen, revision: Revision) -> Failure | None:
    """Say that somebody takes the revision back by hand."""
    if seen.spec.rollout.abort != revision.version:
        return None
    return Failure(Reason.ABORTED, "spec.rollout.abort names it")


def crash(seen: ModelDeploymentSeen, revision: Revision) -> Failure | None:
    """Say that its pods end again and again."""
    words = crash_words(seen.of(revision).pods)
    return Failure(Reason.CRASH_LOOP, words) if words else None


def overdue(
    seen: ModelDeploymentSeen, revision: Revision, since: datetime, pods: int
) -> Failure | None:
    """Say that not all of its ``pods`` were ready in time, counted from ``since``.

    Once one has been ready long enough to count, the version has shown that it starts: another
    one that is missing counts from when it was made. An autoscaler that asks for more pods, or a
    node that is drained, at the end of the time takes no version back.
    """
    allowed = seen.spec.rollout.progress_deadline_seconds
    patience = timedelta(seconds=allowed)
    late = seen.now - since >= patience
    if seen.is_ready(revision, pods) or not late or not pods:
        return None
    found = seen.of(revision)
    if found.available and not any(_is_late(pod, seen.now - patience) for pod in found.pods):
        return None
    words = unready_words(found) or _without_words(seen, revision)
    return Failure(
        Reason.PROGRESS_DEADLINE_EXCEEDED,
        f"not all of {pods} pods were ready within {allowed} s: {words}",
    )


def _is_late(pod: PodSeen, made_before: datetime) -> bool:
    """Answer whether a pod that is not ready has had its time."""
    return not pod.ready and pod.created is not None and pod.created <= made_before


def _without_words(seen: ModelDeploymentSeen, revision: Revision) -> str:
    """Return what is known where no pod says why it is not ready."""
    namespace, name = seen.key.namespace, child_name_of(seen, revision.hash)
    pods = sorted(seen.of(revision).pods, key=lambda pod: (pod.ready, by_age(pod)))
    for pod in pods[:1]:
        if pod.ready:
            return "its pods have become ready too late"
        if pod.phase == "Running":
            return f"pod {pod.name} runs, but its readiness probe ({READY_PATH}) does not pass"
        return (
            f"pod {pod.name} is {pod.phase}, and does not say why: kubectl describe pod -n"
            f" {namespace} {pod.name}"
        )
    return f"its Deployment has made no pod: kubectl describe deployment -n {namespace} {name}"


def rejection(revision: Revision, failure: Failure, now: datetime) -> Rejected:
    """Return what status remembers against ``revision``."""
    return Rejected(
        version=revision.version,
        sha256=revision.sha256,
        revision=revision.hash,
        image=revision.image,
        image_from=revision.image_from,
        reason=failure.reason.value,
        message=failure.words[:1024],
        time=rfc3339(now),
    )
