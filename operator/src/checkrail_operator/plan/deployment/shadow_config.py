"""The ConfigMap by which the pods that serve hear of a candidate in shadow."""

from checkrail_api.shadow import CANDIDATE_FILE
from checkrail_operator.plan.deployment.deployment_seen import ModelDeploymentSeen
from checkrail_operator.plan.deployment.revision import Revision
from checkrail_operator.plan.deployment.serving import child, child_name_of
from checkrail_operator.plan.deployment.shadow import Shadow, candidate_of
from checkrail_operator.plan.deployment.shadow_mount import config_map_name
from checkrail_operator.plan.types import Manifest


def shadow_config_map(seen: ModelDeploymentSeen, stable: Revision, shadow: Shadow) -> Manifest:
    """Return what the pods of ``stable`` mount while they compare; they have no other secret."""
    name = config_map_name(child_name_of(seen, stable.hash))
    head = child(seen, "v1", "ConfigMap", name)
    text = candidate_of(shadow).model_dump_json(by_alias=True, exclude_none=True)
    return {**head, "data": {CANDIDATE_FILE: text}}
