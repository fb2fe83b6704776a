"""Two replicas: one is active, and none does what the other did."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from wiring import flows
from wiring.admin import wait_until
from wiring.operator_process import OperatorProcess

if TYPE_CHECKING:
    from pathlib import Path

    from wiring.world import Site, World

pytestmark = pytest.mark.wiring

SHORT = {"CHECKRAIL_LEASE_DURATION_SECONDS": "6", "CHECKRAIL_LEASE_RENEW_SECONDS": "1"}
LOST_LEASE = 3


def holds(operator: OperatorProcess) -> bool:
    return bool(operator.lines("lease is held"))


def test_two_operators_at_once_do_nothing_twice(site: Site) -> None:
    one, two = (site.start(pod) for pod in ("operator-1", "operator-2"))
    flows.train(site.namespace)
    flows.serve(site.namespace)
    flows.trained(site.namespace)
    flows.climbed(site.namespace)

    assert flows.trained_end(site.namespace)["attempts"] == [(1, "Succeeded")]
    assert [holds(one), holds(two)].count(True) == 1
    active = "operator-1" if holds(one) else "operator-2"
    assert {write.writer for write in site.proxy.writes} == {active}


def test_a_standby_takes_over_from_a_dead_operator(site: Site) -> None:
    """The trainer waits for the death: a run that is over leaves a standby nothing to do."""
    pods = site.world.pods
    pods.trainers[site.namespace.name] = "hold"
    one = site.start("operator-1", **SHORT)
    wait_until(lambda: holds(one), otherwise=one.tail)
    two = site.start("operator-2", **SHORT)
    flows.train(site.namespace)
    site.namespace.wait_for_pods("Running")

    one.kill()
    pods.trainers[site.namespace.name] = "publish"
    pods.again(site.namespace.name)

    flows.trained(site.namespace)
    assert holds(two)
    assert flows.trained_end(site.namespace)["attempts"] == [(1, "Succeeded")]


def test_an_operator_whose_lease_is_taken_ends_at_once(site: Site) -> None:
    one = site.start("operator-1", **SHORT)
    wait_until(lambda: holds(one), otherwise=one.tail)

    change = {"spec": {"holderIdentity": "operator-2_other"}}
    site.namespace.patch("Lease", "checkrail-operator", change)

    assert one.wait() == LOST_LEASE
    (last,) = one.lines("lease is lost, the process ends")
    assert last["why"] == "the Lease is held by operator-2_other"


def test_a_paused_operator_ends_without_a_write_when_it_wakes(site: Site) -> None:
    """The classic way to two active replicas: a process that slept through its Lease."""
    one = site.start("operator-1", **SHORT)
    wait_until(lambda: holds(one), otherwise=one.tail)
    os.kill(one.pid, signal.SIGSTOP)
    two = site.start("operator-2", **SHORT)
    flows.train(site.namespace)
    flows.trained(site.namespace)
    assert holds(two)

    os.kill(one.pid, signal.SIGCONT)

    assert one.wait() == LOST_LEASE
    assert {write.writer for write in site.proxy.writes} == {"operator-2"}
    assert two.running


def test_a_stopped_operator_gives_the_lease_back(site: Site) -> None:
    one = site.start("operator-1")
    wait_until(lambda: holds(one), otherwise=one.tail)

    assert one.stop() == 0

    lease = site.namespace.get("Lease", "checkrail-operator")
    assert lease is not None
    assert lease["spec"].get("holderIdentity", "") == ""


def test_a_deleted_namespace_is_no_bug(site: Site) -> None:
    operator = site.start(CHECKRAIL_LEASE_NAMESPACE="default")
    flows.train(site.namespace)
    wait_until(lambda: bool(site.proxy.writes))

    path = f"/api/v1/namespaces/{site.namespace.name}"
    site.world.client.delete(path)
    wait_until(lambda: site.world.client.get(path).status_code == httpx.codes.NOT_FOUND, seconds=60)

    assert operator.lines("bug") == []
    assert operator.running


def test_the_program_starts_as_a_container_does_and_answers_its_probes(
    world: World, site: Site
) -> None:
    home = site.home("operator-1")
    log: Path = home / "plain.log"
    env = {**os.environ, **site.env("operator-1"), "KUBECONFIG": "operator.kubeconfig"}
    began = time.monotonic()
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [sys.executable, "-m", "checkrail_operator"], cwd=home, env=env, stderr=output
        ) as process,
    ):
        operator = OperatorProcess(world.nursery, process.pid, log)
        wait_until(lambda: len(operator.lines("serves")) == 2, otherwise=operator.tail)
        port = operator.lines("serves")[1]["address"][1]
        wait_until(lambda: httpx.get(f"http://127.0.0.1:{port}/readyz").is_success)
        health = httpx.get(f"http://127.0.0.1:{port}/healthz")
        seconds = time.monotonic() - began
        process.terminate()
        assert process.wait(15) == 0

    names = [line.split(":")[0] for line in health.text.splitlines()]
    assert (health.status_code, names) == (
        200,
        [
            "ok event loop lag",
            "ok age of the last watch event",
            "ok age of the oldest queued object",
            "ok age of the last resync",
        ],
    )
    assert seconds < 20


@pytest.mark.parametrize(
    ("env", "want"),
    [
        pytest.param(
            {},
            "checkrail-operator: CHECKRAIL_TRAINER_IMAGE is not set: it has no default\n",
            id="no image",
        ),
    ],
)
def test_a_wrong_setting_is_told_at_once(env: dict[str, str], want: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "checkrail_operator"],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (2, want)
