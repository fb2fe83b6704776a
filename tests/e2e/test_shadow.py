"""Candidates in shadow under load: one trained on shuffled labels never gets a request.

Three runs on the flights of January, logistic regressions of origin, carrier, distance and hour.
Their scores on the same 2,000 flights, by the trainer of 2026-11-29 (a quarter of the flights are
late, so 0.25 is where a warning would be given):

    against the first     other decisions at 0.25     PSI
    another C                             0.1 %     0.003
    shuffled labels                      38 %       5.6
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

import pytest
from demo.cluster import condition, kubectl, wait_for
from demo.team import Body, Load, Team, real_flights

from e2e import served
from e2e.served import OK, SERVER, Served, Watch
from e2e.small_runs import QUERY, QUICK, run_of, wait_for_condition

NAME = "shadowed"
RATE = 25
SHADOW = {
    "seconds": 10,
    "minRequests": 500,
    "thresholds": ["0.25"],
    "maxFlipRate": "0.02",
    "maxPSI": "0.2",
}
ROLLOUT = {"shadow": SHADOW, "steps": [{"weight": 50, "holdSeconds": 5}], "checks": []}
DECIDED_SECONDS = 240
"""Two minutes until the pods hear of a candidate, half a minute of requests, and patience."""
LATE = "CAST(arr_delay > 15 AS INTEGER) AS late"
SHUFFLED = (
    "lag(CAST(arr_delay > 15 AS INTEGER), 1, 0) OVER (ORDER BY"
    " md5(concat_ws('-', carrier, flight, origin, month, day))) AS late"
)
"""The label of another flight."""


@dataclass(frozen=True)
class Seen:
    """What was seen.

    Attributes:
        served: What serves.
        shuffled: The candidate trained on shuffled labels.
        again: The candidate trained on the same labels.
        rejected: The ModelDeployment once the first one was rejected.
        passed: The ModelDeployment once the second one had a share.
        body: The ModelDeployment at the end.
        pods: Every pod that there was.
        stable: Name and restarts of the pods that served, before and after both comparisons.
        load: All requests.
    """

    served: Served
    shuffled: str
    again: str
    rejected: Body
    passed: Body
    body: Body
    pods: Watch
    stable: tuple[dict[str, int], dict[str, int]]
    load: Load


@pytest.fixture(scope="module")
def seen(team: Team) -> Iterator[Seen]:
    """Train three versions; ask for the shuffled one and then for the good one, under load."""
    good, shuffled, again = train(team)
    serving = deploy(replace(team, host=f"{NAME}.example.com"), good)
    rows = real_flights(run_of("any", NAME, QUICK), "month = 1", 2000)
    with ExitStack() as stack:
        pods = stack.enter_context(
            served.watching(
                team.namespace, "pods", version=r".metadata.labels.checkrail\.dev/model-version"
            )
        )
        shares = stack.enter_context(served.watching_shares(team.namespace))
        load = stack.enter_context(serving.team.load(*rows, rate=RATE))
        before = restarts(serving)
        serving.ask_for(shuffled)
        rejected = wait_for("a rejection", lambda: taken_back(serving), seconds=DECIDED_SECONDS)
        serving.ask_for(again)
        shares.wait(
            "the other one to have a share",
            lambda line: line["canary"] == again and line["weight"] == "50",
            seconds=DECIDED_SECONDS,
        )
        passed, after = serving.body(), restarts(serving)
        body = serving.wait_until_it_serves(again)
    yield Seen(serving, shuffled, again, rejected, passed, body, pods, (before, after), load)
    served.delete(serving)


def train(team: Team) -> list[str]:
    """Return the versions of three runs: a good one, one on shuffled labels, another good one."""
    runs = [
        run_of("shadow-good", NAME, QUICK),
        run_of("shadow-shuffled", NAME, QUICK),
        run_of("shadow-again", NAME, {**QUICK, "params": {"C": 0.5}}),
    ]
    january = [{"column": "month", "op": "Eq", "value": 1}]
    for run in runs:
        run["spec"]["data"]["filters"] = january
    assert LATE in QUERY
    runs[1]["spec"]["data"]["query"] = QUERY.replace(LATE, SHUFFLED)
    for run in runs:
        team.apply(run)
    names = [run["metadata"]["name"] for run in runs]
    ended = [wait_for_condition(team, "Complete", name, seconds=300) for name in names]
    return [str(run["status"]["modelVersion"]) for run in ended]


def deploy(team: Team, version: str) -> Served:
    gateway = {
        "parentRefs": [{"name": "checkrail", "namespace": "checkrail-gateway"}],
        "hostnames": [team.host],
    }
    team.deploy(
        {
            "apiVersion": "checkrail.dev/v1alpha1",
            "kind": "ModelDeployment",
            "metadata": {"name": NAME},
            "spec": {
                "model": {"versionRef": {"name": version}},
                "server": SERVER,
                "replicas": 2,
                "rollout": ROLLOUT,
                "traffic": {"gateway": gateway},
            },
        }
    )
    team.predict([{"origin": "EWR", "carrier": "UA", "distance": 1400, "hour": 5}])
    return Served(team, NAME, version)


def taken_back(serving: Served) -> Body | None:
    body = serving.body()
    return body if body["status"].get("rejected") else None


def restarts(serving: Served) -> dict[str, int]:
    """Return how often each pod that serves was restarted."""
    return {
        pod["metadata"]["name"]: pod["status"]["containerStatuses"][0]["restartCount"]
        for pod in serving.pods(serving.good)
    }


def test_shuffled_labels_are_rejected_with_the_figures(seen: Seen) -> None:
    [refusal] = seen.rejected["status"]["rejected"]
    shadow = seen.rejected["status"]["shadow"]

    print(refusal["message"])  # noqa: T201 - the figures
    assert (refusal["version"], refusal["reason"]) == (seen.shuffled, "ShadowDisagrees")
    assert (shadow["version"], shadow["state"]) == (seen.shuffled, "Disagrees")
    assert float(shadow["flipRate"]["lower"]) > 0.02 or float(shadow["psi"]["lower"]) > 0.2
    assert condition(seen.rejected, "Available")["status"] == "True"


def test_shuffled_labels_never_answer_a_request_nor_have_a_pod(seen: Seen) -> None:
    assert seen.shuffled not in {line["version"] for line in seen.load.lines}
    versions = {line["version"] for _, line in seen.pods.seen}
    assert versions >= {seen.served.good, seen.again}
    assert seen.shuffled not in versions


def test_a_good_version_goes_on_to_its_first_step_and_takes_over(seen: Seen) -> None:
    shadow = seen.passed["status"]["shadow"]

    print(shadow["compared"], shadow["flipRate"], shadow["psi"])  # noqa: T201 - the figures
    assert (shadow["version"], shadow["state"]) == (seen.again, "Passed")
    assert shadow["compared"] >= SHADOW["minRequests"]
    assert float(shadow["flipRate"]["upper"]) <= 0.02
    assert float(shadow["psi"]["upper"]) <= 0.2
    assert seen.body["status"]["stable"]["version"] == seen.again


def test_what_serves_is_neither_restarted_nor_replaced_nor_failing(seen: Seen) -> None:
    before, after = seen.stable
    assert (before, set(before.values())) == (after, {0})
    assert [line for line in seen.load.lines if line["status"] != OK] == []


def test_the_candidates_name_is_told_only_while_it_is_compared(seen: Seen) -> None:
    selector = ("-l", f"checkrail.dev/owner={NAME},checkrail.dev/owner-kind=ModelDeployment")
    assert not kubectl(
        "get", "configmaps", "-n", seen.served.team.namespace, *selector, "-o", "name"
    )
