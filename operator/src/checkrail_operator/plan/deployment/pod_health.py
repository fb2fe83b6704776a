"""Whether serving pods can still come up, and their own last words if not."""

import re
from collections.abc import Iterable

from checkrail_operator.plan.deployment.deployment_seen import RevisionSeen
from checkrail_operator.plan.object_stores import lacking_words
from checkrail_operator.plan.pod_seen import ContainerSeen, PodSeen

CRASH_RESTARTS = 3
"""Restarts of a container after which it is not expected to stay up."""

WORDS = 600
"""Longest part of a pod's message that is passed on, characters."""

BACK_OFF = re.compile(r'^ImagePullBackOff: Back-off pulling image "[^"]*": ')
"""What the kubelet puts before its last error between two pulls (Kubernetes 1.32). Without it the
words are the same during both, and no status is written from try to try."""

NO_SECRET = re.compile(
    r"^CreateContainerConfigError: (secrets? .* not found|couldn't find key .* in Secret)"
)
"""How the kubelet says that there is no such Secret, or not that key in it: ``secret "s3" not
found``, ``couldn't find key AWS_ACCESS_KEY_ID in Secret team/s3``."""

EXPECTED = (
    ". The credentials Secret of an object store was expected in the pod's namespace, with the keys"
    " AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
)


def crash_words(pods: Iterable[PodSeen]) -> str | None:
    """Return what a pod that ends again and again says, or None if none does."""
    for pod in sorted(pods, key=by_age):
        for container in pod.containers:
            if container.waiting_reason == "CrashLoopBackOff" or (
                container.restart_count >= CRASH_RESTARTS
            ):
                return f"pod {pod.name} ends again and again: {_last_words(container)}"
    return None


def unready_words(found: RevisionSeen) -> str:
    """Return why a revision has not all its pods ready; empty if nothing says.

    A pod that is there comes first; then what a quota or a policy says of one that may not be made.
    """
    if words := waiting_words(found.pods):
        return words
    return f"a pod cannot be made: {found.unmade[:WORDS]}" if found.unmade else ""


def waiting_words(pods: Iterable[PodSeen]) -> str:
    """Return why a pod that is not ready is not ready; empty if none says.

    Of several the oldest that says why is told: more pods, whatever their names, change no words.
    """
    unready = sorted((p for p in pods if not p.ready), key=by_age)
    return next(filter(None, map(_why_waiting, unready)), "")


def by_age(pod: PodSeen) -> tuple[bool, float, str]:
    """Return what sorts pods by age; those that are over come last: others took their place."""
    return pod.is_over, pod.created.timestamp() if pod.created else 0.0, pod.name


def _why_waiting(pod: PodSeen) -> str:
    if pod.unschedulable:
        return f"pod {pod.name} is not scheduled: {pod.unschedulable[:WORDS]}"
    if pod.is_over:
        return f"pod {pod.name} {pod.reason or pod.phase}: {pod.message[:WORDS]}".rstrip(": ")
    for container in pod.containers:
        if container.waiting_reason not in {"", "ContainerCreating", "PodInitializing"}:
            return f"pod {pod.name} waits, {_waiting(container)}"
        if container.last_terminated:
            return f"pod {pod.name} restarted: {_last_words(container)}"
    return f"pod {pod.name} waits: {lacking_words(pod.lacking)}" if pod.lacking else ""


def _waiting(container: ContainerSeen) -> str:
    """Return the kubelet's reason and words, and what was expected if a Secret is missing."""
    said = f"{container.waiting_reason}: {container.waiting_message}".rstrip(": ")
    words = BACK_OFF.sub("", said)[:WORDS]
    return words + EXPECTED if NO_SECRET.match(words) else words


def _last_words(container: ContainerSeen) -> str:
    """Return how the container ended, without what differs from restart to restart."""
    end = container.terminated or container.last_terminated
    if end is None:
        return container.waiting_message[:WORDS] or "it left no message"
    said = end.message.strip()[-WORDS:]
    ended = f"{end.reason or 'Error'} (exit code {end.exit_code})"
    return f"{ended}: {said}" if said else f"{ended}, it left no message"
