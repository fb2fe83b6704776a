"""A rollout without a gateway, on a real cluster: pods behind one Service make the split.

::

    replicas 2; steps 10, 50          the Service selects
    0 %    1 canary pod               the first version
    10 %   1 beside 2: 33 %           both
    50 %   2 beside 2: 50 %           both
    100 %  2                          the second version
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from demo.cluster import condition, kubectl, wait_for
from demo.team import Body, Load, Team

from e2e.imported_models import import_version
from harness import small_models

NAME = "counted"
ROWS = [{"x": round(0.025 + 0.05 * n, 3)} for n in range(20)]
RATE = 50.0
BURST = 2000
POINTS = 5.0
"""What an observed share may differ by: chance alone moves it by 1.1 points (one sigma)."""
UNTIL_MEASURED = 3600
"""Hold of a step, seconds: the test itself ends it, once it has measured."""
REACHABLE = {10: 33, 50: 50}


def steps(ended: tuple[int, ...] = ()) -> Body:
    """Return the rollout, with the holds of the steps in ``ended`` over."""
    holds = {weight: 0 if weight in ended else UNTIL_MEASURED for weight in REACHABLE}
    return {"steps": [{"weight": w, "holdSeconds": seconds} for w, seconds in holds.items()]}


def deployment(version: str) -> Body:
    return {
        "apiVersion": "checkrail.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": NAME},
        "spec": {
            "model": {"versionRef": {"name": version}},
            "replicas": 2,
            "server": {"resources": {"requests": {"cpu": "50m"}, "limits": {"memory": "512Mi"}}},
            "rollout": steps(),
        },
    }


@dataclass(frozen=True)
class Service:
    """What serves, behind the Service alone."""

    team: Team
    first: str

    def ask_for(self, version: str, ended: tuple[int, ...] = ()) -> None:
        spec = {"model": {"versionRef": {"name": version}}, "rollout": steps(ended)}
        patch = json.dumps({"spec": spec})
        kubectl("patch", "mdep", NAME, "-n", self.team.namespace, "--type=merge", "-p", patch)

    def body(self) -> Body:
        return self.team.get("modeldeployment", NAME)

    def share_of(self, version: str) -> float:
        """Return its share of a burst of requests, percent, each on a connection of its own."""
        lines = self.team.burst(ROWS[0], BURST)
        assert [line for line in lines if line["status"] != 200] == []
        mine = [line for line in lines if line["version"] == version]
        return 100 * len(mine) / len(lines)


@pytest.fixture(scope="module")
def service(team: Team) -> Iterator[Service]:
    """Serve a version without a gateway, and take it away."""
    first = import_version(team, small_models.good(11), line=NAME)
    team.deploy(deployment(first))
    address = team.get("service", NAME)["spec"]["clusterIP"]
    yield Service(replace(team, host=NAME, service=f"http://{address}"), first)
    kubectl("delete", "mdep", NAME, "-n", team.namespace, "--wait=true")


def test_shares_of_pods_are_given_and_taken_back_without_a_failed_request(
    service: Service,
) -> None:
    version = import_version(service.team, small_models.good(12), line=NAME)
    with service.team.load(*ROWS, rate=RATE) as load:
        service.ask_for(version)
        measure(service, version, 10)
        service.ask_for(service.first)
        wait_for("the canary to be gone", lambda: is_gone(service), seconds=90)
        assert service.share_of(version) == 0

        service.ask_for(version)
        measure(service, version, 10)
        service.ask_for(version, ended=(10,))
        measure(service, version, 50)
        service.ask_for(version, ended=(10, 50))
        wait_for(f"{version} to be stable", lambda: is_stable(service, version), seconds=120)
        assert service.share_of(version) == 100

    assert len(load.lines) > 30 * RATE
    assert failed(load) == []
    assert service.team.get("httproute", NAME) == {}


def measure(service: Service, version: str, weight: int) -> None:
    """Compare the share of a burst with the one that the status calls reachable."""

    def look() -> Body | None:
        body = service.body()
        canary = body["status"].get("canary", {})
        reached = (canary.get("version"), canary.get("weight")) == (version, weight)
        made = condition(body, "TrafficConverged").get("status") == "True"
        return body if reached and made else None

    body = wait_for(f"{version} to get {weight} %", look, seconds=120)
    reachable = {t["version"]: t["reachablePercent"] for t in body["status"]["traffic"]}
    words = f"desired {weight}, reachable {REACHABLE[weight]}"
    assert reachable[version] == REACHABLE[weight]
    assert words in condition(body, "TrafficConverged")["message"]

    share = service.share_of(version)

    print(f"{words}, observed {share:.1f}")  # noqa: T201 - the figure
    assert share == pytest.approx(REACHABLE[weight], abs=POINTS)


def failed(load: Load) -> list[Body]:
    """Return the requests that were not answered with 200."""
    return [line for line in load.lines if line["status"] != 200]


def is_gone(service: Service) -> bool | None:
    return None if "canary" in service.body()["status"] else True


def is_stable(service: Service, version: str) -> bool | None:
    body = service.body()
    serving = body["status"].get("stable", {}).get("version") == version
    return True if serving and condition(body, "Ready").get("status") == "True" else None
