"""A published run is run again in the cluster, by the command and by its own spec."""

import json

import pytest
from demo.cluster import ROOT, kubectl
from demo.team import Body, Team

from e2e.small_runs import QUICK, run_of, wait_for_condition


@pytest.fixture(scope="module")
def published(team: Team) -> Body:
    """The status of a run that has published."""
    team.apply(run_of("replayed", "replayed", QUICK))
    status: Body = wait_for_condition(team, "Complete", "replayed")["status"]
    return status


def test_the_example_job_replays_a_model_version_bit_for_bit(team: Team, published: Body) -> None:
    space = ("-n", team.namespace)
    version = kubectl("get", "mv", published["modelVersion"], *space, "-o", "yaml")
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "replay"}}
    team.apply({**config, "data": {"version.yaml": version}})

    kubectl("apply", *space, "-f", str(ROOT / "examples" / "replay.yaml"))
    kubectl("wait", *space, "--for=condition=Complete", "job/replay", "--timeout=180s")

    answer = json.loads(kubectl("logs", *space, "job/replay", "--tail=1"))
    assert (answer["verdict"], answer["uri"]) == ("BitIdentical", published["artifact"]["uri"])


def test_the_same_spec_under_another_name_names_the_same_version(
    team: Team, published: Body
) -> None:
    team.apply(run_of("replayed-again", "replayed", QUICK))

    again = wait_for_condition(team, "Complete", "replayed-again")["status"]

    assert again["modelVersion"] == published["modelVersion"]
