from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from checkrail_operator.observe.raw import Raw
from checkrail_operator.plan.errors import InvalidSpecError, NameConflictError, TransientError
from checkrail_operator.plan.types import Event, Key, Manifest, Plan, Ref
from checkrail_operator.shell.execute import Written, execute
from harness.fake_cluster import FakeCluster, OperatorDiedError
from unit.operator_core.failing_cluster import cluster_of

OWNER: dict[str, Any] = {
    "apiVersion": "checkrail.dev/v1alpha1",
    "kind": "TrainingJob",
    "metadata": {"name": "run", "namespace": "team", "uid": "owner", "resourceVersion": "1"},
}
KEY = Key("TrainingJob", "team", "run")
EVENT = Event("Normal", "Published", "done")


def child(name: str, uid: str = "owner") -> dict[str, Any]:
    reference = {"kind": "TrainingJob", "name": "run", "uid": uid, "controller": True}
    metadata = {"name": name, "namespace": "team", "ownerReferences": [reference]}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "1"}}


RECORD: dict[str, Any] = {
    "apiVersion": "checkrail.dev/v1alpha1",
    "kind": "ModelVersion",
    "metadata": {"name": "v", "namespace": "team"},
    "spec": {"artifact": {"sha256": "ab"}},
}
OLD = child("old")
PLAN = Plan(
    KEY,
    children=(child("one"), child("two")),
    records=(RECORD,),
    status={"phase": "done"},
    events=(EVENT,),
)
VERSION = "resourceVersion"
ALL = [
    "apply ConfigMap one",
    "apply ConfigMap two",
    "create ModelVersion v",
    "delete ConfigMap old",
    "status TrainingJob run",
]


def described(cluster: FakeCluster) -> list[Any]:
    """Return what exists, but for the versions: a repeated write may count."""
    return sorted(
        (identity, {k: v for k, v in body.items() if k != "metadata"})
        for identity, body in cluster.objects.items()
    )


class Told:
    """Collects events."""

    def __init__(self) -> None:
        self.events: list[str] = []

    async def __call__(self, owner: Manifest, event: Event) -> None:
        self.events.append(f"{owner['metadata']['name']}: {event.reason}")


def raw_of(cluster: FakeCluster) -> Raw:
    """Return what a pass would read now."""
    (owner,) = cluster.of_kind("TrainingJob")
    return Raw(owner, children=tuple(cluster.of_kind("ConfigMap")))


def planned(cluster: FakeCluster) -> Plan:
    """Return the plan, which prunes only what is there."""
    prune = tuple(
        Ref("v1", "ConfigMap", "team", "old", live["metadata"]["uid"], live["metadata"][VERSION])
        for live in cluster.of_kind("ConfigMap")
        if live["metadata"]["name"] == "old"
    )
    return replace(PLAN, prune=prune)


async def test_the_status_comes_after_everything_it_speaks_of_and_the_event_after_it() -> None:
    cluster, told = cluster_of(OWNER, OLD), Told()

    written = await execute(cluster, planned(cluster), raw_of(cluster), told)

    assert cluster.writes == ALL
    assert written == Written(children=2, records=1, prunes=1, status=True)
    assert told.events == ["run: Published"]


async def test_a_second_pass_writes_nothing_and_tells_nothing() -> None:
    cluster, told = cluster_of(OWNER), Told()
    await execute(cluster, planned(cluster), raw_of(cluster), told)
    cluster.writes.clear()
    told.events.clear()

    written = await execute(cluster, planned(cluster), raw_of(cluster), told)

    assert (written, cluster.writes, told.events) == (Written(), [], [])


@pytest.mark.parametrize("calls", range(len(ALL)))
async def test_a_crash_between_any_two_writes_is_repaired_by_the_next_pass(calls: int) -> None:
    whole = cluster_of(OWNER, OLD)
    await execute(whole, planned(whole), raw_of(whole), Told())
    cluster = cluster_of(OWNER, OLD, dies_after=calls)
    with pytest.raises(OperatorDiedError):
        await execute(cluster, planned(cluster), raw_of(cluster), Told())

    cluster.dies_after = None
    await execute(cluster, planned(cluster), raw_of(cluster), Told())

    assert described(cluster) == described(whole)
    assert len(cluster.writes) == len(ALL)


REFUSED = InvalidSpecError("the API server refused apply ConfigMap one: no")


async def test_what_somebody_else_owns_is_not_touched_and_holds_up_nothing_but_the_status() -> None:
    cluster = cluster_of(OWNER, OLD, child("one", uid="somebody"))

    with pytest.raises(NameConflictError, match="ConfigMap one exists and is not owned"):
        await execute(cluster, planned(cluster), Raw(OWNER), Told())

    assert cluster.writes == [
        "apply ConfigMap two",
        "create ModelVersion v",
        "delete ConfigMap old",
    ]


async def test_what_the_api_server_refuses_holds_up_nothing_but_the_status() -> None:
    cluster = cluster_of(OWNER, OLD)
    cluster.fails["apply ConfigMap one"] = REFUSED
    cluster.fails["create ModelVersion v"] = InvalidSpecError("a later one")

    with pytest.raises(InvalidSpecError, match="ConfigMap one"):
        await execute(cluster, planned(cluster), raw_of(cluster), Told())

    assert cluster.writes == ["apply ConfigMap two", "delete ConfigMap old"]


def route(weight: int) -> dict[str, Any]:
    """Return a route with a share for Service ``one``, of the kind that tests here know."""
    backends = [{"kind": "ConfigMap", "name": "one", "weight": weight}]
    body = child("route") | {"kind": "HTTPRoute", "spec": {"rules": [{"backendRefs": backends}]}}
    del body["data"]
    return body


@pytest.mark.parametrize(
    ("weight", "there", "want"),
    [
        pytest.param(100, [], [], id="no share for what is missing"),
        pytest.param(100, [child("one", "somebody")], [], id="no share for somebody else's"),
        pytest.param(0, [], ["apply HTTPRoute route"], id="its share is taken away"),
        pytest.param(
            100, [child("one")], ["apply HTTPRoute route"], id="its earlier form still answers"
        ),
    ],
)
async def test_a_route_beside_a_refused_backend(
    weight: int, there: list[dict[str, Any]], want: list[str]
) -> None:
    cluster = cluster_of(OWNER, *there)
    cluster.fails["apply ConfigMap one"] = REFUSED

    with pytest.raises((InvalidSpecError, NameConflictError)):
        await execute(
            cluster, Plan(KEY, children=(child("one"), route(weight))), raw_of(cluster), Told()
        )

    assert cluster.writes == want


async def test_a_status_that_was_not_written_is_not_told() -> None:
    cluster, told = cluster_of(OWNER), Told()
    cluster.fails["status TrainingJob run"] = TransientError("conflict")

    with pytest.raises(TransientError):
        await execute(cluster, Plan(KEY, status={"a": 1}, events=(EVENT,)), raw_of(cluster), told)

    assert told.events == []
