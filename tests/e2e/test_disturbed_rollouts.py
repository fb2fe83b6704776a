"""Rollouts that are disturbed, on a real cluster under load: each still ends right.

Every test lets the next good version take over and disturbs it: the operator is killed, the API
server is away, pods are killed, the node is drained.
"""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count, pairwise

import pytest
from demo import cluster
from demo.cluster import ROOT, kubectl, wait_for
from demo.split import failures
from demo.team import Body, Load, Team

from e2e import served
from e2e.imported_models import import_version
from e2e.node import api_server_stopped, kill_container
from e2e.served import OK, OWNER, ROWS, Served, Watch
from harness import small_models

pytestmark = pytest.mark.alone

RATE = 100
HOLD_SECONDS = 5
STEPS = [5, 25, 50]
AWAY_SECONDS = 60
NUMBERS = count(1)
ALIVE_AGAIN_SECONDS = 5
"""After a pod was killed: until the kubelet has told, and the gateway knows."""


def rollout(*weights: int) -> Body:
    steps = [{"weight": weight, "holdSeconds": HOLD_SECONDS} for weight in weights]
    return {"steps": steps, "minRequests": 20}


@dataclass
class Takeover:
    """A version that takes over, and what is seen of it.

    Attributes:
        served: Where.
        version: What.
        watch: The shares.
        load: The requests.
        capacity: Ready pods of each Deployment.
    """

    served: Served
    version: str
    watch: Watch
    capacity: Watch
    load: Load
    body: Body = field(default_factory=dict)

    def reached(self, weight: int) -> float:
        """Wait until it has a share, percent; return when it had it first."""
        return served.wait_for_share(self.watch, self.version, weight)

    @property
    def shares(self) -> list[int]:
        return [weight for _, weight in served.shares_of(self.watch, self.version)]

    @property
    def shortest_hold(self) -> float:
        """Seconds that the shares between 0 and 100 % were held at least."""
        begun = {
            int(line["weight"] or 0): datetime.fromisoformat(line["since"]).timestamp()
            for _, line in self.watch.seen
            if line["canary"] == self.version
        }
        return min(begun[after] - begun[weight] for weight, after in pairwise(begun) if weight)

    @property
    def failed(self) -> list[Body]:
        return [line for line in self.load.lines if line["status"] != OK]

    def tell(self, what: str) -> str:
        causes = ", ".join(f"{n} x {cause}" for cause, n in failures(self.load.lines).items())
        path = " -> ".join(str(share) for share in self.shares)
        start = self.load.lines[0]["at"]
        when = [line["at"] - start for line in self.failed]
        span = f" from second {when[0]:.1f} to {when[-1]:.1f}" if when else ""
        return (
            f"{what}: {path} %, {len(self.failed)} of {len(self.load.lines)} requests failed{span}"
            f" {causes}"
        )


@pytest.fixture(scope="module")
def sturdy(team: Team) -> Iterator[Served]:
    """Serve a good version with two pods, and take it away."""
    model = small_models.good(next(NUMBERS))
    found = served.apply(team, "sturdy", model, replicas=2, rollout=rollout(*STEPS))
    served.wait_ready(found)
    yield found
    served.delete(found)


@contextmanager
def taking_over(sturdy: Served, *weights: int) -> Iterator[Takeover]:
    """Ask for the next version under load; after the block, wait until it serves alone."""
    namespace = sturdy.team.namespace
    version = import_version(sturdy.team, small_models.good(next(NUMBERS)), line=sturdy.name)
    with (
        served.watching_shares(namespace) as watch,
        served.watching_capacity(namespace) as capacity,
        sturdy.team.load(*ROWS, rate=RATE) as load,
    ):
        found = Takeover(sturdy, version, watch, capacity, load)
        sturdy.ask_for(version, rollout=rollout(*weights))
        yield found
        found.body = sturdy.wait_until_it_serves(version, seconds=240)


def kill_operator() -> str:
    """Kill the operator that holds the Lease; return its pod's name."""
    lease = cluster.get("lease", "checkrail-operator", cluster.SYSTEM)
    pod = str(lease["spec"]["holderIdentity"]).rpartition("_")[0]
    kill_container(cluster.get("pod", pod, cluster.SYSTEM), "operator")
    return pod


def test_the_operator_is_killed_at_each_step(sturdy: Served) -> None:
    with taking_over(sturdy, *STEPS) as found:
        for weight in (0, *STEPS, 100):
            found.reached(weight)
            kill_operator()

    print(found.tell("operator killed 5 times"))  # noqa: T201 - the figure
    assert found.shares == [0, *STEPS, 100]
    assert found.shortest_hold >= HOLD_SECONDS
    assert found.failed == []
    assert found.body["status"]["history"][0]["outcome"] == "Promoted"
    assert not found.body["status"].get("rejected")


def test_the_api_server_is_away_for_a_minute(sturdy: Served) -> None:
    with taking_over(sturdy, *STEPS) as found:
        found.reached(25)
        with api_server_stopped():
            time.sleep(AWAY_SECONDS)  # how long it is away, not what is waited for
        back = time.time()

    print(found.tell("API server away"), f"{time.time() - back:.0f} s to the end")  # noqa: T201 - the figure
    assert found.shares == [0, *STEPS, 100]
    assert found.failed == []
    assert found.body["status"]["history"][0]["outcome"] == "Promoted"


def test_a_scoring_pod_of_either_version_is_killed(sturdy: Served) -> None:
    killed: list[float] = []
    good = sturdy.body()["status"]["stable"]["version"]
    with taking_over(sturdy, 50) as found:
        found.reached(50)
        for version in (good, found.version):
            [pod, _] = sturdy.pods(version)
            killed.append(time.time())
            kill_container(pod, "server")
            wait_for_restart(sturdy, version, pod["metadata"]["name"])

    print(found.tell("a pod of each version killed"))  # noqa: T201 - the figure
    assert found.shares == [0, 50, 100]
    inside = [
        line
        for line in found.failed
        if any(at - 1 <= line["at"] <= at + ALIVE_AGAIN_SECONDS for at in killed)
    ]
    assert found.failed == inside
    # one pod of four: what it was asked between its end and the gateway's hearing of it
    assert len(inside) <= len(killed) * ALIVE_AGAIN_SECONDS * RATE / 4


def wait_for_restart(sturdy: Served, version: str, name: str) -> None:
    def look() -> bool | None:
        pod = next(p for p in sturdy.pods(version) if p["metadata"]["name"] == name)
        [container] = pod["status"]["containerStatuses"]
        return True if container["restartCount"] and container["ready"] else None

    wait_for(f"{name} to be ready again", look, seconds=60)


def test_the_node_is_drained(sturdy: Served) -> None:
    """Drain with kubectl while no node takes pods, then let one take them, as a new one would."""
    [node] = kubectl("get", "nodes", "-o", "jsonpath={.items[*].metadata.name}").split()
    good = sturdy.body()["status"]["stable"]["version"]
    with taking_over(sturdy, 50) as found:
        found.reached(50)
        before = {p["metadata"]["name"] for v in (good, found.version) for p in sturdy.pods(v)}
        selector = f"--pod-selector={OWNER}={sturdy.name}"
        drain = ("drain", node, selector, "--delete-emptydir-data", "--timeout=180s")
        command = cluster.inside("kubectl", *drain)
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=ROOT) as process:
            try:
                wait_for_homeless(sturdy)
            finally:
                kubectl("uncordon", node)
            said, refused = process.communicate()
        after = {p["metadata"]["name"] for p in sturdy.pods(found.version)}

    print(found.tell("node drained"))  # noqa: T201 - the figure
    assert process.returncode == 0, refused
    assert "violate the pod's disruption budget" in refused
    assert said.count("evicted") >= len(before)
    assert not before & after
    assert found.failed == []
    assert found.shares[-1] == 100


def wait_for_homeless(sturdy: Served) -> None:
    """Wait until a pod finds no node: one was evicted, and its successor is refused."""
    where = ("-n", sturdy.team.namespace, "-l", f"{OWNER}={sturdy.name}", "-o", "json")

    def look() -> bool | None:
        pods = json.loads(kubectl("get", "pods", *where))["items"]
        return True if any(p["status"]["phase"] == "Pending" for p in pods) else None

    wait_for("a pod that finds no node", look, seconds=60)
