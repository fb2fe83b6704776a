"""Which changes are news, and whose pass they ask for."""

from dataclasses import replace

import pytest

from checkrail_operator.observe.news import is_news, owners
from checkrail_operator.plan.ownership import owner_reference
from checkrail_operator.plan.types import Key, Manifest

KEY = Key("TrainingJob", "team", "run")


@pytest.mark.parametrize(
    ("metadata", "status", "want"),
    [
        pytest.param({"generation": 1}, {}, True, id="new"),
        pytest.param({"generation": 2}, {"observedGeneration": 1}, True, id="edited"),
        pytest.param({"generation": 2}, {"observedGeneration": 2}, False, id="our own status"),
        pytest.param(
            {"generation": 2, "deletionTimestamp": "now"},
            {"observedGeneration": 2},
            True,
            id="being deleted",
        ),
    ],
)
def test_news(metadata: Manifest, status: Manifest, want: bool) -> None:  # noqa: FBT001 - a table's column
    assert is_news({"metadata": metadata, "status": status}) is want


OWN_LABELS = {"checkrail.dev/owner-kind": "TrainingJob", "checkrail.dev/owner": "run"}
OTHER_LABELS = {**OWN_LABELS, "checkrail.dev/owner": "other"}
CONTROLLER = owner_reference(KEY, "u-1")
REPLICA_SET = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "run", "controller": True}


@pytest.mark.parametrize(
    ("labels", "reference", "want"),
    [
        pytest.param(OWN_LABELS, REPLICA_SET, {KEY}, id="a pod of ours"),
        pytest.param(OWN_LABELS, CONTROLLER, {KEY}, id="a child of ours"),
        pytest.param(
            OTHER_LABELS,
            CONTROLLER,
            {KEY, replace(KEY, name="other")},
            id="a child whose owner's label somebody changed",
        ),
        pytest.param({}, CONTROLLER, {KEY}, id="a child whose labels somebody took off"),
        pytest.param(
            {**OWN_LABELS, "checkrail.dev/owner-kind": "Other"}, REPLICA_SET, set(), id="other"
        ),
        pytest.param({}, REPLICA_SET, set(), id="no labels"),
    ],
)
def test_whose_child_moved(labels: Manifest, reference: Manifest, want: set[Key]) -> None:
    metadata = {"namespace": "team", "labels": labels, "ownerReferences": [reference]}
    assert owners(metadata) == want
