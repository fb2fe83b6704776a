"""What becomes of a version that is being deleted, and of its artifact."""

import pytest

from checkrail_operator.observe.model_version import lacks_a_pass
from checkrail_operator.plan.types import Key
from harness.version_situations import SITUATIONS, deleted
from harness.version_world import URI, VersionWorld

SERVE, NEXT = (Key("ModelDeployment", "team-a", "serve"), Key("TrainingJob", "team-a", "next"))


async def after(situation: str) -> VersionWorld:
    world = VersionWorld()
    await SITUATIONS[situation](world)
    await world.rest()
    return world


@pytest.mark.parametrize(
    ("situation", "jobs", "told"),
    [
        pytest.param("kept_after_all_while_going", 0, [], id="back to Retain"),
        pytest.param(
            "shared_with_another_namespace",
            0,
            [("Normal", "ArtifactShared")],
            id="another version keeps the artifact",
        ),
        pytest.param(
            "named_by_another_model",
            0,
            [("Warning", "ArtifactLeft")],
            id="its uri is not where a run publishes its model",
        ),
        pytest.param("removed", 0, [("Normal", "ArtifactRemoved")], id="the artifact is deleted"),
        pytest.param(
            "removal_given_up", 0, [("Warning", "ArtifactLeft")], id="the Job's time is over"
        ),
        pytest.param(
            "removed_though_served_again",
            0,
            [("Normal", "ArtifactRemoved")],
            id="deleted, whoever serves it",
        ),
    ],
)
async def test_a_version_goes_when(situation: str, jobs: int, told: list[tuple[str, str]]) -> None:
    world = await after(situation)

    assert (world.exists, len(world.cluster.of_kind("Job")), world.told) == (False, jobs, told)


@pytest.mark.parametrize(
    ("situation", "jobs", "told"),
    [
        pytest.param("deleted", 1, [], id="nothing has gone wrong"),
        pytest.param(
            "deleted_while_served", 0, [("Warning", "ArtifactInUse")], id="somebody serves it"
        ),
        pytest.param(
            "deleted_while_tried", 0, [("Warning", "ArtifactInUse")], id="somebody tries it"
        ),
        pytest.param(
            "no_longer_served", 1, [("Warning", "ArtifactInUse")], id="nobody serves it any more"
        ),
        pytest.param(
            "secret_missing", 1, [("Warning", "ArtifactNotRemoved")], id="the Secret is missing"
        ),
        pytest.param("shared_with_one_that_goes_too", 1, [], id="the other goes too"),
        pytest.param("same_model_elsewhere", 1, [], id="the other is in another store"),
        pytest.param(
            "deleted_beside_somebody_elses_finalizer",
            1,
            [("Normal", "ArtifactRemoved")],
            id="another controller holds it",
        ),
    ],
)
async def test_a_version_waits_while(
    situation: str, jobs: int, told: list[tuple[str, str]]
) -> None:
    world = await after(situation)

    assert (world.exists, len(world.cluster.of_kind("Job")), world.told) == (True, jobs, told)


async def test_other_finalizers_stay_in_their_order() -> None:
    world = await after("deleted_beside_somebody_elses_finalizer")

    assert world.owner["metadata"]["finalizers"] == ["example.com/audit"]


async def test_what_goes_wrong_is_told_in_the_words_of_the_newest_try() -> None:
    world = await after("access_denied")

    (event,) = world.cluster.events
    assert event.note == (
        f"Job {world.job['metadata']['name']} has not deleted the artifact {URI} yet: "
        "AccessDenied: the keys may not delete in bucket models. It tries again until 30 min "
        "after its start, then the artifact stays. To keep it, set spec.deletionPolicy to Retain."
    )


async def test_an_artifact_that_is_left_is_told_with_the_command_that_deletes_it() -> None:
    world = await after("removal_given_up")

    (event,) = world.cluster.events
    assert f"checkrail delete-artifact {URI} --sha256 3f9a1c20" in event.note
    assert event.note.endswith("AccessDenied: the keys may not delete in bucket models")


async def test_names_of_another_namespace_are_not_told() -> None:
    world = await after("shared_with_another_namespace")

    (event,) = world.cluster.events
    assert event.note == (
        f"A ModelVersion of another namespace names the same artifact {URI}: nothing was deleted."
    )


async def test_a_job_that_somebody_deletes_is_made_again() -> None:
    world = await after("deleted")
    name = world.job["metadata"]["name"]

    world.cluster.remove(world.job)
    await world.rest()

    assert world.job["metadata"]["name"] == name


async def test_a_version_wakes_runs_and_deployments_that_wait_for_it() -> None:
    world = VersionWorld()
    await SITUATIONS["awaited"](world)

    assert (await world.plan()).wake == (SERVE, NEXT)


@pytest.mark.parametrize(
    ("situation", "lacks"),
    [
        pytest.param("kept", False, id="nothing is asked"),
        pytest.param("to_go_with_its_artifact", True, id="its finalizer is missing"),
        pytest.param("kept_after_all", True, id="its finalizer is too much"),
        pytest.param("deleted", True, id="it waits for its artifact's end"),
    ],
)
async def test_a_resync_looks_at_a_version_when(situation: str, lacks: bool) -> None:  # noqa: FBT001 - a table's column
    world = VersionWorld()
    await SITUATIONS[situation](world)

    assert lacks_a_pass(world.owner) is lacks


async def test_a_resync_leaves_a_version_that_others_hold() -> None:
    world = VersionWorld()
    await deleted(world)
    metadata = {**world.owner["metadata"], "finalizers": ["example.com/audit"]}

    assert lacks_a_pass({**world.owner, "metadata": metadata}) is False
