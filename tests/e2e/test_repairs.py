"""A child that somebody deletes or edits by hand is as before within ten seconds."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from demo.cluster import kubectl, wait_for
from demo.team import Body, Team

from e2e.operator_figures import operator_figure
from e2e.relied_on import differences, of_children
from e2e.side_by_side import CHILDREN
from e2e.teams import deployment, namespaces, record_versions

NAMESPACE = "checkrail-e2e-repairs"
REST, MOVING = "rests", "moves"
REPAIRED_WITHIN_SECONDS = 10


@dataclass(frozen=True)
class Repaired:
    """Two ModelDeployments: one at rest, one with a canary that keeps half of the requests."""

    team: Team
    names: dict[str, str]
    since: str
    seconds: dict[str, float] = field(default_factory=dict)

    def children(self, name: str) -> dict[str, Body]:
        """Return what users rely on of the children of one."""
        selector = f"checkrail.dev/owner={name}"
        where = ("-n", self.team.namespace, "-l", selector, "-o", "json")
        items: list[Body] = json.loads(kubectl("get", CHILDREN, *where))["items"]
        return of_children(items)

    def child(self, what: str) -> list[str]:
        """Return a child as kubectl names it, the name of its revision filled in."""
        return what.format(**self.names).split()

    def status(self, name: str) -> Body:
        """Return the status of one."""
        status: Body = self.team.get("modeldeployment", name)["status"]
        return status


@pytest.fixture(scope="module")
def repaired(lake: None) -> Iterator[Repaired]:  # noqa: ARG001 - the operator comes first
    """Serve two ModelDeployments, and tell in the end how long repairs took."""
    with namespaces(NAMESPACE) as [team]:
        old, new = record_versions([team], (41, 42))
        half = {"steps": [{"weight": 50, "holdSeconds": 3600}]}
        scaling = {"replicas": 2, "autoscaling": {"minReplicas": 2, "maxReplicas": 3}}
        team.apply(deployment(REST, old, **scaling))
        team.deploy(deployment(MOVING, old, rollout=half))
        team.apply(deployment(MOVING, new, rollout=half))
        team.deploy(deployment(REST, old, **scaling))
        moving = wait_for("a canary with a share", partial(_moving, team), seconds=120)
        rests, canary = team.get("modeldeployment", REST)["status"], moving["canary"]
        names = {
            "rests": f"{REST}-{rests['stable']['revision']}",
            "stable": f"{MOVING}-{moving['stable']['revision']}",
            "canary": f"{MOVING}-{canary['revision']}",
        }
        repaired = Repaired(team, names, canary["since"])
        bugs = operator_figure("checkrail_operator_bugs_total")
        yield repaired
        assert operator_figure("checkrail_operator_bugs_total") == bugs
        slowest = max(repaired.seconds, key=lambda each: repaired.seconds[each])
        print(f"\n{len(repaired.seconds)} repairs; slowest {slowest}:", end=" ")  # noqa: T201 - the figures
        print(f"{repaired.seconds[slowest]:.1f} s")  # noqa: T201


def _moving(team: Team) -> Body | None:
    """Return the status once the canary has its share, and requests may pick a version."""
    status: Body = team.get("modeldeployment", MOVING)["status"]
    rules = team.get("httproute", MOVING)["spec"]["rules"]
    has_its_share = status.get("canary", {}).get("weight") == 50
    return status if has_its_share and len(rules) == 3 else None


def repairs_of(repaired: Repaired, case: str, name: str, damage: Callable[[], Any]) -> None:
    """Do damage to a child of ``name``; wait until all its children are as they were."""
    before = repaired.children(name)
    began = time.monotonic()
    damage()

    def is_repaired() -> bool | None:
        return True if repaired.children(name) == before else None

    try:
        wait_for(case, is_repaired, seconds=2 * REPAIRED_WITHIN_SECONDS)
    finally:
        left = differences(repaired.children(name), before)
    repaired.seconds[case] = time.monotonic() - began
    print(f"{case}: {repaired.seconds[case]:.1f} s")  # noqa: T201 - the figure
    assert left == []
    assert repaired.seconds[case] < REPAIRED_WITHIN_SECONDS


@pytest.mark.parametrize(
    ("name", "child"),
    [
        (REST, "deployment {rests}"),
        (REST, "service {rests}"),
        (REST, "service rests"),
        (REST, "httproute rests"),
        (REST, "poddisruptionbudget {rests}"),
        (REST, "horizontalpodautoscaler rests"),
        (MOVING, "service {stable}"),
        (MOVING, "service {canary}"),
        (MOVING, "httproute moves"),
    ],
)
def test_a_deleted_child_is_made_again(repaired: Repaired, name: str, child: str) -> None:
    where = ("-n", NAMESPACE, "--wait=true")
    damage = partial(kubectl, "delete", *repaired.child(child), *where)
    repairs_of(repaired, f"{child} deleted", name, damage)


OTHER = {"checkrail.dev/owner": "somebody"}
EDITS: list[tuple[str, str, str, Body | list[Body]]] = [
    (REST, "deployment {rests}", "no pods", {"spec": {"replicas": 0}}),
    (REST, "deployment {rests}", "another strategy", {"spec": {"minReadySeconds": 60}}),
    (
        REST,
        "deployment {rests}",
        "another image",
        [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "x:1"}],
    ),
    (
        REST,
        "deployment {rests}",
        "another revision's label",
        {"metadata": {"labels": {"checkrail.dev/revision": "00000000"}}},
    ),
    (REST, "deployment {rests}", "another owner's label", {"metadata": {"labels": OTHER}}),
    (
        REST,
        "deployment {rests}",
        "no label of ours",
        {"metadata": {"labels": {"app.kubernetes.io/managed-by": None}}},
    ),
    (
        REST,
        "deployment {rests}",
        "no record",
        {
            "metadata": {
                "annotations": {"checkrail.dev/revision": None, "checkrail.dev/pod-template": None}
            }
        },
    ),
    (REST, "service {rests}", "one more label to select", {"spec": {"selector": {"a": "b"}}}),
    (REST, "service rests", "other pods", {"spec": {"selector": {"checkrail.dev/owner": "x"}}}),
    (
        REST,
        "service rests",
        "another port",
        [{"op": "replace", "path": "/spec/ports/0/port", "value": 81}],
    ),
    (REST, "service rests", "reachable from outside", {"spec": {"type": "NodePort"}}),
    (REST, "service rests", "another owner's label", {"metadata": {"labels": OTHER}}),
    (REST, "httproute rests", "another host", {"spec": {"hostnames": ["other.example.com"]}}),
    (
        REST,
        "httproute rests",
        "only some requests",
        [{"op": "add", "path": "/spec/rules/0/matches/0/method", "value": "PUT"}],
    ),
    (
        REST,
        "httproute rests",
        "no share",
        [{"op": "replace", "path": "/spec/rules/0/backendRefs/0/weight", "value": 0}],
    ),
    (REST, "poddisruptionbudget {rests}", "no eviction", {"spec": {"maxUnavailable": 0}}),
    (
        REST,
        "poddisruptionbudget {rests}",
        "other pods",
        {"spec": {"selector": {"matchLabels": {"a": "b"}}}},
    ),
    (REST, "horizontalpodautoscaler rests", "more pods", {"spec": {"maxReplicas": 9}}),
    (MOVING, "deployment {canary}", "more pods", {"spec": {"replicas": 2}}),
    (MOVING, "service {canary}", "other pods", {"spec": {"selector": {"a": "b"}}}),
    (
        MOVING,
        "httproute moves",
        "another share",
        [{"op": "replace", "path": "/spec/rules/2/backendRefs/1/weight", "value": 1}],
    ),
    (
        MOVING,
        "httproute moves",
        "a rule taken out",
        [{"op": "remove", "path": "/spec/rules/0"}],
    ),
]


@pytest.mark.parametrize(
    ("name", "child", "how", "patch"),
    [pytest.param(*row, id=f"{row[1]}: {row[2]}") for row in EDITS],
)
def test_an_edited_child_is_put_right(
    repaired: Repaired, name: str, child: str, how: str, patch: Body | list[Body]
) -> None:
    kind = "json" if isinstance(patch, list) else "merge"
    change = ("-n", NAMESPACE, f"--type={kind}", "-p", json.dumps(patch))
    damage = partial(kubectl, "patch", *repaired.child(child), *change)
    repairs_of(repaired, f"{child}: {how}", name, damage)


def test_repairs_move_no_share(repaired: Repaired) -> None:
    """The canary has kept its share through all that was done to the children of its rollout."""
    status = repaired.status(MOVING)

    assert (status["canary"]["weight"], status["canary"]["since"]) == (50, repaired.since)
    assert status.get("rejected", []) == []


def test_a_canary_whose_deployment_is_deleted_starts_again(repaired: Repaired) -> None:
    """Its share goes back while it has no pod, and climbs again; the children are as before."""
    child = repaired.child("deployment {canary}")
    damage = partial(kubectl, "delete", *child, "-n", NAMESPACE, "--wait=true")
    before = repaired.children(MOVING)
    damage()

    def is_as_before() -> bool | None:
        return True if repaired.children(MOVING) == before else None

    wait_for("the canary to have its share again", is_as_before, seconds=60)
    assert repaired.status(MOVING)["canary"]["weight"] == 50
    assert repaired.status(MOVING).get("rejected", []) == []
