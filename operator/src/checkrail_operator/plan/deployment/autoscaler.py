"""The autoscaler of a ModelDeployment, where the spec asks for one."""

from collections.abc import Iterator

from checkrail_api.kind import API_VERSION
from checkrail_operator.plan.deployment.deployment_seen import ModelDeploymentSeen
from checkrail_operator.plan.deployment.serving import KIND, child
from checkrail_operator.plan.types import Manifest


def autoscaler(seen: ModelDeploymentSeen) -> Iterator[Manifest]:
    """Yield the HorizontalPodAutoscaler (autoscaling/v2), or nothing.

    It scales the ModelDeployment itself, never the Deployment of a revision: ``spec.replicas`` is
    its field, and every revision follows that. It counts the pods of both revisions of a rollout,
    so that it asks for what all requests together need: the pods that the canary must have when it
    takes them all.
    """
    asked = seen.spec.autoscaling
    if asked is None:
        return
    head = child(seen, "autoscaling/v2", "HorizontalPodAutoscaler", seen.key.name)
    target = {"type": "Utilization", "averageUtilization": asked.target_cpu_utilization_percent}
    head["spec"] = {
        "scaleTargetRef": {"apiVersion": API_VERSION, "kind": KIND, "name": seen.key.name},
        "minReplicas": asked.min_replicas,
        "maxReplicas": asked.max_replicas,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
    }
    yield head
