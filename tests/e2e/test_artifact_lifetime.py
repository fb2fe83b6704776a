"""What becomes of an artifact when the records that name it are deleted."""

from copy import deepcopy

import pytest
from demo.cluster import kubectl, wait_for
from demo.team import Body, Team

from e2e.bucket import names_under
from e2e.small_runs import QUICK, run_of, wait_for_condition

GONE_WITHIN_SECONDS = 90


@pytest.fixture(scope="module")
def version(team: Team) -> Body:
    """Publish a small model; return its ModelVersion."""
    team.apply(run_of("kept", "kept", QUICK))
    status = wait_for_condition(team, "Complete", "kept")["status"]
    return team.get("modelversion", status["modelVersion"])


def record(team: Team, version: Body, model: str, policy: str) -> str:
    """Apply a record of the same artifact under a model's name; return its own."""
    body = {
        "apiVersion": version["apiVersion"],
        "kind": "ModelVersion",
        "metadata": {"name": f"{model}-{version['spec']['artifact']['sha256'][:8]}"},
        "spec": deepcopy(version["spec"]) | {"model": model, "deletionPolicy": policy},
    }
    team.apply(body)
    return str(body["metadata"]["name"])


def delete(team: Team, name: str) -> None:
    """Delete a ModelVersion; return when it is gone, its artifact before it if need be."""
    timeout = f"--timeout={GONE_WITHIN_SECONDS}s"
    kubectl("delete", "mv", name, "-n", team.namespace, "--wait=true", timeout)


def test_an_artifact_goes_with_the_last_record_that_asks_for_it(team: Team, version: Body) -> None:
    uri = version["spec"]["artifact"]["uri"]
    published = names_under(uri)

    delete(team, version["metadata"]["name"])
    assert names_under(uri) == published, "the record's policy was Retain"

    model = version["spec"]["model"]
    own = record(team, version, model, "Delete")
    copy = record(team, version, "copy", "Retain")
    wait_for_finalizer(team, own)
    delete(team, own)
    assert names_under(uri) == published, "another record names the same artifact"

    patch = '{"spec":{"deletionPolicy":"Delete"}}'
    kubectl("patch", "mv", copy, "-n", team.namespace, "--type=merge", "-p", patch)
    wait_for_finalizer(team, copy)
    delete(team, copy)
    assert names_under(uri) == published, "no run of that model publishes there"

    wait_for_finalizer(team, record(team, version, model, "Delete"))
    delete(team, own)
    assert names_under(uri) == []


def wait_for_finalizer(team: Team, name: str) -> None:
    """Wait until the operator holds a record back from going before its artifact."""

    def look() -> bool | None:
        return True if team.get("modelversion", name)["metadata"].get("finalizers") else None

    wait_for(f"{name} to be held", look, seconds=30)
