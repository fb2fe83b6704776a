"""The operator's flows undisturbed, and what it does when nothing is to be done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checkrail_api.names import owner_labels
from wiring import flows
from wiring.admin import OURS, wait_until

if TYPE_CHECKING:
    from wiring.world import Site

pytestmark = pytest.mark.wiring


def test_a_training_job_ends_complete_with_one_job_and_one_version(site: Site) -> None:
    site.start()

    flows.train(site.namespace)
    flows.trained(site.namespace)

    assert flows.trained_end(site.namespace) == {
        "jobs": ["1"],
        "pods": 1,
        "config maps": 1,
        "versions": ["flights-ab12cd34"],
        "attempts": [(1, "Succeeded")],
        "version": "flights-ab12cd34",
        "conditions": {
            "Complete": "True",
            "DataReady": "True",
            "Evaluated": "True",
            "ParityChecked": "True",
            "Published": "True",
            "Ready": "True",
            "Trained": "True",
        },
    }


@pytest.mark.parametrize("split_by", ["a gateway", "numbers of pods"])
def test_a_canary_climbs_to_everything(site: Site, split_by: str) -> None:
    site.start()

    gateway = split_by == "a gateway"
    serve = flows.serve if gateway else flows.serve_without_gateway
    serve(site.namespace)
    flows.climbed(site.namespace)

    end = flows.climbed_end(site.namespace)
    (backend,) = end.pop("deployments")
    assert end == {
        "services": ["serve", backend],
        "selects": backend,
        "route": [(backend, 100)] if gateway else [],
        "stable": "fares-22222222",
        "canary": None,
        "rejected": [],
        "conditions": {
            "Available": "True",
            "Progressing": "False",
            "Ready": "True",
            "TrafficConverged": "True",
        },
    }


def test_a_network_policy_is_written_once_put_right_and_goes_when_none_is_wanted(
    site: Site,
) -> None:
    operator = site.start(CHECKRAIL_RESYNC_SECONDS="1")
    site.namespace.create(flows.model_version(flows.OLD))
    site.namespace.create(flows.model_deployment())
    site.namespace.wait_for("ModelDeployment", "serve", "Ready")
    made = site.namespace.get("NetworkPolicy", "serve-scoring")
    assert made is not None
    assert made["spec"] == {
        "podSelector": {"matchLabels": owner_labels("ModelDeployment", "serve")},
        "policyTypes": ["Ingress"],
        "ingress": [{"ports": [{"protocol": "TCP", "port": "http"}]}],
    }
    (pod,) = site.namespace.list("Pod", **OURS)
    assert owner_labels("ModelDeployment", "serve").items() <= pod["metadata"]["labels"].items()
    opened = {"spec": {"ingress": [{"ports": [{"protocol": "TCP", "port": "http"}]}, {}]}}
    assert site.namespace.patch("NetworkPolicy", "serve-scoring", opened).is_success

    wait_until(lambda: spec_of(site, "serve-scoring") == made["spec"])
    applied = (site.namespace.get("NetworkPolicy", "serve-scoring") or {})["metadata"]
    site.namespace.create(
        {"kind": "NetworkPolicy", "metadata": {"name": "theirs"}, "spec": {"podSelector": {}}}
    )
    operator.kill()
    operator.wait()
    site.start("operator-2", CHECKRAIL_SERVING_NETWORK_POLICY="false")

    wait_until(lambda: spec_of(site, "serve-scoring") is None, seconds=40)
    assert spec_of(site, "theirs") is not None
    assert applied["generation"] == 3


def spec_of(site: Site, policy: str) -> dict[str, Any] | None:
    """Return the spec of a NetworkPolicy; None if there is none."""
    found = site.namespace.get("NetworkPolicy", policy)
    return found["spec"] if found else None


def test_a_version_whose_pods_a_quota_refuses_says_so_and_serves_once_there_is_room(
    site: Site,
) -> None:
    site.start()
    flows.quota(site.namespace, "pods", 0)
    flows.serve(site.namespace)

    for kind in ("Ready", "Progressing"):
        wait_until(lambda kind=kind: "exceeded quota: few" in said(site, kind))  # type: ignore[misc]
        assert said(site, kind).startswith("0 of 1 pods of fares-11111111 are ready: a pod cannot")

    site.namespace.delete("ResourceQuota", "few")

    site.namespace.wait_for("ModelDeployment", "serve", "Ready", seconds=90)


def said(site: Site, kind: str) -> str:
    """Return the message of a condition of the ModelDeployment."""
    return str(site.namespace.condition("ModelDeployment", "serve", kind).get("message", ""))
