"""A Gateway that is missing, or does not take the route: told, and over once it is mended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from wiring import flows
from wiring.actors import NOWHERE
from wiring.admin import wait_until

if TYPE_CHECKING:
    from wiring.world import Site

pytestmark = pytest.mark.wiring

REFUSALS = {
    "the listener keeps this namespace out": {
        "type": "Accepted",
        "reason": "NotAllowedByListeners",
        "message": "No listener allows routes of this namespace",
    },
    "no listener takes the host": {
        "type": "Accepted",
        "reason": "NoMatchingListenerHostname",
        "message": "No listener matches models.example.com",
    },
    "a Service is not found": {
        "type": "ResolvedRefs",
        "reason": "BackendNotFound",
        "message": "service not found",
    },
}


def told(site: Site, kind: str) -> dict[str, Any]:
    return site.namespace.condition("ModelDeployment", "serve", kind)


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refused_route_is_told_in_the_gateways_words_and_goes_on_when_taken(
    site: Site, name: str
) -> None:
    refusal, routes = REFUSALS[name], site.world.routes
    routes.refusals[site.namespace.name] = {**refusal, "status": "False"}
    site.start()
    flows.serve(site.namespace)

    wait_until(lambda: told(site, "Ready").get("reason") == "RouteNotAccepted", seconds=40)
    for kind in ("Ready", "TrafficConverged"):
        assert told(site, kind)["status"] == "False"
        assert told(site, kind)["reason"] == "RouteNotAccepted"
        assert told(site, kind)["message"].startswith(
            f"Gateway {site.namespace.name}/gate: {refusal['type']} is False, "
            f"{refusal['reason']}: {refusal['message']}. "
        )
    assert told(site, "Available")["status"] == "True"

    del routes.refusals[site.namespace.name]
    routes.again(site.namespace.name)

    site.namespace.wait_for("ModelDeployment", "serve", "Ready")
    site.namespace.wait_for("ModelDeployment", "serve", "TrafficConverged")


def test_a_missing_gateway_is_named_and_counts_as_stalled_until_another_one_is_asked_for(
    site: Site,
) -> None:
    site.start(CHECKRAIL_RESYNC_SECONDS="1")
    site.namespace.create(flows.model_version(flows.OLD))
    body = flows.model_deployment()
    body["spec"]["traffic"]["gateway"]["parentRefs"] = [{"name": NOWHERE, "namespace": "infra"}]
    body["spec"]["rollout"]["progressDeadlineSeconds"] = 10
    site.namespace.create(body)

    wait_until(lambda: told(site, "Ready").get("reason") == "RoutePending", seconds=40)
    words = f"Gateway infra/{NOWHERE} has not answered for this route. Create it, or name another"
    assert told(site, "TrafficConverged")["status"] == "Unknown"
    assert told(site, "TrafficConverged")["message"].startswith(words)
    assert words in told(site, "Ready")["message"]

    site.namespace.wait_for("ModelDeployment", "serve", "Stalled", seconds=60)
    assert told(site, "Ready")["status"] == "False"
    assert told(site, "Stalled")["reason"] == "RoutePending"

    mended = {"spec": {"traffic": {"gateway": {"parentRefs": [{"name": "gate"}]}}}}
    assert site.namespace.patch("ModelDeployment", "serve", mended).is_success

    site.namespace.wait_for("ModelDeployment", "serve", "Ready")
    assert told(site, "Stalled") == {}
