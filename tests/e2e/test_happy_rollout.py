"""A good version takes over under 300 requests a second: no request fails, each share is exact."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from demo.cluster import condition, run, wait_for
from demo.split import Share, failures, shares
from demo.team import Body, Load, Team

from e2e import served
from e2e.imported_models import import_version
from e2e.served import CHECKS, OK, ROWS, Served
from harness import small_models

pytestmark = pytest.mark.alone

RATE = 300
REQUESTS = 10_000
"""In each step, after its split has settled."""
HOLD_SECONDS = REQUESTS // RATE + 8
STEPS = [5, 25, 50]
SHARES = [*STEPS, 100]
PICKS = 50
"""Requests that name a version, at each share."""


@dataclass
class Happy:
    """What was seen.

    Attributes:
        version: What took over.
        good: What served before.
        load: The requests, but for those that picked a version.
        picked: Who answered requests that named a version, by the share and that name.
        changes: When each share was first seen, percent.
        last_step: The ModelDeployment at the last look in it that found every check passing.
        body: The ModelDeployment at the end.
    """

    version: str
    good: str
    load: Load
    picked: dict[tuple[int, str], Counter[str]] = field(default_factory=dict)
    changes: list[tuple[float, int]] = field(default_factory=list)
    last_step: Body = field(default_factory=dict)
    body: Body = field(default_factory=dict)

    @property
    def shares(self) -> dict[int, Share]:
        """What each step really was, by its share."""
        return {each.weight: each for each in shares(self.load.lines, self.changes, self.version)}


def rollout() -> Body:
    steps = [{"weight": weight, "holdSeconds": HOLD_SECONDS} for weight in STEPS]
    return {"steps": [{"pause": {}}, *steps], "checks": CHECKS, "evidence": "Pass"}


@pytest.fixture(scope="module")
def happy(team: Team) -> Iterator[Happy]:
    """Serve a version; let another take over under load, with a pause before its first share."""
    serving = served.apply(team, "happy", small_models.good(1), replicas=2, rollout=rollout())
    served.wait_ready(serving)
    version = import_version(serving.team, small_models.good(2), line=serving.name)
    with (
        served.watching_shares(team.namespace) as watch,
        serving.team.load(*ROWS, rate=RATE) as load,
    ):
        found = Happy(version, serving.good, load)
        serving.ask_for(version)
        wait_for("the pause", lambda: is_paused(serving), seconds=120)
        pick(found, serving, 0)
        serving.change(rollout={"promote": version})
        for weight in STEPS:
            served.wait_for_share(watch, version, weight)
            pick(found, serving, weight)
        found.last_step = end_of_step(serving, STEPS[-1])
        found.body = serving.wait_until_it_serves(version)
        time.sleep(HOLD_SECONDS)  # how long it is measured at 100 %, not what is waited for
        found.changes = served.shares_of(watch, version)
    yield found
    served.delete(serving)


def is_paused(serving: Served) -> bool | None:
    return True if condition(serving.body(), "Ready").get("reason") == "Paused" else None


def end_of_step(serving: Served, weight: int) -> Body:
    """Return the last that was seen of a step with every check passing, once the step is over."""
    last: Body = {}

    def look() -> bool | None:
        nonlocal last
        body = serving.body()
        if body["status"].get("canary", {}).get("weight") != weight:
            return True
        last = body if passing(body) else last
        return None

    wait_for(f"the step of {weight} % to end", look, seconds=HOLD_SECONDS + 60)
    assert last, "at no look did every check pass and were both shares told"
    return last


def passing(body: Body) -> bool:
    verdicts = {check["verdict"] for check in body["status"].get("checks", [])}
    seen = [t for t in body["status"]["traffic"] if "observedPercent" in t]
    return verdicts == {"Pass"} and len(seen) == len({"stable", "canary"})


def pick(found: Happy, serving: Served, weight: int) -> None:
    """Ask for each of the two versions by name."""
    for version in (found.version, found.good):
        found.picked[weight, version] = answered(serving, version)


def answered(serving: Served, version: str) -> Counter[str]:
    """Count status and version of the answers to requests that name ``version``."""
    script = (
        'curl -sS -o /dev/null -w "%{http_code} %header{x-checkrail-model-version}\n"'
        ' -H "Host: $0" -H "x-checkrail-version: $1" -H "Content-Type: application/json"'
        ' -d "$2" "$CHECKRAIL_GATEWAY_URL/predict?[1-$3]"'
    )
    body = json.dumps({"rows": ROWS[:1]})
    said = run("sh", "-c", script, serving.team.host, version, body, str(PICKS))
    return Counter(said.splitlines())


def test_the_version_climbs_every_step_once_in_order(happy: Happy) -> None:
    assert [weight for _, weight in happy.changes] == [0, *SHARES]
    assert happy.body["status"]["history"][0]["outcome"] == "Promoted"


def test_no_request_fails_at_300_a_second(happy: Happy) -> None:
    lines = happy.load.lines
    seconds = sorted(line["seconds"] for line in lines)
    rate = len(lines) / (lines[-1]["at"] - lines[0]["at"])

    print(  # noqa: T201 - the figure
        f"{happy.load.failed} of {len(lines)} requests failed at {rate:.0f} a second;"
        f" p50 {1000 * seconds[len(lines) // 2]:.1f} ms, p99"
        f" {1000 * seconds[len(lines) * 99 // 100]:.1f} ms"
    )
    assert failures(lines) == {}
    assert rate == pytest.approx(RATE, rel=0.02)


@pytest.mark.parametrize("weight", SHARES)
def test_the_split_is_exact_at_each_step(happy: Happy, weight: int) -> None:
    found = happy.shares[weight]

    print(f"{weight} %: {found.observed_percent:.2f} % of {found.requests} requests")  # noqa: T201 - the figure
    assert found.requests >= REQUESTS
    assert found.observed_percent == pytest.approx(weight, abs=2)


def test_every_check_passes_and_the_pods_count_the_same_split(happy: Happy) -> None:
    status = happy.last_step["status"]
    counted = {t["version"]: float(t["observedPercent"]) for t in status["traffic"]}

    assert counted[happy.version] == pytest.approx(status["canary"]["weight"], abs=2)
    assert condition(happy.last_step, "ChecksPassing")["status"] == "True"
    assert condition(happy.last_step, "TrafficConverged")["status"] == "True"


@pytest.mark.parametrize("weight", [0, *STEPS])
def test_a_request_that_names_a_version_reaches_it(happy: Happy, weight: int) -> None:
    for version in (happy.version, happy.good):
        assert happy.picked[weight, version] == {f"{OK} {version}": PICKS}
