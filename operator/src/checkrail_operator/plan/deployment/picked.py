"""Which versions a request may pick by header while two of them answer."""

from checkrail_operator.plan.deployment.deployment_seen import ModelDeploymentSeen
from checkrail_operator.plan.deployment.takeover import Decision, Situation


def pickable(seen: ModelDeploymentSeen, decision: Decision) -> dict[str, str]:
    """Return the revision behind each version that a request may name.

    Both, the canary at weight 0 too, as long as each has a pod that answers. None once the canary
    is taken back or no longer asked for: what was found wrong must answer nobody. Where both serve
    the same version, with another image or other settings, its name picks the canary.
    """
    if decision.situation is not Situation.CLIMBING:
        return {}
    if not all(seen.of(revision).ready for revision in decision.live):
        return {}
    return {revision.version: revision.hash for revision in decision.live}
