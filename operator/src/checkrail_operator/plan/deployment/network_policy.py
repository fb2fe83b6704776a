"""Who may reach the pods of a ModelDeployment: anybody on their scoring port, nobody elsewhere.

What they may reach themselves is left alone: the address of an object store, and of the cloud that
answers for a pod's identity, may be anything, and a policy knows no names of hosts.
"""

from collections.abc import Iterator

from checkrail_api.names import owner_labels
from checkrail_operator.plan.deployment.deployment_seen import ModelDeploymentSeen
from checkrail_operator.plan.deployment.serving import KIND, child
from checkrail_operator.plan.types import Manifest

SUFFIX = "scoring"


def network_policy(seen: ModelDeploymentSeen) -> Iterator[Manifest]:
    """Yield the NetworkPolicy (networking.k8s.io/v1) over the pods of every revision, or nothing.

    It is named ``<name>-scoring``: ``<name>`` is what people call their own policy for these pods.

    The port goes by its name, as in the Services: pods of an older release keep theirs. The empty
    list means anybody, and is written out so that callers that others name in it are taken out.
    """
    if not seen.defaults.network_policy:
        return
    name = f"{seen.key.name}-{SUFFIX}"
    head = child(seen, "networking.k8s.io/v1", "NetworkPolicy", name)
    head["spec"] = {
        "podSelector": {"matchLabels": owner_labels(KIND, seen.key.name)},
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [], "ports": [{"protocol": "TCP", "port": "http"}]}],
    }
    yield head
