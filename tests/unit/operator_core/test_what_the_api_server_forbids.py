"""What a quota or a policy forbids is told to the user, once, and tried again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from kubernetes.aio.client.exceptions import ApiException

from checkrail_operator.loop import Passes
from checkrail_operator.metrics import Metrics
from checkrail_operator.plan.errors import (
    ForbiddenError,
    InvalidSpecError,
    NameConflictError,
    TransientError,
)
from checkrail_operator.plan.types import Event, Key
from checkrail_operator.queue import Outcome
from checkrail_operator.shell.translate import from_api
from harness.silent_web import SilentWeb
from harness.training_situations import SITUATIONS
from harness.training_world import KEY, TrainingWorld
from harness.version_situations import SITUATIONS as OF_A_VERSION
from harness.version_world import KEY as VERSION
from harness.version_world import URI, VersionWorld
from unit.operator_core.failing_cluster import FailingCluster

QUOTA = "jobs.batch is forbidden: exceeded quota: few"
REFUSED = ForbiddenError("create Job x", QUOTA)
TOLD = (
    f"The API server refuses create Job x: {QUOTA}. A quota or an admission policy forbids it, or "
    "the operator lacks a right. It is tried again by itself."
)


def no_wake(_: Key) -> None:
    return


def passes(world: TrainingWorld | VersionWorld) -> Passes:
    return Passes(
        world.cluster,
        SilentWeb(),
        defaults=world.defaults,
        tell=world.cluster.tell,
        wake=no_wake,
        metrics=Metrics(),
        clock=lambda: 0.0,
        now=lambda: world.cluster.now,
    )


async def forbidden(situation: str) -> tuple[TrainingWorld, FailingCluster]:
    """Return a run, in a cluster that forbids the next Job that it needs."""
    cluster = FailingCluster()
    world = TrainingWorld(cluster)
    await SITUATIONS[situation](world)
    (job,) = (c for c in (await world.plan()).children if c["kind"] == "Job")
    cluster.fails[f"create Job {job['metadata']['name']}"] = REFUSED
    return world, cluster


def told(world: TrainingWorld) -> list[tuple[str, str, str, str]]:
    conditions = world.status["conditions"]
    return [(c["type"], c["status"], c["reason"], c["message"]) for c in conditions]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(json.dumps({"message": QUOTA}), QUOTA, id="in the API server's words"),
        pytest.param("", "Forbidden", id="without a word"),
    ],
)
def test_a_refusal_says_what_was_asked_for(body: str, said: str) -> None:
    error: Any = ApiException(status=403, reason="Forbidden")
    error.body = body

    found = from_api(error, "create Job x")

    assert (type(found), str(found)) == (ForbiddenError, TOLD.replace(QUOTA, said))


async def test_a_run_whose_first_job_is_forbidden_says_so_once() -> None:
    world, cluster = await forbidden("just_created")
    run = passes(world)

    outcomes = [await run(KEY)]
    before = list(cluster.writes)
    outcomes += [await run(KEY), await run(KEY)]

    assert outcomes == [Outcome(failed=True)] * 3
    assert told(world) == [
        ("Ready", "Unknown", "Pending", TOLD),
        ("Reconciling", "True", "Pending", TOLD),
    ]
    assert (cluster.events, cluster.writes) == ([Event("Warning", "Pending", TOLD)], before)


async def test_a_run_goes_on_once_it_is_allowed() -> None:
    world, cluster = await forbidden("just_created")
    run = passes(world)
    await run(KEY)
    cluster.fails.clear()

    await run(KEY)

    assert (len(cluster.of_kind("Job")), [c[3] for c in told(world)]) == (
        1,
        ["Attempt 1 is being made."] * 2,
    )


async def test_the_attempts_before_stay_told() -> None:
    world, _ = await forbidden("backoff_over")
    attempts = world.status["attempts"]

    await passes(world)(KEY)

    assert (world.status["attempts"], told(world)[0]) == (
        attempts,
        ("Ready", "Unknown", "Pending", TOLD),
    )


async def test_the_end_of_a_run_stays_the_end() -> None:
    cluster = FailingCluster()
    world = TrainingWorld(cluster)
    await SITUATIONS["deadline_told"](world)
    before = world.status
    cluster.fails[f"delete Job {world.job['metadata']['name']}"] = REFUSED
    run = passes(world)

    await run(KEY)
    await run(KEY)

    assert world.status == before
    assert [e.note for e in cluster.events].count(TOLD) == 1


async def test_a_version_tells_it_by_an_event() -> None:
    cluster = FailingCluster()
    world = VersionWorld(cluster)
    await OF_A_VERSION["to_go_with_its_artifact"](world)
    cluster.fails[f"finalizers ModelVersion {VERSION.name}"] = REFUSED

    await passes(world)(VERSION)

    assert world.told == [("Warning", "Pending")]


NOT_REMOVED = (
    f"{TOLD[:-1]}. Until that is mended the artifact is not deleted; from 2026-11-23T12:30:00Z on "
    "it stays, and the version goes. To let the version go now and keep the artifact, set "
    "spec.deletionPolicy to Retain."
)


async def unremovable(
    error: Exception = REFUSED, situation: str = "deleted"
) -> tuple[VersionWorld, FailingCluster]:
    """Return a version that is being deleted, in a cluster that refuses the Job for it."""
    cluster = FailingCluster()
    world = VersionWorld(cluster)
    await OF_A_VERSION[situation](world)
    (job,) = (await world.plan()).children
    cluster.fails[f"create Job {job['metadata']['name']}"] = error
    return world, cluster


async def test_a_version_whose_job_is_forbidden_says_until_when_it_waits() -> None:
    world, cluster = await unremovable()
    run = passes(world)

    outcomes = [await run(VERSION)]
    before = list(cluster.writes)
    world.later(60)
    outcomes += [await run(VERSION), await run(VERSION)]

    assert outcomes == [Outcome(failed=True)] * 3
    assert cluster.events == [Event("Warning", "ArtifactNotRemoved", NOT_REMOVED, once=True)]
    assert cluster.writes == before


async def test_a_version_goes_on_by_itself_once_its_job_is_allowed() -> None:
    world, cluster = await unremovable()
    run = passes(world)
    await run(VERSION)
    world.later(1799)
    await run(VERSION)
    cluster.fails.clear()

    await run(VERSION)
    world.later(1799)
    await run(VERSION)
    waits = world.exists
    world.job_ends("Complete")
    await run(VERSION)

    assert (waits, world.exists, cluster.events[-1].reason) == (True, False, "ArtifactRemoved")


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(REFUSED, id="a quota"),
        pytest.param(InvalidSpecError("the API server refused create Job x: no"), id="a webhook"),
        pytest.param(NameConflictError("batch/v1", "Job", "x"), id="somebody's Job"),
    ],
)
async def test_half_an_hour_after_the_first_refusal_the_artifact_is_left(error: Exception) -> None:
    world, cluster = await unremovable(error)
    await passes(world)(VERSION)
    world.later(1800)

    outcome = await passes(world)(VERSION)

    assert (outcome, world.exists) == (Outcome(), False)
    assert [e.reason for e in cluster.events] == ["ArtifactNotRemoved", "ArtifactLeft"]
    assert f"checkrail delete-artifact {URI} --sha256 3f9a1c20" in cluster.events[-1].note
    assert cluster.events[-1].note.endswith(str(error))


async def test_the_half_hour_begins_with_the_first_refusal_however_long_it_was_served() -> None:
    cluster = FailingCluster()
    world = VersionWorld(cluster)
    await OF_A_VERSION["deleted_while_served"](world)
    world.later(86_400)
    world.serve(None)
    (job,) = (await world.plan()).children
    cluster.fails[f"create Job {job['metadata']['name']}"] = REFUSED

    await passes(world)(VERSION)

    assert (world.exists, "2026-11-24T12:30:00Z" in cluster.events[-1].note) == (True, True)


async def test_a_version_whose_refusal_could_not_be_remembered_yet_waits_all_the_same() -> None:
    world, cluster = await unremovable()
    cluster.fails[f"overlay ModelVersion {VERSION.name}"] = TransientError("away")

    outcome = await passes(world)(VERSION)

    assert (outcome, world.exists, cluster.events) == (Outcome(failed=True), True, [])


async def test_a_version_whose_job_is_forbidden_goes_at_once_with_retain() -> None:
    world, _ = await unremovable()
    run = passes(world)
    await run(VERSION)
    world.set_policy("Retain")

    await run(VERSION)

    assert not world.exists
