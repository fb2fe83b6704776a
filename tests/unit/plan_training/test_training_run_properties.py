"""Whatever Jobs, pods and clocks do: what a run never does."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.fake_cluster import OperatorDiedError
from harness.training_world import KEY, SUCCESS, TrainingWorld, container, failure, progress_line
from harness.training_world import spec as spec_of

Move = Callable[[TrainingWorld], object]


def named(name: str, move: Move) -> Move:
    """Let hypothesis print a move by its name."""
    move.__qualname__ = name
    return move


def on_job(move: Move) -> Move:
    def moved(world: TrainingWorld) -> None:
        if world.cluster.of_kind("Job"):
            move(world)

    return moved


DELETED = {"deletionTimestamp": "2026-11-23T12:00:00Z"}
REPORTS = ("", json.dumps(SUCCESS), failure("StoreUnavailable", "x"), "garbage")
FINAL_CODES = (10, 11, 12)
WAITS = ("CreateContainerConfigError", "ImagePullBackOff", "ContainerCreating")


def lose_job(world: TrainingWorld) -> None:
    world.cluster.remove(world.job)


def orphan_pod(world: TrainingWorld) -> None:
    job = world.job
    pods = [
        p
        for p in world.cluster.of_kind("Pod")
        if p["metadata"]["name"].startswith(job["metadata"]["name"])
    ]
    world.cluster.remove(job)
    for pod in pods:
        world.cluster.put(pod)


def doom_job(world: TrainingWorld) -> None:
    world.cluster.put({**world.job, "metadata": {**world.job["metadata"], **DELETED}})


CODES = st.sampled_from((0, 1, *FINAL_CODES, 20, 137, 143))
MOVES: st.SearchStrategy[Move] = st.one_of(
    st.builds(
        lambda code, report, reason, extra: named(
            f"pod ends {code} {report[:9]!r} {reason} {sorted(extra)}",
            on_job(lambda w: w.pod_ends(code, report, reason, **extra)),
        ),
        CODES,
        st.sampled_from(REPORTS),
        st.sampled_from(("", "OOMKilled")),
        st.sampled_from(({}, DELETED)),
    ),
    st.builds(
        lambda reason: named(
            f"pod waits {reason}", on_job(lambda w: w.pod_waits(reason, 'secret "s3" not found'))
        ),
        st.sampled_from(WAITS),
    ),
    st.builds(
        lambda end, reason: named(f"job {end} {reason}", on_job(lambda w: w.job_ends(end, reason))),
        st.sampled_from(("Complete", "Failed")),
        st.sampled_from(("BackoffLimitExceeded", "DeadlineExceeded", "")),
    ),
    st.builds(
        lambda phase: named(f"pod is {phase}", on_job(lambda w: w.pod(container(phase, {})))),
        st.sampled_from(("Pending", "Running", "Failed", "Succeeded", "Unknown", "New")),
    ),
    st.builds(
        lambda seconds: named(f"{seconds} s pass", lambda w: w.later(seconds)),
        st.sampled_from((1, 5, 21, 400, 8000)),
    ),
    st.builds(
        lambda on: named(f"suspend {on}", lambda w: w.edit(suspend=on)),
        st.booleans(),
    ),
    st.sampled_from(
        (
            named("user shortens the ttl", lambda w: w.edit(ttlSecondsAfterFinished=5)),
            named("pod is told to end", on_job(lambda w: w.job_is_suspended())),
            named("job resumed", on_job(lambda w: w.job_is_resumed())),
            named("kueue admits", on_job(lambda w: w.kueue_says(suspend=False))),
            named("kueue preempts", on_job(lambda w: w.kueue_says(suspend=True))),
            named("pod runs", on_job(lambda w: w.pod_runs(progress_line("Evaluating", 70)))),
            named("pod lost", on_job(lambda w: w.remove_pod())),
            named("job lost", on_job(lose_job)),
            named("job lost, pod orphaned", on_job(orphan_pod)),
            named("job being deleted", on_job(doom_job)),
        )
    ),
)


def is_over(world: TrainingWorld) -> bool:
    conditions = world.owner.get("status", {}).get("conditions", [])
    return bool({c["type"] for c in conditions} & {"Complete", "Failed"})


def attempts_of_jobs(world: TrainingWorld) -> Counter[str]:
    return Counter(
        job["metadata"]["labels"]["checkrail.dev/attempt"] for job in world.cluster.of_kind("Job")
    )


def told(status: Any) -> Any:
    """Return what a status says, whichever generation it says it of."""
    conditions = [{**c, "observedGeneration": 0} for c in status["conditions"]]
    return {**status, "observedGeneration": 0, "conditions": conditions}


async def checked_pass(world: TrainingWorld) -> None:
    """Run a pass; check that it is deterministic and makes no second Job for an attempt."""
    over, before = is_over(world), world.owner.get("status")
    jobs = set(attempts_of_jobs(world))
    first, again = await world.plan(), await world.plan()
    assert first == again
    await world.run_pass()
    assert max(attempts_of_jobs(world).values(), default=1) == 1
    if over:
        assert (first.children, first.overlays, first.records) == ((), (), ())
        assert told(world.owner.get("status")) == told(before)
        assert set(attempts_of_jobs(world)) <= jobs
    elif world.owner["spec"].get("suspend"):
        assert set(attempts_of_jobs(world)) <= jobs, "a run that is held begins nothing"


async def play(moves: list[tuple[Move, int]], spec: dict[str, Any]) -> TrainingWorld:
    """Play moves; before each pass the operator may die after so many writes (above 3: never)."""
    world = TrainingWorld()
    world.apply(spec)
    await checked_pass(world)
    for move, dies_after in moves:
        move(world)
        if dies_after <= 3:
            world.cluster.dies_after = len(world.cluster.writes) + dies_after
            try:
                await world.run_pass()
            except OperatorDiedError:
                assert max(attempts_of_jobs(world).values(), default=1) == 1
            world.cluster.revive()
        await checked_pass(world)
    return world


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(MOVES, st.integers(0, 8)), max_size=12),
    st.sampled_from((0, 1, 3)),
    st.sampled_from(({}, {"queueName": "batch"}, {"suspend": True})),
)
def test_a_run_is_total_deterministic_and_never_makes_two_jobs_for_an_attempt_or_acts_after_its_end(
    moves: list[tuple[Move, int]], backoff_limit: int, more: dict[str, Any]
) -> None:
    asyncio.run(play(moves, spec_of(backoffLimit=backoff_limit, **more)))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(MOVES, st.integers(0, 8)), max_size=6),
    st.sampled_from(FINAL_CODES),
    st.sampled_from(REPORTS),
    st.lists(st.tuples(MOVES, st.just(9)), max_size=4),
)
def test_a_final_exit_code_is_never_followed_by_another_job(
    before: list[tuple[Move, int]],
    code: int,
    report: str,
    later: list[tuple[Move, int]],
) -> None:
    async def scenario() -> None:
        world = await play(before, spec_of(backoffLimit=20))
        if is_over(world) or not world.cluster.of_kind("Job"):
            return
        if world.status["attempts"][-1]["outcome"] != "Running":
            return
        job = world.job
        if "deletionTimestamp" in job["metadata"] or job.get("status"):
            return
        if world.owner["spec"].get("suspend") or job["spec"].get("suspend"):
            return
        world.remove_pod()
        world.pod_ends(code, report)
        await checked_pass(world)
        jobs = attempts_of_jobs(world)
        assert world.condition("Failed") is not None
        for move, _ in later:
            move(world)
            await checked_pass(world)
        assert attempts_of_jobs(world) <= jobs

    asyncio.run(scenario())


BODIES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ("conditions", "attempts", "progress", "type", "status", "number", "rung")
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(st.sampled_from(("attempts", "progress", "startTime", "metrics")), BODIES))
def test_whatever_stands_in_status_a_plan_comes_out(status: dict[str, Any]) -> None:
    async def scenario() -> None:
        world = TrainingWorld()
        world.apply()
        world.cluster.put({**world.owner, "status": status})
        assert (await world.plan()).key == KEY

    asyncio.run(scenario())
