"""What a stalled object says: the truth of this pass, under what stands in the way."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from checkrail_operator.plan.errors import InvalidSpecError, NameConflictError
from checkrail_operator.plan.stalled import stalled
from checkrail_operator.plan.types import Event, Key, Plan

NOW = datetime(2026, 11, 23, 3, 15, tzinfo=UTC)
BEFORE = "2026-11-23T03:00:00Z"
KEY = Key("ModelDeployment", "team", "serve")
REFUSED = InvalidSpecError("the API server refused apply Deployment serve-1: no")


def said(kind: str, status: str, reason: str, message: str, generation: int) -> dict[str, Any]:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": BEFORE,
        "observedGeneration": generation,
    }


SERVED = said("Available", "True", "Serving", "pods that answer", 1)
OWNER: dict[str, Any] = {
    "kind": "ModelDeployment",
    "metadata": {"namespace": "team", "name": "serve", "generation": 2},
    "status": {
        "observedGeneration": 1,
        "conditions": [SERVED, said("Ready", "True", "Stable", "", 1)],
        "stable": {"version": "m-1"},
    },
}
SILENT = said("Available", "False", "NotServing", "no pod answers", 2)
PLAN = Plan(
    KEY,
    status={
        "observedGeneration": 2,
        "conditions": [
            SILENT,
            said("Ready", "Unknown", "Canary", "", 2),
            said("Reconciling", "True", "Canary", "", 2),
        ],
        "canary": {"version": "m-2"},
    },
    requeue_after_seconds=1.0,
)
NEW = {"lastTransitionTime": "2026-11-23T03:15:00Z"}
OVER = [
    said("Ready", "False", "InvalidSpec", str(REFUSED), 2) | NEW,
    said("Stalled", "True", "InvalidSpec", str(REFUSED), 2) | NEW,
]


def test_a_refused_child_leaves_the_rest_of_the_status_true() -> None:
    assert stalled(OWNER, PLAN, REFUSED, NOW) == Plan(
        KEY,
        status={
            "observedGeneration": 2,
            "conditions": [SILENT, *OVER],
            "canary": {"version": "m-2"},
        },
        events=(Event("Warning", "InvalidSpec", str(REFUSED)),),
        requeue_after_seconds=5.0,
    )


def test_what_is_not_decided_anew_keeps_the_generation_it_spoke_of() -> None:
    told = stalled(OWNER, None, REFUSED, NOW)

    assert told.status == OWNER["status"] | {
        "observedGeneration": 2,
        "conditions": [SERVED, *OVER],
    }
    assert told.requeue_after_seconds is None


def test_the_same_stall_is_told_once() -> None:
    first = stalled(OWNER, PLAN, REFUSED, NOW)
    again = stalled(OWNER | {"status": first.status}, PLAN, REFUSED, NOW)

    assert (again.status, again.events) == (first.status, ())


@pytest.mark.parametrize(
    ("plan", "want"),
    [
        pytest.param(Plan(KEY, status={}), 30.0, id="at rest"),
        pytest.param(PLAN, 5.0, id="under way"),
        pytest.param(Plan(KEY, status={}, requeue_after_seconds=60.0), 30.0, id="waiting"),
    ],
)
def test_a_conflict_is_looked_at_again(plan: Plan, want: float) -> None:
    conflict = NameConflictError("v1", "Service", "serve")
    assert stalled(OWNER, plan, conflict, NOW).requeue_after_seconds == want
