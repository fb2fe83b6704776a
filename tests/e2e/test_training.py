"""Runs on a real cluster: watched, gated, held, killed, short of memory, and swept away.

All runs are applied at once and share two processors, so that the whole module takes as long as its
longest run.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

import pytest
from demo.cluster import condition, kubectl, wait_for
from demo.team import SERVING, Body, Team, example

from e2e.bucket import names_under, read_object
from e2e.small_runs import (
    LONG,
    QUICK,
    RUNG,
    Watch,
    children,
    progress_lines,
    run_of,
    wait_for_condition,
    wait_until_it_trains,
    watching,
)

MODEL = "punctual"
EVALUATION = {
    "metrics": ["roc_auc", "log_loss"],
    "slices": ["origin"],
    "gates": [{"metric": "roc_auc", "min": "0.5"}],
}
TOO_SMALL = {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "100Mi"}}
SWEPT_WITHIN_SECONDS = 60

WHOLE = run_of("whole", MODEL, LONG, evaluation=EVALUATION)
HELD = run_of("held", MODEL, LONG, evaluation=EVALUATION)
KILLED = run_of("killed", MODEL, LONG, evaluation=EVALUATION)
GATED = run_of(
    "gated", "gated", QUICK, evaluation={"gates": [{"metric": "roc_auc", "min": "0.99"}]}
)
CLIMBS = run_of(
    "climbs",
    "climbs",
    QUICK,
    resources={"ladder": [TOO_SMALL, RUNG]},
    ttlSecondsAfterFinished=5,
)
REGRESSES = example("arrival-delay.yaml")


@dataclass(frozen=True)
class Runs:
    """What was seen while the runs ran.

    Attributes:
        watch: The progress of the undisturbed one.
        held: The held one, once its pods were gone.
    """

    watch: Watch
    held: Body


@pytest.fixture(scope="module")
def runs(team: Team) -> Iterator[Runs]:
    """Start all runs, hold one while it trains, and kill the pod of another."""
    for body in (WHOLE, HELD, KILLED, GATED, CLIMBS, REGRESSES):
        team.apply(body)
    with watching(team, "whole") as watch:
        wait_until_it_trains(team, "held")
        suspend(team, "held", held=True)
        pod = wait_until_it_trains(team, "killed")
        kubectl("delete", "pod", pod, "-n", team.namespace, "--force", "--grace-period=0")
        held = wait_until_it_is_held(team, "held")
        suspend(team, "held", held=False)
        yield Runs(watch, held)


def suspend(team: Team, name: str, *, held: bool) -> None:
    """Hold a run, or let it go on."""
    patch = json.dumps({"spec": {"suspend": held}})
    kubectl("patch", "tj", name, "-n", team.namespace, "--type=merge", "-p", patch)


def wait_until_it_is_held(team: Team, name: str) -> Body:
    """Return a run once it says that it is held and its pods are gone."""
    wait_for_condition(team, "Suspended", name)

    def look() -> Body | None:
        body = team.get("trainingjob", name)
        return None if children(team, name, "pods") else body

    return wait_for(f"the pods of {name} to end", look, seconds=90)


def test_a_run_that_publishes_is_complete_and_tells_its_progress_meanwhile(
    team: Team, runs: Runs
) -> None:
    body = wait_for_condition(team, "Complete", "whole")

    [pod] = children(team, "whole", "pods")
    said = {line["percent"] for line in progress_lines(team, pod)}
    assert body["status"]["progress"]["summary"] == "100%"
    shown = runs.watch.seen
    assert shown == sorted(shown)
    assert any(20 <= percent < 100 for percent in shown)
    assert {percent for percent in shown if percent < 100} <= {0, *said}


def test_a_failed_gate_is_named_with_figure_and_bound_and_publishes_nothing(
    team: Team, runs: Runs
) -> None:
    assert runs
    body = wait_for_condition(team, "Failed", "gated")

    failed = condition(body, "Failed")
    [metric] = body["status"]["metrics"]
    [gate] = body["status"]["gates"]
    assert failed["reason"] == "GateFailed"
    assert "spec.evaluation.gates[0] (roc_auc min 0.99)" in failed["message"]
    assert f"found {metric['value']}" in failed["message"]
    assert gate == {
        "metric": "roc_auc",
        "bound": "min 0.99",
        "passed": False,
        "value": metric["value"],
        "interval": [],
    }
    assert condition(body, "Evaluated")["status"] == "False"
    assert versions(team, "gated") == []
    assert names_under(f"{body['spec']['store']['uri']}/gated") == []


def test_a_regressor_is_judged_in_the_units_of_its_label(team: Team, runs: Runs) -> None:
    assert runs
    status = wait_for_condition(team, "Complete", REGRESSES["metadata"]["name"])["status"]

    assert [each["name"] for each in status["metrics"][:3]] == ["mae", "rmse", "r2"]
    assert 10 < float(status["metrics"][0]["value"]) < 15, "minutes, of 77,911 flights"
    assert status["score"].startswith("mae 1")


def test_an_attempt_killed_for_memory_climbs_the_ladder(team: Team, runs: Runs) -> None:
    assert runs
    body = wait_for_condition(team, "Complete", "climbs")

    assert [
        (each["rung"], each["outcome"], each.get("reason")) for each in body["status"]["attempts"]
    ] == [(0, "Failed", "OOMKilled"), (1, "Succeeded", None)]


def test_a_finished_run_is_swept_and_its_result_stays(team: Team, runs: Runs) -> None:
    assert runs
    before = wait_for_condition(team, "Complete", "climbs")

    def swept() -> bool | None:
        return None if children(team, "climbs", "jobs,pods,configmaps") else True

    wait_for("Jobs and pods to go", swept, seconds=SWEPT_WITHIN_SECONDS)
    after = team.get("trainingjob", "climbs")
    assert after["status"] == before["status"]
    assert versions(team, "climbs") == [before["status"]["modelVersion"]]


def test_a_held_run_ends_its_pods_and_says_so(runs: Runs) -> None:
    assert condition(runs.held, "Suspended")["status"] == "True"
    assert condition(runs.held, "Ready")["reason"] == "Suspended"
    assert "startTime" not in runs.held["status"]


def test_held_and_killed_runs_publish_the_same_digest_as_an_undisturbed_one(
    team: Team, runs: Runs
) -> None:
    assert runs
    ended = {
        name: wait_for_condition(team, "Complete", name)["status"]
        for name in ("whole", "held", "killed")
    }

    digests = {name: status["artifact"]["sha256"] for name, status in ended.items()}
    assert digests == dict.fromkeys(digests, digests["whole"])
    assert versions(team, MODEL) == [ended["whole"]["modelVersion"]]
    assert {name: [a["outcome"] for a in status["attempts"]] for name, status in ended.items()} == {
        "whole": ["Succeeded"],
        "held": ["Succeeded"],
        "killed": ["Failed", "Succeeded"],
    }


def test_the_record_holds_features_files_figures_and_gates(team: Team, runs: Runs) -> None:
    assert runs
    status = wait_for_condition(team, "Complete", "whole")["status"]
    spec = team.get("modelversion", status["modelVersion"])["spec"]
    manifest = json.loads(read_object(f"{spec['artifact']['uri']}/manifest.json"))

    assert [each["name"] for each in spec["features"]] == ["origin", "carrier", "distance", "hour"]
    assert spec["features"][0]["categories"] == ["EWR", "JFK", "LGA"]
    assert spec["features"][0]["origin"] == {"source": "flights", "column": "origin"}
    files = {each["name"]: each["sha256"] for each in spec["components"]}
    assert files == {each["name"]: each["sha256"] for each in manifest["components"]}
    assert [(m["name"], m.get("slice")) for m in spec["metrics"]] == [
        (name, slice_)
        for slice_ in (None, "origin=EWR", "origin=JFK", "origin=LGA")
        for name in ("roc_auc", "log_loss")
    ]
    assert spec["metrics"] == status["metrics"]
    assert spec["gates"] == status["gates"]
    assert [(gate["bound"], gate["passed"]) for gate in spec["gates"]] == [("min 0.5", True)]


@contextmanager
def served(team: Team, version: str) -> Iterator[None]:
    """Serve a version while the block runs."""
    body = example(SERVING)
    body["metadata"] = {"name": MODEL}
    body["spec"]["model"] = {"versionRef": {"name": version}}
    body["spec"]["traffic"]["gateway"]["hostnames"] = ["punctual.example.com"]
    team.deploy(body)
    yield
    kubectl("delete", "mdep", MODEL, "-n", team.namespace)


def test_a_candidate_is_compared_with_the_version_that_serves(team: Team, runs: Runs) -> None:
    assert runs
    version = wait_for_condition(team, "Complete", "whole")["status"]["modelVersion"]
    with served(team, version):
        for name, margin in (("worse", "0"), ("tolerated", "0.5")):
            gate = {"metric": "roc_auc", "notWorseThan": "Serving", "margin": margin}
            body = run_of(name, MODEL, QUICK, evaluation={"gates": [gate]})
            body["spec"]["data"]["features"] = ["distance"]
            team.apply(body)
        worse = wait_for_condition(team, "Failed", "worse")
        tolerated = wait_for_condition(team, "Complete", "tolerated")

    [against], [also] = worse["status"]["gates"], tolerated["status"]["gates"]
    assert condition(worse, "Failed")["reason"] == "GateFailed"
    assert version in condition(worse, "Failed")["message"]
    assert (against["baseline"], against["passed"]) == (version, False)
    assert (also["baseline"], also["passed"]) == (version, True)
    assert Decimal(against["baselineValue"]) - Decimal(against["value"]) == -Decimal(
        against["difference"]
    )
    assert Decimal(against["interval"][1]) < 0


def versions(team: Team, model: str) -> list[str]:
    """Return the names of a model's versions."""
    selector = f"spec.model={model}"
    columns = "-o=jsonpath={.items[*].metadata.name}"
    return kubectl("get", "mv", "-n", team.namespace, "--field-selector", selector, columns).split()
