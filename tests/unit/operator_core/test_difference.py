from __future__ import annotations

from typing import Any

import pytest

from checkrail_operator.plan.deployment.difference import (
    APPLIED_HASH,
    Change,
    applied_hash,
    at_rest,
    change_needed,
    contains,
    same_status,
)
from checkrail_operator.plan.errors import NameConflictError
from checkrail_operator.plan.types import Key, Plan, Ref

UID = "u-1"
KEY = Key("ModelDeployment", "team", "serve")


def service(uid: str = UID, kind: str = "Service", **spec: Any) -> dict[str, Any]:
    reference = {"kind": "ModelDeployment", "name": "serve", "uid": uid, "controller": True}
    metadata = {"name": "serve", "namespace": "team", "ownerReferences": [reference]}
    api_version = "batch/v1" if kind == "Job" else "v1"
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}


def applied(wanted: dict[str, Any], **live: Any) -> dict[str, Any]:
    """Return ``wanted`` as it is once applied, with ``live`` spec fields of others."""
    annotations = {APPLIED_HASH: applied_hash(wanted)}
    metadata = {**wanted["metadata"], "uid": "child", "annotations": annotations}
    return {**wanted, "metadata": metadata, "spec": {**wanted["spec"], **live}}


WANTED = service(type="ClusterIP")


@pytest.mark.parametrize(
    ("wanted", "live", "want"),
    [
        pytest.param(WANTED, None, Change.CREATE, id="what is absent is created"),
        pytest.param(WANTED, applied(WANTED), Change.NONE, id="what is there is left alone"),
        pytest.param(
            WANTED,
            applied(WANTED, clusterIP="10.96.0.7"),
            Change.NONE,
            id="fields of others do not matter",
        ),
        pytest.param(
            WANTED,
            applied(WANTED, type="NodePort"),
            Change.APPLY,
            id="a field that somebody changed is taken back",
        ),
        pytest.param(
            WANTED,
            applied(service(type="ClusterIP", sessionAffinity="None")),
            Change.APPLY,
            id="a field that is no longer wanted is given up",
        ),
        pytest.param(
            service(kind="Job", parallelism=2),
            service(kind="Job", parallelism=1),
            Change.NONE,
            id="a job ends as it was begun",
        ),
    ],
)
def test_change_needed(wanted: dict[str, Any], live: dict[str, Any] | None, want: Change) -> None:
    assert change_needed(wanted, live) is want


@pytest.mark.parametrize(
    "live",
    [
        pytest.param(service("u-0", type="ClusterIP"), id="of an owner of the same name before"),
        pytest.param({**WANTED, "metadata": {"name": "serve"}}, id="of nobody"),
    ],
)
def test_an_object_of_somebody_else_is_a_conflict(live: dict[str, Any]) -> None:
    with pytest.raises(NameConflictError) as error:
        change_needed(WANTED, live)
    assert str(error.value) == (
        "Service serve exists and is not owned by this object: delete or rename it, or create "
        "this object under another name"
    )


@pytest.mark.parametrize(
    ("wanted", "live", "want"),
    [
        pytest.param({"a": 1}, {"a": 1, "b": 2}, True, id="defaults are allowed"),
        pytest.param({"a": {"b": 1}}, {"a": {"b": 2}}, False, id="another value"),
        pytest.param({"a": {}}, {}, True, id="the API server drops what is empty"),
        pytest.param({"a": False}, {}, False, id="false is not absent"),
        pytest.param(
            {"env": [{"name": "A", "value": ""}]}, {"env": [{"name": "A"}]}, True, id="empty text"
        ),
        pytest.param(
            {"limits": {"cpu": "1000m", "memory": "1024Mi"}},
            {"limits": {"cpu": "1", "memory": "1Gi"}},
            True,
            id="quantities by value",
        ),
        pytest.param({"limits": {"cpu": 1}}, {"limits": {"cpu": "1"}}, True, id="whole numbers"),
        pytest.param({"limits": {"cpu": "1"}}, {"limits": {"cpu": "2"}}, False, id="more"),
        pytest.param({"cpu": "1000m"}, {"cpu": "1"}, False, id="text elsewhere is text"),
        pytest.param(
            {"env": [{"name": "b"}]},
            {"env": [{"name": "a"}, {"name": "b"}]},
            True,
            id="an item of others in a shared list",
        ),
        pytest.param(
            {"env": [{"name": "b"}]}, {"env": [{"name": "a"}]}, False, id="item is missing"
        ),
        pytest.param({"env": [{"name": "b"}]}, {"env": None}, False, id="shared list is null"),
        pytest.param(
            {"backendRefs": [{"name": "a"}]},
            {"backendRefs": [{"name": "a"}, {"name": "b"}]},
            False,
            id="an item of others in a list of ours",
        ),
        pytest.param(
            {"parentRefs": [{"name": "a"}, {"name": "b"}]},
            {"parentRefs": [{"name": "b"}, {"name": "a"}]},
            False,
            id="another order",
        ),
        pytest.param({"c": ["ALL"]}, {"c": ["ALL", "X"]}, False, id="plain lists are whole"),
        pytest.param(
            {"ports": [{"port": "http"}]},
            {"ports": [{"port": "http"}, {"port": 22}]},
            False,
            id="ports without names are a plain list",
        ),
        pytest.param(
            {"selector": {"app": "a"}},
            {"selector": {"app": "a", "of": "others"}},
            False,
            id="a label of others in a selector",
        ),
        pytest.param(
            {"podSelector": {"matchLabels": {"app": "a"}}},
            {"podSelector": {"matchLabels": {"app": "a", "of": "others"}}},
            False,
            id="a label of others in a label selector",
        ),
        pytest.param({"c": [{"k": 1}]}, {"c": [{"k": 1, "d": 2}]}, True, id="items in order"),
        pytest.param(
            {"selector": {"app": "a"}},
            {"selector": {"app": "a", "more": "b"}},
            False,
            id="a label that somebody added to a selector",
        ),
        pytest.param(
            {"rules": [{"matches": [{"path": "/"}]}]},
            {"rules": [{"matches": [{"path": "/", "method": "PUT"}]}]},
            False,
            id="a match that somebody added to a rule of a route",
        ),
        pytest.param(
            {"rules": [{"filters": []}]},
            {"rules": [{"filters": [{"type": "RequestMirror"}]}]},
            False,
            id="a filter that somebody added to a rule of a route",
        ),
        pytest.param(
            {"rules": [{"filters": []}]},
            {"rules": [{"timeouts": {"request": "1s"}}]},
            True,
            id="a timeout that a webhook sets in a rule of a route",
        ),
        pytest.param(
            {"rules": [{"backendRefs": [{"weight": 1}]}]},
            {"rules": [{"backendRefs": [{"weight": 1}]}, {"backendRefs": [{"weight": 1}]}]},
            False,
            id="a rule that somebody added to a route",
        ),
    ],
)
def test_contains(wanted: Any, live: Any, want: bool) -> None:  # noqa: FBT001 - a table's column
    assert contains(live, wanted) is want


RECORD = {"apiVersion": "checkrail.dev/v1alpha1", "kind": "ModelVersion", "metadata": {"name": "v"}}
REF = Ref("v1", "Service", "team", "old", "u-9", "7")


@pytest.mark.parametrize(
    ("plan", "want"),
    [
        pytest.param(Plan(KEY, children=(WANTED,), status={"a": 1}), True, id="all is there"),
        pytest.param(Plan(KEY, children=(service(type="NodePort"),)), False, id="child differs"),
        pytest.param(Plan(KEY, children=(service(kind="Job"),)), False, id="child is missing"),
        pytest.param(Plan(KEY, records=(RECORD,)), False, id="record is missing"),
        pytest.param(Plan(KEY, prune=(REF,)), False, id="something is to go"),
        pytest.param(Plan(KEY, status={"a": 2}), False, id="status differs"),
        pytest.param(Plan(KEY, status={"a": 1, "b": []}), True, id="empty is absent in a status"),
    ],
)
def test_at_rest(plan: Plan, want: bool) -> None:  # noqa: FBT001 - a table's column
    assert at_rest(plan, [applied(WANTED)], {"a": 1}) is want


def test_a_status_that_lost_a_field_is_written() -> None:
    assert not same_status({"a": 1}, {"a": 1, "b": 2})
