"""What a comparison in shadow has found, and what it waits for, in words."""

from checkrail_operator.plan.deployment.canary_words import gone, named
from checkrail_operator.plan.deployment.deployment_seen import ModelDeploymentSeen
from checkrail_operator.plan.deployment.shadow import Shadow
from checkrail_operator.plan.deployment.takeover import Decision


def shadow_words(seen: ModelDeploymentSeen, decision: Decision) -> str:
    """Return what is known of the candidate, and what is missing."""
    shadow, stable = decision.shadow, decision.stable
    if shadow is None or stable is None:
        return ""
    head = f"{named(decision, shadow.candidate)} is compared with {stable.version} in shadow"
    notes = _unread(shadow) + gone(seen, decision.live)
    status = shadow.status
    if not status.readings:
        return f"{head}: no pod compares yet; a pod hears of it within two minutes{notes}"
    where = f"by {len(status.readings)} of {len(seen.of(stable).pods)} pods"
    return f"{head} {where}: {shadow.words}{_missing(seen, shadow)}{notes}"


def _missing(seen: ModelDeploymentSeen, shadow: Shadow) -> str:
    asked, status = seen.spec.rollout.shadow, shadow.status
    if asked is None:
        return ""
    if status.compared < asked.min_requests:
        dropped = f", {status.dropped} were not compared" if status.dropped else ""
        return f". It goes on once {asked.min_requests} requests are compared{dropped}"
    if not shadow.is_long_enough:
        return f". It goes on once it was compared for {asked.seconds} s"
    if seen.spec.suspend:
        return ". It is held while spec.suspend is true"
    return ". It goes on once both are certain to be within what is allowed"


def _unread(shadow: Shadow) -> str:
    return f". Not all could be read: {shadow.status.unread}" if shadow.status.unread else ""
