"""No object, however broken, ends the resync: the others are still looked at."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from checkrail_operator.loop import Passes
from checkrail_operator.metrics import Metrics
from checkrail_operator.plan.errors import TransientError
from checkrail_operator.plan.types import Defaults, Event, Key, Manifest
from checkrail_operator.queue import Outcome, WorkQueue
from checkrail_operator.resync import Resync
from harness.baseline_bodies import OLD, publish
from harness.fake_cluster import START, FakeCluster
from harness.silent_web import SilentWeb
from harness.training_situations import SITUATIONS
from harness.training_world import DEFAULTS, KEY, TrainingWorld
from harness.version_situations import SITUATIONS as VERSIONS
from harness.version_world import VersionWorld

API = "checkrail.dev/v1alpha1"


class Pauses:
    """Sleeps no time, and notes for how long; the third sleep ends the test."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.begun = asyncio.Event()
        self.over = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self.begun.set()
        if len(self.seconds) == 3:
            self.over.set()
            await asyncio.Event().wait()


class BrokenLists(FakeCluster):
    """The API server whose first lists fail so."""

    failures: list[Exception]

    def pages(self, *arguments: Any, **selectors: Any) -> Any:
        """Fail, or list."""
        if self.failures:
            raise self.failures.pop(0)
        return super().pages(*arguments, **selectors)


async def no_event(_: Manifest, __: Event) -> None:
    return


NO_DEFAULTS = Defaults("trainer:1", "server:1")


def resync(
    cluster: FakeCluster, metrics: Metrics, sleep: Pauses, defaults: Defaults = NO_DEFAULTS
) -> tuple[Resync, WorkQueue]:
    queue = WorkQueue(clock=lambda: 0.0, sleep=sleep)
    passes = Passes(
        cluster,
        SilentWeb(),
        defaults=defaults,
        tell=no_event,
        wake=queue.add,
        metrics=metrics,
        clock=lambda: 0.0,
        now=lambda: cluster.now,
    )
    return Resync(
        cluster,
        queue,
        passes,
        namespaces=(),
        seconds=600.0,
        metrics=metrics,
        clock=lambda: 0.0,
        sleep=sleep,
        chance=lambda: 0.5,
    ), queue


def bugs(metrics: Metrics, kind: str) -> float | None:
    return metrics.registry.get_sample_value("checkrail_operator_bugs_total", {"kind": kind})


@pytest.mark.parametrize(
    ("failure", "counted"),
    [
        pytest.param(TransientError("away"), None, id="the API server is away"),
        pytest.param(RecursionError("too deep"), 1.0, id="a bug"),
    ],
)
async def test_a_resync_that_fails_is_repeated_soon(
    failure: Exception, counted: float | None
) -> None:
    cluster, metrics, sleep = BrokenLists(), Metrics(), Pauses()
    cluster.failures = [failure]
    running = asyncio.create_task(resync(cluster, metrics, sleep)[0].run())

    await sleep.over.wait()
    running.cancel()

    assert (sleep.seconds[:2], bugs(metrics, "Resync")) == ([0.75, 600.0], counted)


@pytest.mark.parametrize(
    ("seconds", "queued", "delays"),
    [
        pytest.param(3598, 0, [2.0], id="when it is time"),
        pytest.param(3600, 1, [], id="at once when the time is over"),
    ],
)
async def test_an_ended_run_is_found_again_when_its_jobs_are_to_go(
    seconds: int, queued: int, delays: list[float]
) -> None:
    """An operator that was not there when the run ended has no delay that would wake it."""
    world, sleep = TrainingWorld(), Pauses()
    worked: list[Key] = []
    await SITUATIONS["kept_for_an_hour"](world)
    world.cluster.now = START + timedelta(seconds=seconds)
    looking, queue = resync(world.cluster, Metrics(), sleep)

    async def work(key: Key) -> Outcome:
        worked.append(key)
        sleep.begun.set()
        return Outcome(after_seconds=None)

    assert await looking.once() == queued
    working = asyncio.create_task(queue.run(work, workers=1))
    await sleep.begun.wait()
    working.cancel()

    assert (worked, sleep.seconds[: len(delays)]) == ([KEY] * queued, delays)


async def test_a_broken_object_is_queued_beside_the_others() -> None:
    def deployment(name: str, status: Any) -> dict[str, Any]:
        return {
            "apiVersion": API,
            "kind": "ModelDeployment",
            "metadata": {"name": name, "namespace": "team"},
            "spec": {"model": {"follow": {"model": "m"}}},
            "status": status,
        }

    cluster, metrics = FakeCluster(), Metrics()
    cluster.put(deployment("broken", {"stable": "no object"}))
    cluster.put(deployment("whole", {}))
    looking, queue = resync(cluster, metrics, Pauses())

    assert await looking.once() == len(queue) == 2
    assert bugs(metrics, "ModelDeployment") == 1


@pytest.mark.parametrize(
    ("situation", "queued"),
    [
        pytest.param("kept", 0, id="nothing is asked"),
        pytest.param("to_go_with_its_artifact", 1, id="it is not held yet"),
        pytest.param("removal_under_way", 1, id="it waits for the end of its artifact"),
    ],
)
async def test_a_version_is_looked_at_when_events_were_missed(situation: str, queued: int) -> None:
    world = VersionWorld()
    await VERSIONS[situation](world)
    looking, queue = resync(world.cluster, Metrics(), Pauses())

    assert await looking.once() == len(queue) == queued


@pytest.mark.parametrize(
    ("situation", "queued"),
    [
        pytest.param("gate_with_a_version_that_is_not_there", 0, id="the version is not there"),
        pytest.param("gate_while_nothing_serves", 1, id="nothing serves yet"),
    ],
)
async def test_a_run_that_waits_for_a_version_is_at_rest(situation: str, queued: int) -> None:
    world = TrainingWorld()
    await SITUATIONS[situation](world)
    if queued == 0:
        await world.rest()
    looking, queue = resync(world.cluster, Metrics(), Pauses(), DEFAULTS)

    assert await looking.once() == len(queue) == queued


async def test_a_run_whose_version_appeared_unnoticed_is_found() -> None:
    world = TrainingWorld()
    await SITUATIONS["gate_with_a_version_that_is_not_there"](world)
    await world.rest()
    publish(world, OLD)
    looking, _ = resync(world.cluster, Metrics(), Pauses(), DEFAULTS)

    assert await looking.once() == 1
