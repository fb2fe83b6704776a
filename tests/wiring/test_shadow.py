"""A candidate in shadow on a real API server, with the rights of the chart."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from wiring import flows
from wiring.admin import OURS, wait_until

if TYPE_CHECKING:
    from wiring.world import Site

pytestmark = pytest.mark.wiring

ROLLOUT: dict[str, Any] = {"steps": [{"weight": 50, "holdSeconds": 0}], "minRequests": 0}


def test_the_candidate_is_named_while_it_is_compared_and_not_begun_without_evidence(
    site: Site,
) -> None:
    site.start()
    space = site.namespace
    space.create(flows.model_version(flows.OLD))
    space.create(flows.model_deployment(rollout={**ROLLOUT, "shadow": {}}))
    space.wait_for("ModelDeployment", "serve", "Ready")
    [stable] = [each["metadata"]["name"] for each in space.list("Deployment", **OURS)]

    space.create(flows.model_version(flows.NEW))

    wait_until(lambda: bool(space.get("ConfigMap", f"{stable}-shadow")))
    named = space.get("ConfigMap", f"{stable}-shadow") or {}
    assert json.loads(named["data"]["candidate.json"])["sha256"] == flows.NEW
    wait_until(lambda: reason(site) == "Shadow")  # no pod answers here: there is no node
    assert [each["metadata"]["name"] for each in space.list("Deployment", **OURS)] == [stable]

    space.patch("ModelDeployment", "serve", {"spec": {"rollout": {"shadow": None}}})

    wait_until(lambda: space.get("ConfigMap", f"{stable}-shadow") is None)
    wait_until(lambda: stable_digest(site) == flows.NEW, seconds=60)


def reason(site: Site) -> str:
    found = site.namespace.condition("ModelDeployment", "serve", "Ready")
    return str(found.get("reason", ""))


def stable_digest(site: Site) -> str:
    found = site.namespace.get("ModelDeployment", "serve") or {}
    return str(found.get("status", {}).get("stable", {}).get("sha256", ""))
