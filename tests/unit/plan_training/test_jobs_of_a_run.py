"""One Job per attempt, though Jobs, pods and statuses are not as the operator left them."""

from harness.training_world import TrainingWorld, progress_line

DELETED = {"deletionTimestamp": "2026-11-23T12:00:00Z"}


async def test_a_deleted_job_is_made_again_for_the_same_attempt_with_what_is_left_of_the_time() -> (
    None
):
    world = TrainingWorld()
    world.apply()
    await world.run_pass()
    world.pod_runs(progress_line("Training", 42))
    await world.run_pass()
    before = world.job
    world.later(200)
    world.cluster.remove(before)

    await world.run_pass()

    jobs = world.cluster.of_kind("Job")
    assert [(job["metadata"]["name"], job["spec"]["activeDeadlineSeconds"]) for job in jobs] == [
        (before["metadata"]["name"], 7000)
    ]
    assert "progress" not in world.status


async def test_no_attempt_trains_twice_at_a_time() -> None:
    """A Job deleted with --cascade=orphan leaves its pod running."""
    world = TrainingWorld()
    world.apply()
    await world.run_pass()
    pod = world.pod_runs()
    world.cluster.remove(world.job)
    orphan = world.cluster.put({**pod, "status": pod["status"]})

    await world.run_pass()
    waiting = world.cluster.of_kind("Job")
    world.cluster.remove(orphan)
    await world.run_pass()

    assert (waiting, len(world.cluster.of_kind("Job"))) == ([], 1)


async def test_a_job_being_deleted_fails_nothing() -> None:
    """Foreground deletion kills the pod while the Job is still there."""
    world = TrainingWorld()
    world.apply()
    await world.run_pass()
    job = world.job
    world.cluster.put({**job, "metadata": {**job["metadata"], **DELETED}})
    world.pod_ends(143, **DELETED)

    await world.run_pass()

    assert [a["outcome"] for a in world.status["attempts"]] == ["Running"]


async def test_jobs_of_another_object_of_the_same_name_are_not_seen() -> None:
    """A TrainingJob deleted and created again meets the children of its predecessor."""
    world = TrainingWorld()
    world.apply()
    await world.run_pass()
    job = world.job
    references = [{**job["metadata"]["ownerReferences"][0], "uid": "predecessor"}]
    metadata = {**job["metadata"], "name": "old-job", "ownerReferences": references}
    world.cluster.put({**job, "metadata": metadata, "status": {"conditions": []}})
    world.cluster.remove(job)

    await world.run_pass()

    assert len(world.cluster.of_kind("Job")) == 2


async def test_a_job_that_status_does_not_know_is_told_not_made_again() -> None:
    """The operator died between the Job of the second rung and its status."""
    world = TrainingWorld()
    world.apply()
    await world.run_pass()
    world.pod_ends(137, reason="OOMKilled")
    await world.rest()
    told = world.status["attempts"]
    world.cluster.put({**world.owner, "status": {}})

    await world.rest()

    assert (world.status["attempts"], len(world.cluster.of_kind("Job"))) == (told, 2)


async def test_a_status_of_another_release_is_read_as_far_as_it_goes() -> None:
    world = TrainingWorld()
    world.apply()
    await world.run_pass()
    before = world.status
    world.cluster.put({**world.owner, "status": {**before, "progress": {"new": 1}, "newer": {}}})

    await world.run_pass()

    assert world.status == before
