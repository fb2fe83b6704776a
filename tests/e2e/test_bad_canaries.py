"""Canaries that come up and are worse, on a real cluster, under load: each is taken back."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from demo.cluster import condition, kubectl, wait_for
from demo.team import Body, Load, Team

from e2e.imported_models import import_version
from harness import small_models

NAME = "steady"
ROWS = [{"x": round(0.025 + 0.05 * n, 3)} for n in range(20)]
"""Every twentieth is above 0.95, and scores fill the ten bins evenly."""
RATE = 100.0
WEIGHT = 20
CHECKS = [
    {"name": "errors", "builtin": "ErrorRate"},
    {"name": "latency", "builtin": "LatencyP99"},
    {"name": "scores", "builtin": "ScoreShift"},
    {"name": "range", "builtin": "FeatureRange"},
]
SECONDS = 60
"""From the first request that a canary answers to its rejection; it is caught far sooner."""


@dataclass(frozen=True)
class Service:
    """What serves, and the load on it."""

    team: Team
    good: str
    load: Load

    def ask_for(self, version: str, weight: int) -> None:
        rollout = {"steps": [{"weight": weight, "holdSeconds": 3600}]}
        spec = {"model": {"versionRef": {"name": version}}, "rollout": rollout}
        patch = json.dumps({"spec": spec})
        kubectl("patch", "mdep", NAME, "-n", self.team.namespace, "--type=merge", "-p", patch)

    def status(self) -> Body:
        status: Body = self.team.get("modeldeployment", NAME)["status"]
        return status


def deployment(version: str, host: str) -> Body:
    gateway = {
        "parentRefs": [{"name": "checkrail", "namespace": "checkrail-gateway"}],
        "hostnames": [host],
    }
    return {
        "apiVersion": "checkrail.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": NAME},
        "spec": {
            "model": {"versionRef": {"name": version}},
            "server": {"resources": {"requests": {"cpu": "50m"}, "limits": {"memory": "512Mi"}}},
            "rollout": {"steps": [{"weight": WEIGHT, "holdSeconds": 3600}], "checks": CHECKS},
            "traffic": {"gateway": gateway},
        },
    }


@pytest.fixture(scope="module")
def service(team: Team) -> Iterator[Service]:
    """Serve a good version under load, and take it away."""
    steady = Team(team.namespace, "steady.example.com")
    good = import_version(steady, small_models.good(1))
    steady.deploy(deployment(good, steady.host))
    wait_for("the gateway to know the host", lambda: _answers(steady), seconds=60)
    with steady.load(*ROWS, rate=RATE) as load:
        yield Service(steady, good, load)
    kubectl("delete", "mdep", NAME, "-n", steady.namespace, "--wait=true")


def _answers(team: Team) -> bool | None:
    return True if team.predict(ROWS[:1]) else None


def first_share(service: Service, version: str, weight: int) -> float:
    """Return when the canary got its share."""

    def look() -> float | None:
        canary = service.status().get("canary", {})
        reached = canary.get("version") == version and canary.get("weight") == weight
        return time.monotonic() if reached else None

    return wait_for(f"{version} to get {weight} %", look, seconds=120)


def rejected(service: Service, version: str) -> Body | None:
    found = service.status().get("rejected", [])
    return next((each for each in found if each["version"] == version), None)


@pytest.mark.parametrize(
    ("model", "weight", "reason"),
    [
        pytest.param(small_models.not_finite_above(0.95, 2), 20, "ErrorsIncreased", id="errors"),
        pytest.param(small_models.shifted(3), 20, "ScoresShifted", id="scores"),
        # few requests: it takes a tenth of a second for each, and is to answer them all
        pytest.param(small_models.slow(4), 3, "LatencyIncreased", id="latency"),
    ],
)
def test_a_worse_canary_is_taken_back_with_its_reason(
    service: Service, model: bytes, weight: int, reason: str
) -> None:
    version = import_version(service.team, model)
    service.ask_for(version, weight)
    began = first_share(service, version, weight)
    refusal = wait_for(
        f"{version} to be taken back", lambda: rejected(service, version), seconds=SECONDS
    )
    took = time.monotonic() - began

    print(f"{reason}: taken back {took:.0f} s after it got {weight} %: {refusal['message']}")  # noqa: T201 - the figure
    assert refusal["reason"] == reason
    wait_for("the canary to be gone", lambda: _is_gone(service), seconds=60)
    status = service.status()
    assert status["stable"]["version"] == service.good
    assert status["stable"]["readyReplicas"] == 1
    body = service.team.get("modeldeployment", NAME)
    assert condition(body, "Ready")["reason"] == "RolledBack"
    assert condition(body, "Available")["status"] == "True"
    assert status["history"][0]["outcome"] == "RolledBack"


def _is_gone(service: Service) -> bool | None:
    return None if "canary" in service.status() else True


def test_a_good_canary_answers_its_share_and_passes_its_checks(service: Service) -> None:
    version = import_version(service.team, small_models.good(5))
    service.ask_for(version, WEIGHT)
    first_share(service, version, WEIGHT)

    def look() -> Body | None:
        body = service.team.get("modeldeployment", NAME)
        verdicts = {check["verdict"] for check in body["status"].get("checks", [])}
        assert "Fail" not in verdicts
        seen = [t for t in body["status"]["traffic"] if "observedPercent" in t]
        return body if verdicts == {"Pass"} and len(seen) == 2 else None

    body = wait_for("every check to pass", look, seconds=240)
    shares = {t["version"]: float(t["observedPercent"]) for t in body["status"]["traffic"]}
    assert shares[version] == pytest.approx(WEIGHT, abs=2)
    assert condition(body, "ChecksPassing")["status"] == "True"
    assert condition(body, "TrafficConverged")["status"] == "True"
