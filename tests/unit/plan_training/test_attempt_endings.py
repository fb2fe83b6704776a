"""Every way an attempt can end, and what follows from it."""

import json
from collections.abc import Callable

import pytest

from harness.fake_cluster import Body
from harness.training_world import KEY, SUCCESS, TrainingWorld, failure, spec

Play = Callable[[TrainingWorld], object]


def after(*plays: Play) -> Play:
    return lambda world: [play(world) for play in plays]


def ends(code: int, message: str = "", reason: str = "", **metadata: object) -> Play:
    return lambda world: world.pod_ends(code, message, reason, **metadata)


def job_ends(condition: str, reason: str = "") -> Play:
    return lambda world: world.job_ends(condition, reason)


def pod_status(**status: object) -> Play:
    return lambda world: world.pod(status)


DELETED = {"deletionTimestamp": "2026-11-23T12:00:00Z"}
SUCCEEDED = json.dumps(SUCCESS)
OUTSIDE = json.dumps({**SUCCESS, "artifact": {**SUCCESS["artifact"], "uri": "file:///tmp/x"}})
DISRUPTED = {
    "type": "DisruptionTarget",
    "status": "True",
    "reason": "PreemptionByScheduler",
    "message": "preempting",
}


@pytest.mark.parametrize(
    ("play", "outcome", "reason", "over"),
    [
        pytest.param(ends(0, SUCCEEDED), "Succeeded", None, "Complete", id="a valid result"),
        pytest.param(
            ends(0, SUCCEEDED, **DELETED),
            "Succeeded",
            None,
            "Complete",
            id="a result of a dying pod",
        ),
        pytest.param(ends(0), "Failed", "Crashed", None, id="exit 0 without a result"),
        pytest.param(ends(0, "{}"), "Failed", "Crashed", None, id="exit 0 with garbage"),
        pytest.param(ends(0, OUTSIDE), "Failed", "Crashed", None, id="an artifact outside S3"),
        pytest.param(
            ends(0, failure("BadLabel", "x")), "Failed", "Crashed", None, id="exit 0 with a failure"
        ),
        pytest.param(ends(1, SUCCEEDED), "Failed", "Crashed", None, id="a result but exit 1"),
        pytest.param(
            ends(10, failure("BadLabel", "x")), "Failed", "BadLabel", "Failed", id="bad data"
        ),
        pytest.param(ends(10), "Failed", "InvalidSpec", "Failed", id="exit 10 without a word"),
        pytest.param(ends(11), "Failed", "GateFailed", "Failed", id="exit 11 without a word"),
        pytest.param(ends(12, "%"), "Failed", "ParityFailed", "Failed", id="exit 12 with garbage"),
        pytest.param(
            ends(12, reason="OOMKilled"),
            "Failed",
            "ParityFailed",
            "Failed",
            id="a final exit code wins",
        ),
        pytest.param(ends(20), "Failed", "StoreUnavailable", None, id="exit 20 without a word"),
        pytest.param(
            ends(20, failure("AccessDenied", "x")),
            "Failed",
            "AccessDenied",
            None,
            id="exit 20 reported",
        ),
        pytest.param(
            ends(137, reason="OOMKilled"), "Failed", "OOMKilled", None, id="out of memory"
        ),
        pytest.param(
            ends(137, failure("OOMKilled", "x")),
            "Failed",
            "OOMKilled",
            None,
            id="out of memory by its own word",
        ),
        pytest.param(ends(139), "Failed", "Crashed", None, id="a signal"),
        pytest.param(
            ends(128, reason="StartError"), "Failed", "Crashed", None, id="no such program"
        ),
        pytest.param(ends(143, **DELETED), "Failed", "Evicted", None, id="its pod was deleted"),
        pytest.param(
            pod_status(phase="Failed", reason="Evicted"), "Failed", "Evicted", None, id="evicted"
        ),
        pytest.param(
            pod_status(phase="Failed", conditions=[DISRUPTED]),
            "Failed",
            "Evicted",
            None,
            id="preempted",
        ),
        pytest.param(
            job_ends("Failed", "BackoffLimitExceeded"),
            "Failed",
            "Crashed",
            None,
            id="pod lost, failed",
        ),
        pytest.param(job_ends("Complete"), "Failed", "Crashed", None, id="pod lost, complete"),
        pytest.param(
            job_ends("Failed", "DeadlineExceeded"),
            "Failed",
            "DeadlineExceeded",
            "Failed",
            id="the Job's own deadline",
        ),
        pytest.param(
            after(
                lambda w: w.pod_waits(
                    "CreateContainerConfigError", "couldn't find key X in Secret a/s3"
                ),
                lambda w: w.later(21),
            ),
            "Failed",
            "SecretNotFound",
            "Failed",
            id="a key of the Secret is missing",
        ),
        pytest.param(
            after(
                lambda w: w.pod_waits("CreateContainerConfigError", "failed to sync secret cache"),
                lambda w: w.later(60),
            ),
            "Running",
            None,
            None,
            id="the kubelet has trouble of its own",
        ),
        pytest.param(lambda w: w.pod_runs(), "Running", None, None, id="it runs"),
        pytest.param(pod_status(phase="Unknown"), "Running", None, None, id="its node is away"),
    ],
)
async def test_an_attempt_ends_as_its_pod_and_job_say(
    play: Play, outcome: str, reason: str | None, over: str | None
) -> None:
    world = TrainingWorld()
    world.apply()
    await world.run_pass()
    play(world)

    await world.run_pass()

    attempt = world.status["attempts"][0]
    ended = {c["type"] for c in world.status["conditions"]} & {"Complete", "Failed"}
    assert (attempt["outcome"], attempt.get("reason"), ended) == (
        outcome,
        reason,
        {over} if over else set(),
    )


async def test_a_crash_tells_what_the_runtime_said_and_where_the_log_is() -> None:
    world = TrainingWorld()
    world.apply()
    await world.run_pass()
    pod = world.pod_ends(128, 'exec: "python": executable file not found', "StartError")

    await world.run_pass()

    assert world.status["attempts"][0]["message"] == (
        'The trainer ended with exit code 128 (exec: "python": executable file not found). '
        "Expected was exit code 0 and a result. Its log says more: "
        f"kubectl logs -n {KEY.namespace} {pod['metadata']['name']}"
    )


async def test_retries_wait_ten_seconds_then_twice_as_long_each_time_up_to_six_minutes() -> None:
    world = TrainingWorld()
    world.apply(spec(backoffLimit=7))
    await world.run_pass()
    pauses = []
    for number in range(2, 9):
        world.pod_ends(1)
        pause = (await world.plan()).requeue_after_seconds
        assert pause is not None
        await world.run_pass()
        world.later(pause - 1)
        await world.run_pass()
        too_early = len(world.cluster.of_kind("Job"))
        world.later(1)
        await world.run_pass()
        pauses.append(pause)
        assert (too_early, len(world.cluster.of_kind("Job"))) == (number - 1, number)

    assert pauses == [10, 20, 40, 80, 160, 320, 360]


async def test_a_kill_for_memory_uses_up_no_retry() -> None:
    world = TrainingWorld()
    world.apply(spec(backoffLimit=0))
    await world.run_pass()
    world.pod_ends(137, reason="OOMKilled")

    await world.rest()

    limits = [
        job["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"]
        for job in sorted(world.cluster.of_kind("Job"), key=attempt_of)
    ]
    assert limits == ["1Gi", "4Gi"]


async def test_an_attempt_keeps_its_rung_after_other_failures() -> None:
    world = TrainingWorld()
    world.apply()
    await world.run_pass()
    world.pod_ends(137, reason="OOMKilled")
    await world.rest()
    world.pod_ends(1)
    await world.run_pass()
    world.later(10)
    await world.run_pass()

    assert [a["rung"] for a in world.status["attempts"]] == [0, 1, 1]


def attempt_of(job: Body) -> int:
    return int(job["metadata"]["labels"]["checkrail.dev/attempt"])
