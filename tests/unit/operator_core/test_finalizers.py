"""Our finalizer goes on and off as planned, and never keeps a namespace that ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from checkrail_api.names import FINALIZER
from checkrail_operator.loop import Passes
from checkrail_operator.metrics import Metrics
from checkrail_operator.observe.news import woken_by
from checkrail_operator.observe.raw import Raw
from checkrail_operator.plan.errors import InvalidSpecError, TransientError
from checkrail_operator.plan.types import Event, Key, Plan
from checkrail_operator.plan.wake_waiting import given_up
from checkrail_operator.queue import Outcome
from checkrail_operator.shell.cluster import NamespaceTerminatingError
from checkrail_operator.shell.events import Teller
from checkrail_operator.shell.execute import Written, execute
from harness.fake_cluster import START, FakeCluster
from harness.silent_web import SilentWeb
from harness.training_world import DEFAULTS
from harness.version_world import KEY, version
from unit.operator_core.failing_cluster import FailingCluster, cluster_of

if TYPE_CHECKING:
    from collections.abc import Mapping

OTHER = "example.com/audit"
EVENT = Event("Normal", "ArtifactShared", "it stays", once=True)
PLAN = Plan(KEY, events=(EVENT,), finalizer=False)


def held(*finalizers: str, going: bool = True) -> dict[str, Any]:
    body = version()
    body["metadata"]["finalizers"] = list(finalizers)
    if going:
        body["metadata"]["deletionTimestamp"] = "2026-11-23T12:00:00Z"
    return body


def raw_of(cluster: FakeCluster) -> Raw:
    (owner,) = cluster.of_kind("ModelVersion")
    return Raw(owner)


@pytest.mark.parametrize(
    ("there", "wanted", "want"),
    [
        pytest.param([], True, [FINALIZER], id="put on"),
        pytest.param([OTHER], True, [OTHER, FINALIZER], id="put on after others'"),
        pytest.param([FINALIZER, OTHER], True, None, id="on already"),
        pytest.param([OTHER, FINALIZER], False, [OTHER], id="taken off"),
        pytest.param([OTHER], False, None, id="off already"),
        pytest.param([FINALIZER], None, None, id="left as it is"),
    ],
)
async def test_the_finalizer_is(
    there: list[str],
    wanted: bool | None,  # noqa: FBT001 - a table's column
    want: list[str] | None,
) -> None:
    cluster = cluster_of(held(*there, going=False))

    written = await execute(cluster, Plan(KEY, finalizer=wanted), raw_of(cluster), cluster.tell)

    assert written == Written(finalizer=want is not None)
    assert raw_of(cluster).owner["metadata"]["finalizers"] == (there if want is None else want)


async def test_what_became_of_an_artifact_is_told_before_its_version_goes() -> None:
    class Order(FakeCluster):
        async def tell(self, owner: Mapping[str, Any], event: Event) -> None:
            self.writes.append(f"tell {event.reason}")
            await super().tell(owner, event)

    cluster = Order()
    cluster.put(held(FINALIZER))

    await execute(cluster, PLAN, raw_of(cluster), cluster.tell)

    assert cluster.writes == ["tell ArtifactShared", f"finalizers ModelVersion {KEY.name}"]
    assert cluster.of_kind("ModelVersion") == []


async def test_a_version_that_changed_since_it_was_read_is_not_let_go() -> None:
    cluster = cluster_of(held(FINALIZER))
    raw = raw_of(cluster)
    cluster.put({**raw.owner, "spec": {**raw.owner["spec"], "deletionPolicy": "Retain"}})

    with pytest.raises(TransientError):
        await execute(cluster, PLAN, raw, cluster.tell)

    assert raw_of(cluster).owner["metadata"]["finalizers"] == [FINALIZER]


async def test_an_event_of_an_object_without_a_status_is_posted_once() -> None:
    cluster = FakeCluster()
    owner = cluster.put(held(FINALIZER))
    teller = Teller(cluster, "operator", lambda: START)

    for _ in range(2):
        await teller.tell(owner, EVENT)

    assert [write.split()[0] for write in cluster.writes] == ["create"]


def passes(cluster: FailingCluster) -> Passes:
    return Passes(
        cluster,
        SilentWeb(),
        defaults=DEFAULTS,
        tell=cluster.tell,
        wake=lambda _: None,
        metrics=Metrics(),
        clock=lambda: 0.0,
        now=lambda: START,
    )


@dataclass
class RefusingJobs(FailingCluster):
    """A cluster that takes no Job."""

    refusal: Exception = field(default_factory=lambda: NamespaceTerminatingError("team-a ends"))

    async def create(self, manifest: Mapping[str, Any]) -> bool:
        if manifest["kind"] == "Job":
            raise self.refusal
        return await super().create(manifest)


async def test_a_namespace_that_ends_is_not_held_up(caplog: pytest.LogCaptureFixture) -> None:
    cluster = RefusingJobs()
    cluster.put(held(FINALIZER))

    await passes(cluster)(KEY)

    assert cluster.of_kind("ModelVersion") == []
    assert "artifact is left, its namespace is being deleted" in caplog.messages


async def test_a_refused_job_is_told_and_the_version_waits() -> None:
    cluster = RefusingJobs(refusal=InvalidSpecError("the API server refused create Job x: no"))
    cluster.put(held(FINALIZER))

    outcome = await passes(cluster)(KEY)

    assert outcome == Outcome(failed=True)
    assert [(e.type, e.reason) for e in cluster.events] == [("Warning", "ArtifactNotRemoved")]
    assert raw_of(cluster).owner["metadata"]["finalizers"] == [FINALIZER]


async def test_a_version_that_only_others_hold_is_left_to_them() -> None:
    cluster = cluster_of(held(OTHER))

    assert await passes(cluster)(KEY) == Outcome()
    assert cluster.writes == []


def deployment(**status: Any) -> dict[str, Any]:
    return {
        "apiVersion": "checkrail.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": "serve", "namespace": "team-a", "generation": 1},
        "spec": {},
        "status": {"observedGeneration": 1, **status},
    }


SERVE = Key("ModelDeployment", "team-a", "serve")
OLD, NEW = (Key("ModelVersion", "team-a", name) for name in ("m-1", "m-2"))
STABLE, CANARY = {"stable": {"version": "m-1"}}, {"canary": {"version": "m-2"}}


@pytest.mark.parametrize(
    ("event", "want"),
    [
        pytest.param("MODIFIED", (), id="our own status"),
        pytest.param("DELETED", (SERVE, OLD, NEW), id="gone: its versions may go too"),
    ],
)
def test_an_event_of_a_deployment_wakes(event: str, want: tuple[Key, ...]) -> None:
    assert woken_by("ModelDeployment", event, deployment(**STABLE, **CANARY)) == want


@pytest.mark.parametrize(
    ("status", "want"),
    [
        pytest.param(None, (), id="nothing is written"),
        pytest.param({**STABLE, **CANARY}, (), id="both stay"),
        pytest.param(STABLE, (NEW,), id="rolled back"),
        pytest.param({"stable": {"version": "m-2"}}, (OLD,), id="promoted"),
    ],
)
def test_a_deployment_wakes_the_versions_that_it_gives_up(
    status: dict[str, Any] | None, want: tuple[Key, ...]
) -> None:
    assert given_up(deployment(**STABLE, **CANARY), status) == want
