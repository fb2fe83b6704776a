"""What breaks around the operator, and what users see of it: nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from wiring import flows
from wiring.admin import OURS, wait_until

if TYPE_CHECKING:
    from wiring.operator_process import OperatorProcess
    from wiring.world import Site, World

pytestmark = pytest.mark.wiring


def ready(site: Site, operator: OperatorProcess) -> None:
    """Wait until the operator leads and its watches are open."""
    wait_until(lambda: bool(operator.lines("lease is held")), otherwise=operator.tail)
    wait_until(lambda: site.proxy.watches_open >= WATCHES, otherwise=operator.tail)


WATCHES = 13
"""Three kinds of ours, nine of children, and the Lease."""


def address(operator: OperatorProcess, number: int) -> str:
    """Answer where the operator serves metrics (0) or health (1)."""
    wait_until(lambda: len(operator.lines("serves")) > number, otherwise=operator.tail)
    return f"http://127.0.0.1:{operator.lines('serves')[number]['address'][1]}"


def metric(operator: OperatorProcess, name: str) -> float:
    text = httpx.get(f"{address(operator, 0)}/metrics").text
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))


def test_a_cut_watch_is_opened_again_and_what_happened_meanwhile_is_seen(site: Site) -> None:
    operator = site.start()
    ready(site, operator)

    site.proxy.cut_watches()
    flows.train(site.namespace)

    flows.trained(site.namespace)


def test_an_expired_watch_is_listed_anew(site: Site) -> None:
    operator = site.start()
    ready(site, operator)

    site.proxy.expire_watches(times=WATCHES)
    flows.train(site.namespace)

    flows.trained(site.namespace)
    ready(site, operator)


def test_a_kopf_that_fails_is_started_again(site: Site) -> None:
    """An unexpected answer to kopf's discovery once left it waiting for ever."""
    site.proxy.answer(415, times=1, path="/apis/batch/v1")
    operator = site.start()

    wait_until(lambda: bool(operator.lines("watching ended and starts again")))
    ready(site, operator)
    flows.train(site.namespace)

    flows.trained(site.namespace)


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        pytest.param(429, {"Retry-After": "1"}, id="throttled"),
        pytest.param(500, {}, id="broken"),
        pytest.param(503, {}, id="away"),
        pytest.param(409, {}, id="in conflict"),
    ],
)
def test_an_api_server_that_refuses_for_a_while_is_asked_again(
    site: Site, status: int, headers: dict[str, str]
) -> None:
    operator = site.start()
    ready(site, operator)

    site.proxy.answer(status, times=5, path=f"namespaces/{site.namespace.name}/jobs", **headers)
    flows.train(site.namespace)

    flows.trained(site.namespace)
    assert site.proxy.answered
    assert metric(operator, "checkrail_operator_bugs_total") == 0


def test_an_operator_without_connection_goes_on_when_it_is_back(site: Site) -> None:
    operator = site.start()
    ready(site, operator)

    site.proxy.refusing = True
    site.proxy.cut_watches()
    flows.train(site.namespace)
    wait_until(lambda: bool(operator.lines("lease was not renewed")))
    site.proxy.refusing = False

    flows.trained(site.namespace)
    assert operator.running


def test_a_quiet_resync_writes_nothing(site: Site) -> None:
    operator = site.start(CHECKRAIL_RESYNC_SECONDS="1")
    flows.train(site.namespace)
    flows.serve(site.namespace)
    flows.trained(site.namespace)
    flows.climbed(site.namespace)
    ready(site, operator)
    wait_until(lambda: metric(operator, "checkrail_operator_queue_depth") == 0)
    wait_until(lambda: settled(operator))
    writes, passes = len(site.proxy.writes), metric(operator, PASSES)

    resyncs(operator, 3)

    assert site.proxy.writes[writes:] == []
    assert metric(operator, PASSES) == passes


def test_a_budget_and_an_autoscaler_are_written_once_and_go_when_not_asked_for(site: Site) -> None:
    operator = site.start(CHECKRAIL_RESYNC_SECONDS="1")
    site.namespace.create(flows.model_version(flows.OLD))
    body = flows.model_deployment()
    body["spec"] |= {"replicas": 2, "autoscaling": {"minReplicas": 2, "maxReplicas": 4}}
    site.namespace.create(body)
    site.namespace.wait_for("ModelDeployment", "serve", "Ready")
    kinds = ("PodDisruptionBudget", "HorizontalPodAutoscaler")
    assert [len(site.namespace.list(kind, **OURS)) for kind in kinds] == [1, 1]
    wait_until(lambda: settled(operator))
    writes = len(site.proxy.writes)

    resyncs(operator, 2)
    assert site.proxy.writes[writes:] == []
    change = {"spec": {"replicas": 1, "autoscaling": None}}
    assert site.namespace.patch("ModelDeployment", "serve", change).is_success

    wait_until(lambda: not any(site.namespace.list(kind, **OURS) for kind in kinds))


PASSES = "checkrail_operator_passes_total"


def resyncs(operator: OperatorProcess, number: int) -> None:
    """Wait until so many resyncs have ended."""
    for _ in range(number):
        age = metric(operator, "checkrail_operator_resync_age_seconds")
        wait_until(lambda age=age: metric(operator, "checkrail_operator_resync_age_seconds") > age)  # type: ignore[misc]
        wait_until(lambda: metric(operator, "checkrail_operator_resync_age_seconds") < 0.5)


def settled(operator: OperatorProcess) -> bool:
    """Answer whether a whole resync went by without a pass."""
    passes = metric(operator, PASSES)
    resyncs(operator, 1)
    return metric(operator, PASSES) == passes


def test_a_broken_object_does_not_stop_the_others(site: Site) -> None:
    """A child's name is taken by somebody else: told, never touched, and the rest goes on."""
    foreign: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "taken"},
        "spec": {"ports": [{"port": 1}]},
    }
    before = site.namespace.create(foreign)
    site.start()
    site.namespace.create(flows.model_version(flows.OLD))
    site.namespace.create(flows.model_deployment("taken"))
    flows.train(site.namespace)

    flows.trained(site.namespace)
    site.namespace.wait_for("ModelDeployment", "taken", "Stalled")

    stalled = site.namespace.condition("ModelDeployment", "taken", "Stalled")
    assert stalled["reason"] == "NameConflict"
    assert stalled["message"] == (
        "Service taken exists and is not owned by this object: delete or rename it, or create "
        "this object under another name"
    )
    assert site.namespace.get("Service", "taken") == before


def test_a_name_that_becomes_free_ends_the_conflict(site: Site) -> None:
    service: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "serve"},
        "spec": {"ports": [{"port": 1}]},
    }
    site.namespace.create(service)
    site.start(CHECKRAIL_RESYNC_SECONDS="1")
    flows.serve(site.namespace)
    site.namespace.wait_for("ModelDeployment", "serve", "Stalled")

    site.namespace.delete("Service", "serve")

    site.namespace.wait_for("ModelDeployment", "serve", "Ready")
    assert site.namespace.condition("ModelDeployment", "serve", "Stalled") == {}


def test_a_changed_child_is_taken_back(site: Site) -> None:
    site.start(CHECKRAIL_RESYNC_SECONDS="1")
    flows.serve(site.namespace)
    site.namespace.wait_for("ModelDeployment", "serve", "Ready")
    (deployment,) = site.namespace.list("Deployment", **OURS)
    name = deployment["metadata"]["name"]

    site.namespace.patch("Deployment", name, {"spec": {"replicas": 3}})

    def is_back() -> bool:
        found = site.namespace.get("Deployment", name) or {}
        return bool(found["spec"]["replicas"] == 1)

    wait_until(is_back)


def test_an_item_that_an_apply_would_only_add_to_is_taken_back(site: Site) -> None:
    """Ports are a list with keys: beside another port of its name, ours would be refused."""
    site.start()
    flows.serve(site.namespace)
    site.namespace.wait_for("ModelDeployment", "serve", "Ready")
    service = site.namespace.get("Service", "serve") or {}
    ours = service["spec"]["ports"]

    site.namespace.patch("Service", "serve", {"spec": {"ports": [{**ours[0], "port": 81}]}})

    def is_back() -> bool:
        found = site.namespace.get("Service", "serve") or {}
        return bool(found["spec"]["ports"] == ours)

    wait_until(is_back)


def test_the_api_servers_restart_in_the_middle_changes_nothing_about_the_end(world: World) -> None:
    with world.site() as site:
        world.pods.trainers[site.namespace.name] = "hold"
        operator = site.start()
        flows.train(site.namespace)
        site.namespace.wait_for_pods(phase="Running")

        world.plane.restart_apiserver()
        del world.pods.trainers[site.namespace.name]
        world.pods.again(site.namespace.name)

        flows.trained(site.namespace)
        assert flows.trained_end(site.namespace)["attempts"] == [(1, "Succeeded")]
        assert operator.running
