"""Each run counts once in the operator's metrics, when its last status is written."""

from typing import Any

import pytest

from checkrail_operator.loop import Passes
from checkrail_operator.metrics import Metrics
from checkrail_operator.plan.errors import TransientError
from checkrail_operator.plan.types import Event, Key, Manifest
from harness.silent_web import SilentWeb
from harness.training_situations import SITUATIONS
from harness.training_world import KEY, TrainingWorld, spec
from unit.operator_core.failing_cluster import FailingCluster

NAME = "checkrail_training_runs_finished_total"


async def no_event(_: Manifest, __: Event) -> None:
    return


def no_wake(_: Key) -> None:
    return


def passes(world: TrainingWorld, metrics: Metrics) -> Passes:
    return Passes(
        world.cluster,
        SilentWeb(),
        defaults=world.defaults,
        tell=no_event,
        wake=no_wake,
        metrics=metrics,
        clock=lambda: 0.0,
        now=lambda: world.cluster.now,
    )


def counted(metrics: Metrics) -> list[tuple[dict[str, str], float]]:
    samples = [sample for metric in metrics.registry.collect() for sample in metric.samples]
    return [(sample.labels, sample.value) for sample in samples if sample.name == NAME]


def labels(
    outcome: str, reason: str, owner: str = "", project: str = "", cause: str = ""
) -> dict[str, str]:
    return {
        "namespace": "team-a",
        "model": "flight-delays",
        "owner": owner,
        "project": project,
        "outcome": outcome,
        "reason": reason,
        "cause": cause or reason,
    }


@pytest.mark.parametrize(
    ("situation", "want"),
    [
        pytest.param("published", labels("Complete", "Published"), id="a published run"),
        pytest.param("bad_data", labels("Failed", "LabelNotFound"), id="a run that failed"),
        pytest.param("deadline_over", labels("Failed", "DeadlineExceeded"), id="a late run"),
        pytest.param(
            "all_retries_used",
            labels("Failed", "BackoffLimitExceeded", cause="Crashed"),
            id="a run whose retries are used up",
        ),
        pytest.param(
            "deadline_over_between_attempts",
            labels("Failed", "DeadlineExceeded", cause="StoreUnavailable"),
            id="a late run without its store",
        ),
    ],
)
async def test_a_run_counts_once(situation: str, want: dict[str, str]) -> None:
    world, metrics = TrainingWorld(), Metrics()
    await SITUATIONS[situation](world)
    run = passes(world, metrics)

    for _ in range(4):
        await run(KEY)
        world.later(1)

    assert counted(metrics) == [(want, 1.0)]


async def test_who_answers_for_a_run_is_counted_with_it() -> None:
    world, metrics = TrainingWorld(), Metrics()
    world.apply(spec(ownership={"owner": "ops", "project": "punctuality"}))
    await world.run_pass()
    world.pod_ends(12)

    await passes(world, metrics)(KEY)

    assert counted(metrics) == [(labels("Failed", "ParityFailed", "ops", "punctuality"), 1.0)]


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"backoffLimit": -1}, id="a spec that another release wrote"),
        pytest.param({"ownership": {"owner": "ops"}, "nmae": 1}, id="with an owner"),
    ],
)
async def test_a_run_that_its_spec_ends_counts_too(more: dict[str, Any]) -> None:
    world, metrics = TrainingWorld(), Metrics()
    world.apply(spec(**more))
    run = passes(world, metrics)

    for _ in range(3):
        await run(KEY)

    owner = more.get("ownership", {}).get("owner", "")
    assert counted(metrics) == [(labels("Failed", "InvalidSpec", owner), 1.0)]


async def test_a_run_whose_last_status_was_not_written_does_not_count_yet() -> None:
    cluster = FailingCluster()
    world, metrics = TrainingWorld(cluster), Metrics()
    await SITUATIONS["bad_data"](world)
    cluster.fails[f"status TrainingJob {KEY.name}"] = TransientError("away")
    run = passes(world, metrics)
    await run(KEY)
    before = counted(metrics)
    cluster.fails.clear()
    await run(KEY)

    assert (before, counted(metrics)) == ([], [(labels("Failed", "LabelNotFound"), 1.0)])
