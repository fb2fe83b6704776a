"""What a user gets wrong: refused, or failed within a minute, in words that help."""

import json
from copy import deepcopy
from typing import Any

import pytest
from demo.cluster import condition, is_true, kubectl, wait_for
from demo.team import FIRST_QUARTER, SERVING, Body, Team, example

FAILED_WITHIN_SECONDS = 60


def changed(name: str, path: tuple[str | int, ...], value: Any) -> Body:
    """Return the first example under another name, with one field changed."""
    body = deepcopy(example(FIRST_QUARTER))
    body["metadata"] = {"name": name}
    body["spec"]["model"] = name
    part: Any = body["spec"]
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value
    return body


WRONG = {
    "a bucket that does not exist": (
        changed("no-bucket", ("data", "sources", 0, "uri"), "s3://no-such-lake/flights.parquet"),
        "BucketNotFound",
        "no-such-lake",
    ),
    "a key that does not exist": (
        changed("no-key", ("data", "sources", 0, "uri"), "s3://lake/no-such-flights.parquet"),
        "SourceNotFound",
        "no-such-flights.parquet",
    ),
    "a feature that is no column": (
        changed("no-column", ("data", "features"), ["distance", "no_such_column"]),
        "ColumnNotFound",
        "no_such_column",
    ),
    "a label that is no column": (
        changed("no-label", ("data", "label"), "no_such_label"),
        "LabelNotFound",
        "no_such_label",
    ),
    "a Secret that does not exist": (
        changed("no-secret", ("store", "credentialsSecretRef"), {"name": "no-such-secret"}),
        "SecretNotFound",
        "no-such-secret",
    ),
    "a store's bucket that does not exist": (
        changed("no-store", ("store", "uri"), "s3://no-such-models/team"),
        "BucketNotFound",
        "no-such-models",
    ),
}


@pytest.fixture(scope="module")
def wrong_runs(team: Team) -> None:
    """Apply all wrong runs at once: their pods then wait for one another only once."""
    for body, _, _ in WRONG.values():
        team.apply(body)


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.usefixtures("wrong_runs")
def test_a_run_with_wrong_input_fails_once_and_says_why(team: Team, wrong: str) -> None:
    body, reason, named = WRONG[wrong]
    name = body["metadata"]["name"]

    def look() -> Body | None:
        seen = team.get("trainingjob", name)
        return seen if is_true(seen, "Failed") else None

    seen = wait_for(f"{name} Failed", look, seconds=4 * FAILED_WITHIN_SECONDS)

    failed = condition(seen, "Failed")
    assert failed["reason"] == reason
    assert named in failed["message"]
    assert condition(seen, "Stalled")["status"] == "True"
    assert [a["outcome"] for a in seen["status"]["attempts"]] == ["Failed"]
    selector = f"checkrail.dev/model={name}"
    assert kubectl("get", "mv", "-n", team.namespace, "-l", selector, "-o", "name") == ""


def test_one_wrong_run_fails_within_a_minute(team: Team) -> None:
    body = changed("alone", ("data", "label"), "no_such_label")
    team.apply(body)

    def look() -> bool | None:
        return True if is_true(team.get("trainingjob", "alone"), "Failed") else None

    wait_for("the run to fail", look, seconds=FAILED_WITHIN_SECONDS)


def test_the_api_server_refuses_and_says_what_must_be(team: Team) -> None:
    body = changed("two-sources", ("data", "holdout"), {"strategy": "DateRange"})
    with pytest.raises(RuntimeError, match="strategy DateRange needs from"):
        team.apply(body)


def test_a_deployment_of_an_unknown_version_waits_says_so_and_goes_on(team: Team) -> None:
    body = example(SERVING)
    name = "waits"
    body["metadata"] = {"name": name}
    body["spec"]["model"] = {"versionRef": {"name": "nothing-00000000"}}
    body["spec"]["traffic"]["gateway"]["hostnames"] = ["waits.example.com"]
    team.apply(body)

    def waits() -> Body | None:
        seen = team.get("modeldeployment", name)
        return seen if condition(seen, "Ready").get("reason") == "VersionNotFound" else None

    seen = wait_for("VersionNotFound", waits, seconds=30)
    assert "nothing-00000000" in condition(seen, "Ready")["message"]
    assert condition(seen, "Reconciling")["status"] == "True"

    sha256 = "0" * 64
    team.apply(
        {
            "apiVersion": "checkrail.dev/v1alpha1",
            "kind": "ModelVersion",
            "metadata": {"name": "nothing-00000000"},
            "spec": {
                "model": "nothing",
                "artifact": {"uri": f"s3://models/x/{sha256}", "sha256": sha256, "sizeBytes": 1},
            },
        }
    )

    def goes_on() -> bool | None:
        selector = f"checkrail.dev/owner={name}"
        found = kubectl("get", "deployments", "-n", team.namespace, "-l", selector, "-o", "json")
        return True if json.loads(found)["items"] else None

    wait_for("the first revision", goes_on, seconds=30)
    kubectl("delete", "mdep", name, "-n", team.namespace)
