"""The operator's flows undisturbed, and what it does when nothing is to be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from wiring import flows

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


def test_a_canary_climbs_to_everything(site: Site) -> None:
    site.start()

    flows.serve(site.namespace)
    flows.climbed(site.namespace)

    end = flows.climbed_end(site.namespace)
    (backend,) = end.pop("deployments")
    assert end == {
        "services": ["serve", backend],
        "route": [(backend, 100)],
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
