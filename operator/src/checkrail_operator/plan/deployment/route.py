"""The HTTPRoute: which share of the requests each revision gets, exactly, and who may pick one.

The weighted rule is the last one. While a canary takes over, rules come before it for requests that
name a version in a header: of two matches with the same path, the one with more headers holds.

Every default of the Gateway API is written out, so that GitOps tools and our own comparison see
no difference that nobody made (gateway.networking.k8s.io/v1, 1.6). So are lists that are empty:
what others add to them is taken out.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from checkrail_api.model_deployment import GatewayTraffic, ParentRef
from checkrail_api.serving import PICK_HEADER
from checkrail_operator.plan.deployment.deployment_seen import Answer, ModelDeploymentSeen
from checkrail_operator.plan.deployment.difference import applied_hash, contains
from checkrail_operator.plan.deployment.serving import SERVICE_PORT, child, child_name_of
from checkrail_operator.plan.types import Manifest

GATEWAY_GROUP = "gateway.networking.k8s.io"
GATEWAY_DEFAULT_WEIGHT = 1

VERSION_HEADER = PICK_HEADER
"""A request with the name of a ModelVersion in it reaches that version while two answer."""


def http_route(
    seen: ModelDeploymentSeen,
    gateway: GatewayTraffic,
    weights: Mapping[str, int],
    picked: Mapping[str, str] | None = None,
) -> Manifest:
    """Return the route that splits requests.

    Args:
        seen: The pass's snapshot.
        gateway: Which gateways carry it, for which host names and path.
        weights: Percent by revision.
        picked: Revision by the value of ``VERSION_HEADER`` that reaches it, whatever its share.
    """
    path = gateway.path
    named = [_picking(seen, path, value, revision) for value, revision in (picked or {}).items()]
    spec: dict[str, Any] = {
        "parentRefs": [_parent(seen.key.namespace, ref) for ref in gateway.parent_refs],
        "hostnames": list(gateway.hostnames),
        "rules": [*named, _rule(seen, path, weights, {})],
    }
    return child(seen, f"{GATEWAY_GROUP}/v1", "HTTPRoute", seen.key.name) | {"spec": spec}


def answer_of_route(
    seen: ModelDeploymentSeen, gateway: GatewayTraffic, weights: Mapping[str, int]
) -> Answer:
    """Return whether the gateways route by ``weights`` now, as the route asks them to.

    A route that is not yet the wanted one is pending, whatever they said of the one before.
    """
    as_asked = is_as_asked(seen, gateway, weights)
    return seen.route.answer if seen.route and as_asked else Answer.PENDING


def is_as_asked(
    seen: ModelDeploymentSeen, gateway: GatewayTraffic, weights: Mapping[str, int]
) -> bool:
    """Answer whether the route there is splits requests by ``weights``, and as the spec asks.

    Rules by which requests pick one of these revisions come and go with its pods, and move no
    share.
    """
    if seen.route is None:
        return False
    found = seen.route.spec.get("rules") or ()
    splitting = [rule for rule in found if not _is_picking(seen, gateway.path, rule, weights)]
    wanted = http_route(seen, gateway, weights)["spec"]
    return contains({**seen.route.spec, "rules": splitting}, wanted)


def was_written(
    seen: ModelDeploymentSeen,
    gateway: GatewayTraffic,
    weights: Mapping[str, int],
    picked: Mapping[str, str],
) -> bool:
    """Answer whether this route is the last one that a pass of ours wrote, and still as it was."""
    if seen.route is None:
        return False
    wanted = http_route(seen, gateway, weights, picked)
    written = seen.route.applied == applied_hash(wanted)
    return written and contains(seen.route.spec, wanted["spec"])


def route_words(
    seen: ModelDeploymentSeen, gateway: GatewayTraffic, weights: Mapping[str, int]
) -> str:
    """Return why the gateways do not route by ``weights``; empty when they do."""
    if seen.route is None:
        return "the HTTPRoute does not exist yet"
    if not is_as_asked(seen, gateway, weights):
        return (
            f"HTTPRoute {seen.key.namespace}/{seen.key.name} is not as asked for; it is written"
            " again now. If this stays, look who else changes it: kubectl get httproute"
            f" {seen.key.name} --namespace {seen.key.namespace} --show-managed-fields --output yaml"
        )
    return seen.route.message


def _rule(
    seen: ModelDeploymentSeen, path: str, weights: Mapping[str, int], match: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the rule for requests to ``path`` that ``match`` too."""
    filters: list[dict[str, Any]] = []
    if path != "/":
        rewrite = {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}
        filters = [{"type": "URLRewrite", "urlRewrite": rewrite}]
    return {
        "matches": [{"path": {"type": "PathPrefix", "value": path}, **match}],
        "filters": filters,
        "backendRefs": [
            {
                "group": "",
                "kind": "Service",
                "name": child_name_of(seen, revision),
                "port": SERVICE_PORT,
                "weight": weight,
                "filters": [],
            }
            for revision, weight in weights.items()
        ],
    }


def _picking(seen: ModelDeploymentSeen, path: str, value: str, revision: str) -> dict[str, Any]:
    header = {"type": "Exact", "name": VERSION_HEADER, "value": value}
    return _rule(seen, path, {revision: GATEWAY_DEFAULT_WEIGHT}, {"headers": [header]})


def _is_picking(
    seen: ModelDeploymentSeen, path: str, rule: Manifest, revisions: Iterable[str]
) -> bool:
    """Answer whether ``rule`` is one of ours that lets requests pick one of ``revisions``."""
    headers = [h for match in rule.get("matches") or () for h in match.get("headers") or ()]
    values = [str(header.get("value")) for header in headers]
    return any(
        contains(rule, _picking(seen, path, value, revision))
        for value in values
        for revision in revisions
    )


def _parent(namespace: str, ref: ParentRef) -> dict[str, Any]:
    parent = {
        "group": GATEWAY_GROUP,
        "kind": "Gateway",
        "namespace": ref.namespace or namespace,
        "name": ref.name,
    }
    return {**parent, "sectionName": ref.section_name} if ref.section_name else parent
