"""A run that is held or queued: what counts, what does not, and whose clock runs."""

from typing import Any

import pytest

from harness.training_situations import SITUATIONS
from harness.training_situations.attempts import training
from harness.training_situations.held import suspended
from harness.training_situations.queued import waiting_in_a_queue
from harness.training_world import TrainingWorld, progress_line, spec

DAYS = 10 * 24 * 3600


async def played(situation: str) -> TrainingWorld:
    world = TrainingWorld()
    await SITUATIONS[situation](world)
    await world.rest()
    return world


async def resumed(**changes: Any) -> TrainingWorld:
    """Return a run that was suspended while it trained, and whose Job has just been resumed."""
    world = TrainingWorld()
    world.apply(spec(**changes))
    await world.run_pass()
    world.pod_runs()
    world.edit(suspend=True)
    await world.run_pass()
    world.job_is_suspended()
    world.pod_ends(143, deletionTimestamp="2026-11-23T12:00:00Z")
    await world.run_pass()
    world.later(100)
    world.edit(suspend=False)
    await world.run_pass()
    world.job_is_resumed()
    return world


def attempts(world: TrainingWorld) -> list[tuple[int, str]]:
    return [(attempt["number"], attempt["outcome"]) for attempt in world.status["attempts"]]


@pytest.mark.parametrize(
    "situation",
    [
        "created_suspended",
        "waiting_in_a_queue",
        "preempted_in_a_queue",
        "suspended_in_a_queue",
        "suspended_and_ended",
        "suspended_in_backoff",
    ],
)
async def test_no_time_is_too_long_to_be_held_or_queued(situation: str) -> None:
    world = await played(situation)
    before = world.status
    world.later(DAYS)

    await world.rest()

    assert world.status == before
    assert "startTime" not in before


async def test_a_resumed_run_has_its_whole_time_again() -> None:
    world = await resumed(activeDeadlineSeconds=600)
    world.pod_runs()
    world.later(599)
    await world.rest()
    in_time = world.condition("Ready")
    world.later(1)
    await world.rest()

    assert (in_time, world.condition("Ready")) == (
        ("Unknown", "Training"),
        ("False", "DeadlineExceeded"),
    )


async def test_the_job_of_a_later_attempt_has_the_whole_time_once_it_is_resumed() -> None:
    """Its own deadline was what the first attempt had left; it is lower again once it may be."""
    world = TrainingWorld()
    await training(world)
    await world.run_pass()
    world.later(600)
    world.pod_ends(1)
    await world.run_pass()
    world.later(10)
    await world.run_pass()
    before = world.job["spec"]["activeDeadlineSeconds"]
    world.edit(suspend=True)
    await world.rest()
    world.edit(suspend=False)
    await world.rest()

    resuming = world.job["spec"]
    world.later(1)
    world.job_is_resumed()
    await world.rest()
    after = world.job["spec"]
    assert (before, resuming["activeDeadlineSeconds"], after["activeDeadlineSeconds"]) == (
        6590,
        7200 + 60,
        7200,
    )
    assert (resuming["suspend"], after["suspend"]) == (False, False)


async def test_a_job_is_resumed_with_a_deadline_that_its_old_start_does_not_break() -> None:
    """The Job controller compares the two before it notes the new start."""
    world = TrainingWorld()
    await training(world)
    world.job_starts()
    await world.run_pass()
    world.edit(suspend=True)
    await world.rest()
    world.job_is_suspended()
    world.remove_pod()
    world.later(DAYS)
    world.edit(suspend=False)

    await world.rest()

    assert world.job["spec"]["activeDeadlineSeconds"] == 7200 + DAYS + 60


async def test_holding_a_run_uses_up_no_retry() -> None:
    world = await resumed(backoffLimit=0)

    await world.rest()

    assert attempts(world) == [(1, "Running")]


async def test_a_failure_after_the_resumption_counts() -> None:
    world = await resumed(backoffLimit=0)
    world.remove_pod()
    world.later(5)
    world.pod_ends(1, "Traceback: boom")

    await world.rest()

    assert world.condition("Failed") == ("True", "BackoffLimitExceeded")


async def test_a_pod_made_just_before_its_job_says_that_it_was_resumed_is_the_new_one() -> None:
    """The Job controller makes the pod first and writes the time of the resumption after it."""
    world = await resumed(backoffLimit=0)
    world.remove_pod()
    world.pod_runs(progress_line("Training", 42, 31))
    world.later(2)
    world.job_is_resumed()
    await world.run_pass()
    under_way = world.status["progress"]["summary"]
    world.pod_ends(1)
    world.job_ends("Failed", "BackoffLimitExceeded")
    await world.rest()

    assert under_way == "Training 42%, 31s left"
    assert world.condition("Failed") == ("True", "BackoffLimitExceeded")


async def test_a_job_that_somebody_else_suspends_is_resumed_unless_it_is_queued() -> None:
    held, queued = TrainingWorld(), TrainingWorld()
    await training(held)
    await waiting_in_a_queue(queued)
    held.kueue_says(suspend=True)

    await held.rest()
    await queued.rest()

    assert (held.job["spec"]["suspend"], queued.job["spec"]["suspend"]) == (True, True)
    held.remove_pod()
    await held.rest()
    assert held.job["spec"]["suspend"] is False


async def test_a_held_job_that_somebody_deletes_is_made_again_only_when_the_run_goes_on() -> None:
    world = TrainingWorld()
    await suspended(world)
    await world.rest()
    world.cluster.remove(world.job)
    await world.rest()
    held = world.cluster.of_kind("Job")
    world.edit(suspend=False)
    await world.rest()

    assert (held, attempts(world)) == ([], [(1, "Running")])
    assert world.job["spec"].get("suspend", False) is False


async def test_a_queued_run_that_was_held_has_one_job_and_one_config_map_again() -> None:
    world = await played("suspended_in_a_queue_and_let_go")
    (config,) = world.cluster.of_kind("ConfigMap")

    mounted = world.job["spec"]["template"]["spec"]["volumes"][0]["configMap"]["name"]
    assert mounted == config["metadata"]["name"]


async def test_a_job_that_goes_on_finds_what_it_mounts_though_somebody_deleted_that() -> None:
    """The run file names the spec's generation, and its ConfigMap is named after its content."""
    world = TrainingWorld()
    await suspended(world)
    await world.rest()
    mounted = world.job["spec"]["template"]["spec"]["volumes"][0]["configMap"]["name"]
    world.cluster.remove(world.cluster.of_kind("ConfigMap")[0])
    world.remove_pod()
    world.edit(suspend=False)

    await world.rest()

    assert [c["metadata"]["name"] for c in world.cluster.of_kind("ConfigMap")] == [mounted]


async def test_each_attempt_of_a_queued_run_queues() -> None:
    world = await played("admitted_from_a_queue")
    world.pod_ends(137, reason="OOMKilled")

    await world.rest()

    assert attempts(world) == [(1, "Failed"), (2, "Running")]
    assert (world.condition("Ready"), world.job["spec"]["suspend"]) == (("Unknown", "Queued"), True)


async def test_suspending_a_run_that_is_over_changes_nothing_but_its_generation() -> None:
    world = await played("published")
    before, children = world.status, world.cluster.of_kind("Job")
    world.edit(suspend=True)

    await world.rest()

    stamp = {"observedGeneration": 2}
    conditions = [{**c, **stamp} for c in before["conditions"]]
    assert world.status == {**before, **stamp, "conditions": conditions}
    assert world.cluster.of_kind("Job") == children


async def test_a_status_holds_the_newest_64_attempts_and_older_jobs_do_not_come_back() -> None:
    rung = {"limits": {"memory": "1Gi"}}
    world = TrainingWorld()
    world.apply(spec(resources={"ladder": [rung] * 8}, activeDeadlineSeconds=604_800))
    await world.run_pass()
    time = world.status["startTime"]
    told = [
        {
            "number": number,
            "rung": 0,
            "startTime": time,
            "finishTime": time,
            "outcome": "Failed",
            "reason": "OOMKilled",
        }
        for number in range(2, 66)
    ]
    world.cluster.put({**world.owner, "status": {**world.status, "attempts": told}})
    world.pod_ends(1, "of the first attempt, which status has forgotten")

    await world.rest()

    assert [a["number"] for a in world.status["attempts"]] == list(range(3, 67))
    assert world.status["attempts"][-1]["outcome"] == "Running"


async def test_attempts_that_status_has_forgotten_count_as_retries() -> None:
    world = TrainingWorld()
    await training(world)
    await world.run_pass()
    first = world.status["attempts"][0]
    world.cluster.put({**world.owner, "status": {**world.status, "attempts": []}})
    later = {**first, "number": 5, "outcome": "Failed", "reason": "Evicted", "finishTime": "x"}
    world.cluster.put({**world.owner, "status": {**world.status, "attempts": [later]}})

    await world.rest()

    assert world.condition("Failed") == ("True", "BackoffLimitExceeded")
