"""Whether serving pods can still come up, and their own last words if not."""

from collections.abc import Iterable

from checkrail_operator.plan.deployment.deployment_seen import RevisionSeen
from checkrail_operator.plan.pod_seen import ContainerSeen, PodSeen

CRASH_RESTARTS = 3
"""Restarts of a container after which it is not expected to stay up."""

WORDS = 600
"""Longest part of a pod's message that is passed on, characters."""


def crash_words(pods: Iterable[PodSeen]) -> str | None:
    """Return what a pod that ends again and again says, or None if none does."""
    for pod in sorted(pods, key=lambda p: p.name):
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
    """Return why the first pod that is not ready is not ready; empty if none says."""
    unready = sorted((p for p in pods if not p.ready), key=lambda p: p.name)
    return next(filter(None, map(_why_waiting, unready)), "")


def _why_waiting(pod: PodSeen) -> str:
    if pod.unschedulable:
        return f"pod {pod.name} fits no node: {pod.unschedulable[:WORDS]}"
    if pod.is_over:
        return f"pod {pod.name} {pod.reason or pod.phase}: {pod.message[:WORDS]}".rstrip(": ")
    for container in pod.containers:
        if container.waiting_reason not in {"", "ContainerCreating", "PodInitializing"}:
            said = container.waiting_message[:WORDS]
            return f"pod {pod.name} waits, {container.waiting_reason}: {said}".rstrip(": ")
        if container.last_terminated:
            return f"pod {pod.name} restarted: {_last_words(container)}"
    return ""


def _last_words(container: ContainerSeen) -> str:
    """Return how the container ended, without what differs from restart to restart."""
    end = container.terminated or container.last_terminated
    if end is None:
        return container.waiting_message[:WORDS] or "it left no message"
    said = end.message.strip()[-WORDS:]
    ended = f"{end.reason or 'Error'} (exit code {end.exit_code})"
    return f"{ended}: {said}" if said else f"{ended}, it left no message"
