from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from checkrail_operator.loop import Passes
from checkrail_operator.metrics import Metrics
from checkrail_operator.plan.errors import InvalidSpecError, TransientError
from checkrail_operator.plan.stalled import CONFLICT_LOOK_AGAIN_SECONDS
from checkrail_operator.plan.types import Defaults, Event, Key, Manifest
from checkrail_operator.queue import Outcome
from checkrail_operator.shell.cluster import NamespaceTerminatingError, StatusRefusedError
from checkrail_operator.shell.translate import ThrottledError
from harness.silent_web import SilentWeb
from unit.operator_core.failing_cluster import FailingCluster, cluster_of

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = datetime(2026, 11, 23, 3, 15, tzinfo=UTC)
API = "checkrail.dev/v1alpha1"
KEY = Key("TrainingJob", "team", "run")
GET = "get TrainingJob"


def training_job(**spec: Any) -> dict[str, Any]:
    data = {
        "sources": [{"name": "t", "uri": "s3://lake/t.parquet"}],
        "label": "y",
        "holdout": {"strategy": "Fraction", "fraction": "0.2"},
    }
    return {
        "apiVersion": API,
        "kind": "TrainingJob",
        "metadata": {
            "name": "run",
            "namespace": "team",
            "uid": "owner",
            "generation": 1,
            "resourceVersion": "1",
            "creationTimestamp": "2026-11-23T03:14:59Z",
        },
        "spec": {
            "model": "m",
            "data": data,
            "train": {"workflow": "logistic-regression"},
            "store": {"uri": "s3://models/m"},
            **spec,
        },
    }


async def no_event(_: Manifest, __: Event) -> None:
    return


def passes(cluster: FailingCluster, metrics: Metrics, woken: list[Key] | None = None) -> Passes:
    return Passes(
        cluster,
        SilentWeb(),
        defaults=Defaults("trainer:1", "server:1"),
        tell=no_event,
        wake=(woken if woken is not None else []).append,
        metrics=metrics,
        clock=lambda: 0.0,
        now=lambda: NOW,
    )


def counted(metrics: Metrics, result: str) -> float | None:
    labels = {"kind": "TrainingJob", "result": result}
    return metrics.registry.get_sample_value("checkrail_operator_passes_total", labels)


@pytest.mark.parametrize(
    ("error", "result", "want"),
    [
        pytest.param(
            TransientError("away"), "transient", Outcome(failed=True), id="is repeated when away"
        ),
        pytest.param(
            ThrottledError("slow down", 7),
            "transient",
            Outcome(failed=True, after_seconds=7),
            id="waits as long as it is told",
        ),
        pytest.param(
            NamespaceTerminatingError("going"), "gone", Outcome(), id="ends with its namespace"
        ),
        pytest.param(ZeroDivisionError(), "bug", Outcome(failed=True), id="survives a bug"),
        pytest.param(
            StatusRefusedError("schema"), "bug", Outcome(failed=True), id="is a bug when refused"
        ),
    ],
)
async def test_a_pass(error: Exception, result: str, want: Outcome) -> None:
    cluster, metrics = cluster_of(training_job()), Metrics()
    cluster.fails[GET] = error

    assert await passes(cluster, metrics)(KEY) == want
    assert counted(metrics, result) == 1


async def test_an_object_that_is_gone_needs_nothing() -> None:
    cluster = cluster_of()
    assert await passes(cluster, Metrics())(KEY) == Outcome()
    assert cluster.writes == []


async def test_an_object_that_is_being_deleted_is_left_to_the_garbage_collector() -> None:
    job = training_job()
    job["metadata"]["deletionTimestamp"] = "2026-11-23T03:15:00Z"
    cluster = cluster_of(job)
    assert await passes(cluster, Metrics())(KEY) == Outcome()
    assert cluster.writes == []


STATUS_TIME = "2026-11-23T03:15:00Z"


def over(message: str) -> dict[str, Any]:
    """Return the status of a run that its spec has ended before its first attempt."""
    common = {"observedGeneration": 1, "lastTransitionTime": STATUS_TIME}
    said = {"reason": "InvalidSpec", "message": message, **common}
    kinds = (("Failed", "True"), ("Ready", "False"), ("Stalled", "True"))
    return {
        "observedGeneration": 1,
        "conditions": [{"type": kind, "status": status, **said} for kind, status in kinds],
        "completionTime": STATUS_TIME,
    }


async def test_a_manifest_that_is_refused_ends_the_run_with_the_api_servers_words() -> None:
    cluster, metrics = cluster_of(training_job()), Metrics()
    await passes(cluster, metrics)(KEY)
    (name,) = [key[3] for key in cluster.objects if key[1] == "Job"]
    cluster = cluster_of(training_job())
    cluster.fails[f"create Job {name}"] = InvalidSpecError("cpu: must be more")

    assert await passes(cluster, metrics)(KEY) == Outcome(after_seconds=1.0)

    status = cluster.objects[API, "TrainingJob", "team", "run"]["status"]
    assert status == over("cpu: must be more")


TOO_MUCH = {"ladder": [{"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}}]}


async def test_a_spec_that_can_never_be_carried_out_ends_the_run_for_good() -> None:
    cluster = cluster_of(training_job(resources=TOO_MUCH))

    assert await passes(cluster, Metrics())(KEY) == Outcome(after_seconds=1.0)
    assert await passes(cluster, Metrics())(KEY) == Outcome()

    assert cluster.objects[API, "TrainingJob", "team", "run"]["status"] == over(
        "spec.resources.ladder[0].requests.memory: found 2Gi, expected at most the limit of 1Gi"
    )
    assert cluster.writes == ["status TrainingJob run"]


async def test_a_run_that_a_new_release_refuses_ends_with_its_attempt() -> None:
    cluster = cluster_of(training_job())
    await passes(cluster, Metrics())(KEY)
    owner = cluster.objects[API, "TrainingJob", "team", "run"]
    (begun,) = owner["status"]["attempts"]
    owner["spec"]["resources"] = TOO_MUCH

    await passes(cluster, Metrics())(KEY)
    await passes(cluster, Metrics())(KEY)

    status = cluster.objects[API, "TrainingJob", "team", "run"]["status"]
    message = next(c["message"] for c in status["conditions"] if c["type"] == "Failed")
    end = {"finishTime": STATUS_TIME, "outcome": "Failed", "reason": "InvalidSpec"}
    assert status["attempts"] == [{**begun, **end, "message": message}]
    assert cluster.of_kind("Job") == []


async def test_a_held_run_that_is_refused_when_it_goes_on_is_not_suspended_any_more() -> None:
    cluster = cluster_of(training_job(suspend=True))
    run = passes(cluster, Metrics())
    await run(KEY)
    owner = cluster.objects[API, "TrainingJob", "team", "run"]
    held = {c["type"] for c in owner["status"]["conditions"]}
    owner["spec"] |= {"suspend": False, "resources": TOO_MUCH}

    await run(KEY)

    status = cluster.objects[API, "TrainingJob", "team", "run"]["status"]
    assert held == {"Ready", "Suspended"}
    assert {c["type"] for c in status["conditions"]} == {"Failed", "Ready", "Stalled"}


async def test_a_run_without_a_store_waits_for_the_operators_default() -> None:
    cluster = cluster_of(training_job(store=None))

    assert await passes(cluster, Metrics())(KEY) == Outcome()

    conditions = cluster.objects[API, "TrainingJob", "team", "run"]["status"]["conditions"]
    assert [(c["type"], c["status"]) for c in conditions] == [
        ("Ready", "False"),
        ("Stalled", "True"),
    ]


async def test_a_name_conflict_is_told_and_looked_at_again() -> None:
    cluster = cluster_of(training_job())
    await passes(cluster, Metrics())(KEY)
    taken = next(o for o in cluster.objects.values() if o["kind"] == "ConfigMap")
    foreign = {**taken, "metadata": {"name": taken["metadata"]["name"], "namespace": "team"}}
    cluster = cluster_of(training_job(), foreign)

    outcome = await passes(cluster, Metrics())(KEY)

    assert outcome == Outcome(after_seconds=CONFLICT_LOOK_AGAIN_SECONDS)
    assert cluster.writes == ["status TrainingJob run"]


async def test_a_stall_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    cluster = cluster_of(training_job(store=None))

    await passes(cluster, Metrics())(KEY)
    await passes(cluster, Metrics())(KEY)

    (line,) = (r for r in caplog.records if r.getMessage() == "object is stalled")
    fields = vars(line)["fields"]
    assert (line.levelname, fields["name"], fields["reason"]) == ("WARNING", "run", "InvalidSpec")
    assert fields["error"].startswith("spec.store: found none")


def deployment(name: str, model: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": API,
        "kind": "ModelDeployment",
        "metadata": {"name": name, "namespace": "team"},
        "spec": {"model": model},
    }


VERSION: dict[str, Any] = {
    "apiVersion": API,
    "kind": "ModelVersion",
    "metadata": {"name": "m-12345678", "namespace": "team"},
    "spec": {"model": "m", "artifact": {"uri": "s3://models/m/x", "sha256": "12345678" * 8}},
}
GOING = {**VERSION, "metadata": {**VERSION["metadata"], "deletionTimestamp": STATUS_TIME}}


@pytest.mark.parametrize(
    "version",
    [
        pytest.param([VERSION], id="published"),
        pytest.param([GOING], id="being deleted"),
        pytest.param([], id="gone"),
    ],
)
async def test_a_version_wakes_those_whom_it_concerns(version: list[dict[str, Any]]) -> None:
    cluster = cluster_of(
        *version,
        deployment("follows", {"follow": {"model": "m"}}),
        deployment("names", {"versionRef": {"name": "m-12345678"}}),
        deployment("follows-another", {"follow": {"model": "n"}}),
        deployment("names-another", {"versionRef": {"name": "m-87654321"}}),
    )
    woken: list[Key] = []

    await passes(cluster, Metrics(), woken)(Key("ModelVersion", "team", "m-12345678"))

    assert woken == [Key("ModelDeployment", "team", name) for name in ("follows", "names")]
    assert cluster.writes == []
