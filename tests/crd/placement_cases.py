"""What both kinds may say about where their pods run."""

# ruff: noqa: E501 - an answer stands as the API server gives it, in one line
from typing import Any

from crd.cases import Case

NODES = "spec.pod.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution"
PODS = "spec.pod.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "spec.pod.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution"


NAMED = {"key": "metadata.name", "operator": "In", "values": ["node-1"]}


def nodes(**requirement: Any) -> dict[str, Any]:
    """Return the change that asks for nodes by one condition on their labels."""
    expressions = [{"key": "disk", **requirement}]
    return {NODES: {"nodeSelectorTerms": [{"matchExpressions": expressions}]}}


def named(*names: str) -> dict[str, Any]:
    """Return the change that asks for nodes by name."""
    fields = [{**NAMED, "values": list(names)}]
    return {NODES: {"nodeSelectorTerms": [{"matchFields": fields}]}}


def away(**term: Any) -> dict[str, Any]:
    """Return the change that asks to be away from pods."""
    return {PODS: [{"topologyKey": "kubernetes.io/hostname", **term}]}


def near(weight: int) -> dict[str, Any]:
    """Return the change that prefers to be near to pods."""
    return {PREFERRED: [{"weight": weight, "podAffinityTerm": {"topologyKey": "zone"}}]}


def selecting(**requirement: Any) -> dict[str, Any]:
    """Return the change that selects pods by one condition on their labels."""
    return away(labelSelector={"matchExpressions": [{"key": "app", **requirement}]})


CASES = {
    "node affinity In needs values": Case(
        nodes(operator="In"),
        f"{NODES}.nodeSelectorTerms[0].matchExpressions[0].values: Required value: operator In and NotIn need values",
        accepted=nodes(operator="In", values=["ssd", ""]),
    ),
    "node affinity Exists takes no values": Case(
        nodes(operator="Exists", values=["ssd"]),
        f'{NODES}.nodeSelectorTerms[0].matchExpressions[0].values: Invalid value: "object": operator Exists and DoesNotExist take no values',
        accepted=nodes(operator="DoesNotExist"),
    ),
    "node affinity Gt takes a number": Case(
        nodes(operator="Gt", values=["many"]),
        f'{NODES}.nodeSelectorTerms[0].matchExpressions[0].values: Invalid value: "object": operator Gt and Lt take one value, a whole number',
        accepted=nodes(operator="Gt", values=["8"]),
    ),
    "node affinity Lt takes one number": Case(
        nodes(operator="Lt", values=["8", "9"]),
        f'{NODES}.nodeSelectorTerms[0].matchExpressions[0].values: Invalid value: "object": operator Gt and Lt take one value, a whole number',
        accepted=nodes(operator="Lt", values=["9"]),
    ),
    "node affinity knows its operators": Case(
        nodes(operator="Equals", values=["ssd"]),
        f'{NODES}.nodeSelectorTerms[0].matchExpressions[0].operator: Unsupported value: "Equals": supported values: "In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"',
        accepted=nodes(operator="NotIn", values=["hdd"]),
    ),
    "node affinity asks for the name only, of a node's fields": Case(
        {NODES: {"nodeSelectorTerms": [{"matchFields": [{**NAMED, "key": "metadata.uid"}]}]}},
        f'{NODES}.nodeSelectorTerms[0].matchFields[0].key: Unsupported value: "metadata.uid": supported values: "metadata.name"',
        accepted={NODES: {"nodeSelectorTerms": [{"matchFields": [NAMED]}]}},
    ),
    "affinity compares with values of labels": Case(
        nodes(operator="In", values=["solid state"]),
        f"{NODES}.nodeSelectorTerms[0].matchExpressions[0].values[0]: Invalid value: \"solid state\": {NODES}.nodeSelectorTerms[0].matchExpressions[0].values[0] in body should match '^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$'",
        accepted=nodes(operator="In", values=["solid-state"]),
    ),
    "affinity names keys of labels": Case(
        {PODS: [{"topologyKey": "the zone"}]},
        f"{PODS}[0].topologyKey: Invalid value: \"the zone\": {PODS}[0].topologyKey in body should match '^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$'",
        accepted={PODS: [{"topologyKey": "topology.kubernetes.io/zone"}]},
    ),
    "node affinity needs a term": Case(
        {NODES: {"nodeSelectorTerms": []}},
        f"{NODES}.nodeSelectorTerms: Invalid value: 0: {NODES}.nodeSelectorTerms in body should have at least 1 items",
        accepted=named("node-1"),
    ),
    "node affinity names one node": Case(
        named("node-1", "node-2"),
        f"{NODES}.nodeSelectorTerms[0].matchFields[0].values: Too many: 2: must have at most 1 item",
        accepted=named("node-2"),
    ),
    "affinity to pods names what is near": Case(
        {PODS: [{"labelSelector": {}}]},
        f"{PODS}[0].topologyKey: Required value",
        accepted=away(labelSelector={}),
    ),
    "affinity to pods by labels In needs values": Case(
        selecting(operator="NotIn"),
        f"{PODS}[0].labelSelector.matchExpressions[0].values: Required value: operator In and NotIn need values",
        accepted=selecting(operator="NotIn", values=["a"]),
    ),
    "affinity to pods by labels DoesNotExist takes no values": Case(
        selecting(operator="DoesNotExist", values=["a"]),
        f'{PODS}[0].labelSelector.matchExpressions[0].values: Invalid value: "object": operator Exists and DoesNotExist take no values',
        accepted=selecting(operator="DoesNotExist"),
    ),
    "affinity to pods that agree in labels selects them": Case(
        away(matchLabelKeys=["app"]),
        f"{PODS}[0].labelSelector: Required value: matchLabelKeys and mismatchLabelKeys need labelSelector",
        accepted=away(labelSelector={"matchLabels": {"app": "a"}}, mismatchLabelKeys=["version"]),
    ),
    "affinity is weighed by 1 at least": Case(
        near(0),
        f"{PREFERRED}[0].weight: Invalid value: 0: {PREFERRED}[0].weight in body should be greater than or equal to 1",
        accepted=near(1),
    ),
    "affinity is weighed by 100 at most": Case(
        near(101),
        f"{PREFERRED}[0].weight: Invalid value: 101: {PREFERRED}[0].weight in body should be less than or equal to 100",
        accepted=near(100),
    ),
    "affinity has at most 8 terms": Case(
        {PODS: [{"topologyKey": "zone"}] * 9},
        f"{PODS}: Too many: 9: must have at most 8 items",
        accepted={PODS: [{"topologyKey": "zone"}] * 8},
    ),
}
