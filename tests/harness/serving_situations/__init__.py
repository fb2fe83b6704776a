"""Every situation of a ModelDeployment, and the ways into it: one function each."""

from collections.abc import Callable

from harness.serving_bodies import model_deployment
from harness.serving_situations.canaries import (
    about_to_be_stable,
    canary_at,
    canary_crashes,
    canary_lacks_authorities_of_its_log,
    canary_lacks_its_image,
    canary_of_compared_scores,
    canary_superseded,
    canary_too_late,
    canary_under_way,
    old_revision_may_go,
    rolled_back,
    spec_reverted,
)
from harness.serving_situations.every_field import EVERY_FIELD
from harness.serving_situations.serving import (
    deployed,
    first_version_crashes,
    first_version_lacks_its_secret,
    fresh,
    no_pod_answers,
    record_deleted,
    route_refused,
    version_missing,
    version_missing_while_serving,
)
from harness.serving_situations.shadow import (
    shadow_begins,
    shadow_disagrees,
    shadow_passes,
    shadow_under_way,
    shadow_without_its_version,
)
from harness.serving_situations.without_a_gateway import (
    gateway_taken_away,
    pod_of_a_share_not_ready,
    pods_of_the_next_share_come_up,
    pods_split,
    share_of_pods_taken_back,
)
from harness.serving_world import ServingWorld

SITUATIONS: dict[str, Callable[[], ServingWorld]] = {
    "just created": fresh,
    "just created with every field": lambda: ServingWorld(owner=model_deployment(**EVERY_FIELD)),
    "version does not exist": version_missing,
    "version does not exist while another serves": version_missing_while_serving,
    "first version crashes": first_version_crashes,
    "a Secret of the first version is missing": first_version_lacks_its_secret,
    "serving": deployed,
    "no stable pod answers": no_pod_answers,
    "record of the serving version deleted": record_deleted,
    "gateway refuses the route": route_refused,
    "canary gets its first share": lambda: canary_at(10),
    "canary under way": canary_under_way,
    "canary beside a version with scores": canary_of_compared_scores,
    "candidate is to be compared in shadow": shadow_begins,
    "candidate is compared in shadow": shadow_under_way,
    "version is deleted while it is compared in shadow": shadow_without_its_version,
    "candidate passes in shadow": shadow_passes,
    "candidate disagrees in shadow": shadow_disagrees,
    "canary gets everything": lambda: canary_at(100),
    "canary becomes stable": about_to_be_stable,
    "old revision may go": old_revision_may_go,
    "image of the canary is missing": canary_lacks_its_image,
    "authorities of the canary's log are missing": canary_lacks_authorities_of_its_log,
    "canary crashes": canary_crashes,
    "canary not ready in time": canary_too_late,
    "rolled back": rolled_back,
    "canary superseded": canary_superseded,
    "spec reverted during the canary": spec_reverted,
    "without a gateway: serving": pods_split,
    "without a gateway: canary gets its first share": lambda: canary_at(10, pods_split),
    "without a gateway: pods of the next share come up": pods_of_the_next_share_come_up,
    "without a gateway: canary gets its next share": lambda: canary_at(50, pods_split),
    "without a gateway: a pod is not ready": pod_of_a_share_not_ready,
    "without a gateway: canary gets everything": lambda: canary_at(100, pods_split),
    "without a gateway: canary is taken back": share_of_pods_taken_back,
    "without a gateway: it was taken away": gateway_taken_away,
}
