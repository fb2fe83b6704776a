"""Canaries that are worse, side by side on a real cluster under load: each is taken back alone."""

import hashlib
import statistics
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from demo.cluster import condition, wait_for
from demo.team import Body, Load, Team

from e2e import served
from e2e.imported_models import publish, record_version
from e2e.served import CHECKS, OK, ROWS, SERVER, Served, Watch
from harness import small_models

pytestmark = pytest.mark.alone

WITHIN_SECONDS = 30
"""From the evidence against a canary to its rejection."""
DEADLINE_SECONDS = 20
NOBODY = "http://nobody.default.svc:9000"
"""A store that does not answer: the server asks it again, and is not ready."""
TINY = {"requests": {"cpu": "50m"}, "limits": {"memory": "40Mi"}}
THROTTLED = {"requests": {"cpu": "50m"}, "limits": {"memory": "512Mi", "cpu": "200m"}}


@dataclass(frozen=True)
class Bad:
    """A canary with a fault.

    Attributes:
        name: Of its ModelDeployment.
        reason: Why it is to be taken back.
        words: What the message is to say.
        model: What it serves.
        weight: Its share, percent.
        rate: Requests a second to the ModelDeployment.
        resources: Of its server.
        deadline: Its ``progressDeadlineSeconds``.
        comes_up: Whether it gets its share at all.
    """

    name: str
    reason: str
    words: str
    model: bytes
    weight: int = 30
    rate: float = 60
    resources: Body = field(default_factory=lambda: SERVER["resources"])
    deadline: int = 600
    comes_up: bool = True

    def record(self, team: Team) -> str:
        """Record its version."""
        size, digest = len(self.model), hashlib.sha256(self.model).hexdigest()
        record = partial(record_version, team, self.name, size_bytes=size)
        match self.name:
            case "wrong-digest":
                return record(publish(self.model), "bad0" * 16)
            case "missing-artifact":
                return record("s3://models/imported/none", digest)
            case "never-ready":
                return record("s3://models/imported/none", digest, endpoint=NOBODY)
            case _:
                return record(publish(self.model), digest)

    def rollout(self) -> Body:
        """Return how it is to take over."""
        return {
            "steps": [{"weight": self.weight, "holdSeconds": 3600}],
            "checks": CHECKS,
            "progressDeadlineSeconds": self.deadline,
        }


def broken(name: str, reason: str, words: str, number: int, **more: Any) -> Bad:
    """Return a canary that does not come up."""
    model = small_models.good(number)
    return Bad(name, reason, words, model, rate=10, comes_up=False, **more)


BAD = [
    broken("crash-loop", "CrashLoop", "OOMKilled", 2, resources=TINY),
    broken("never-ready", "ProgressDeadlineExceeded", "within 20 s", 3, deadline=DEADLINE_SECONDS),
    broken("wrong-digest", "CrashLoop", "digest", 4),
    broken("missing-artifact", "CrashLoop", "manifest.json", 5),
    # one in twenty fails: it takes some hundred requests to be sure
    Bad("errors", "ErrorsIncreased", "", small_models.failing_above(0.95, 6), weight=40, rate=100),
    Bad("not-finite", "ErrorsIncreased", "", small_models.not_finite_above(0.5, 7)),
    Bad("shifted", "ScoresShifted", "", small_models.shifted(8)),
    # a fifth of a core for 0.12 s of work: half a second more, and nobody else waits for it
    Bad(
        "slow",
        "LatencyIncreased",
        "",
        small_models.slow(9, small_models.wide_for(0.12)),
        weight=2,
        rate=40,
        resources=THROTTLED,
    ),
]


@dataclass(frozen=True)
class TakenBack:
    """What became of a bad canary.

    Attributes:
        served: What serves.
        version: The canary.
        body: The ModelDeployment afterwards.
        evidence: When there was evidence against it first, epoch seconds.
        rejected: When it was rejected.
        fewest_ready: Fewest pods of the good version that were ready meanwhile.
        load: The requests.
    """

    served: Served
    version: str
    body: Body
    evidence: float
    rejected: float
    fewest_ready: int
    load: Load

    @property
    def failed(self) -> list[Body]:
        return [line for line in self.load.lines if line["status"] != OK]


@dataclass(frozen=True)
class Watches:
    """What is seen of all canaries meanwhile."""

    shares: Watch
    capacity: Watch
    pods: Watch

    def evidence(self, bad: Bad, version: str) -> float:
        """Return when it could be known first that the canary is bad."""
        if bad.comes_up:
            found = self.shares.first(lambda x: x["canary"] == version and bool(int(x["weight"])))
        elif bad.deadline == DEADLINE_SECONDS:
            begun = self.shares.first(lambda x: x["canary"] == version)
            found = begun and begun + bad.deadline
        else:
            crash = "CrashLoopBackOff"
            found = self.pods.first(lambda x: x["version"] == version and x["waits"] == crash)
        assert found, f"{version} was rejected, and no evidence was seen"
        return found


@pytest.fixture(scope="module")
def taken_back(team: Team) -> Iterator[dict[str, TakenBack]]:
    """Serve good versions under load, ask for all the bad ones, and see them go."""
    good = {
        bad.name: served.apply(team, bad.name, small_models.good(1), rollout=bad.rollout())
        for bad in BAD
    }
    served.wait_ready(*good.values())
    with ExitStack() as stack:
        watches = Watches(
            stack.enter_context(served.watching_shares(team.namespace)),
            stack.enter_context(served.watching_capacity(team.namespace)),
            stack.enter_context(
                served.watching(
                    team.namespace,
                    "pods",
                    version=r".metadata.labels.checkrail\.dev/model-version",
                    waits=".status.containerStatuses[0].state.waiting.reason",
                )
            ),
        )
        under_load = stack.enter_context(ExitStack())
        loads = {
            bad.name: under_load.enter_context(good[bad.name].team.load(*ROWS, rate=bad.rate))
            for bad in BAD
        }
        versions = {bad.name: bad.record(good[bad.name].team) for bad in BAD}
        for bad in BAD:
            good[bad.name].ask_for(versions[bad.name], server={"resources": bad.resources})
        bodies = {bad.name: wait_until_gone(good[bad.name], versions[bad.name]) for bad in BAD}
        under_load.close()
        found = {
            bad.name: TakenBack(
                good[bad.name],
                versions[bad.name],
                bodies[bad.name],
                watches.evidence(bad, versions[bad.name]),
                rejected_at(watches.shares, versions[bad.name]),
                fewest_ready(watches.capacity, bodies[bad.name]),
                loads[bad.name],
            )
            for bad in BAD
        }
    yield found
    served.delete(*good.values())


def wait_until_gone(good: Served, version: str) -> Body:
    """Return the ModelDeployment once a version is rejected and nothing of it is left."""

    def look() -> Body | None:
        body = good.body()
        refused = {each["version"] for each in body["status"].get("rejected", [])}
        return body if version in refused and "canary" not in body["status"] else None

    return wait_for(f"{version} to be taken back", look, seconds=180)


def rejected_at(shares: Watch, version: str) -> float:
    found = shares.first(lambda line: version in line["rejected"].split())
    assert found
    return found


def fewest_ready(capacity: Watch, body: Body) -> int:
    name = f"{body['metadata']['name']}-{body['status']['stable']['revision']}"
    ready = [int(line["ready"] or 0) for _, line in capacity.seen if line["name"] == name]
    return min(ready)


each = pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)


@each
def test_it_is_taken_back_within_seconds_with_its_reason(
    taken_back: dict[str, TakenBack], bad: Bad
) -> None:
    found = taken_back[bad.name]
    [refusal] = found.body["status"]["rejected"]
    took = found.rejected - found.evidence

    print(f"{bad.name}: {took:.1f} s after the evidence: {refusal['reason']}: {refusal['message']}")  # noqa: T201 - the figure
    assert refusal["reason"] == bad.reason
    assert bad.words in refusal["message"]
    assert took <= WITHIN_SECONDS


@each
def test_the_good_version_serves_all_the_time(taken_back: dict[str, TakenBack], bad: Bad) -> None:
    found = taken_back[bad.name]

    assert found.fewest_ready == 1
    assert found.body["status"]["stable"]["version"] == found.served.good
    assert found.body["status"]["history"][0]["outcome"] == "RolledBack"
    assert condition(found.body, "Ready")["reason"] == "RolledBack"
    assert condition(found.body, "Available")["status"] == "True"


@each
def test_no_more_requests_fail_than_its_share(taken_back: dict[str, TakenBack], bad: Bad) -> None:
    found = taken_back[bad.name]
    start, end = found.evidence - 2, found.rejected + 4
    under_it = sum(start <= line["at"] <= end for line in found.load.lines)
    most = under_it * bad.weight / 100 if bad.comes_up else 0

    print(f"{bad.name}: {len(found.failed)} of {len(found.load.lines)} requests failed")  # noqa: T201 - the figure
    assert {line["version"] for line in found.failed} <= {found.version}
    assert len(found.failed) <= most


def test_the_slow_one_was_half_a_second_slower(taken_back: dict[str, TakenBack]) -> None:
    found = taken_back["slow"]
    seconds: dict[str, list[float]] = {found.version: [], found.served.good: []}
    for line in found.load.lines:
        seconds[line["version"]].append(line["seconds"])
    slow, good = (statistics.median(seconds[each]) for each in (found.version, found.served.good))

    print(f"slow: median {1000 * slow:.0f} ms, the good one's {1000 * good:.0f} ms")  # noqa: T201 - the figure
    assert slow - good >= 0.4
