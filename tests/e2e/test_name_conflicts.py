"""An object of somebody else that has a child's name: left alone, told, and nothing else waits."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from demo.cluster import condition, is_true, kubectl, wait_for
from demo.team import Body, Team

from e2e.relied_on import of_children
from e2e.side_by_side import CHILDREN
from e2e.teams import deployment, namespaces, record_versions

NAMESPACE = "checkrail-e2e-conflicts"
LABELS = {
    "checkrail.dev/owner-kind": "ModelDeployment",
    "app.kubernetes.io/managed-by": "checkrail",
}
"""As on an object that was restored from a backup: our labels, and no owner."""
SELECTOR = {"matchLabels": {"app": "foreign"}}
PODS = {
    "metadata": {"labels": {"app": "foreign"}},
    "spec": {
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": "foreign",
                "image": "checkrail.dev/server:dev",
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                },
            }
        ],
    },
}
TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "foreign"}
KINDS: dict[str, tuple[str, str, Body]] = {
    "pods": (
        "apps/v1",
        "Deployment",
        {"replicas": 0, "selector": SELECTOR, "template": PODS},
    ),
    "backend": ("v1", "Service", {"ports": [{"port": 9}]}),
    "front": ("v1", "Service", {"ports": [{"port": 9}]}),
    "route": (
        "gateway.networking.k8s.io/v1",
        "HTTPRoute",
        {"rules": [{"backendRefs": [{"name": "foreign", "port": 9}]}]},
    ),
    "budget": ("policy/v1", "PodDisruptionBudget", {"minAvailable": 1, "selector": SELECTOR}),
    "scaler": (
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        {"maxReplicas": 3, "scaleTargetRef": TARGET},
    ),
}
OF_A_REVISION = {"pods", "backend", "budget"}
"""Those whose names end with the revision's."""
WAITS = {"backend": {"HTTPRoute backend"}}
"""What is not made before the foreign object goes: no request may be sent to it."""


@dataclass(frozen=True)
class Conflicts:
    """ModelDeployments by the child whose name was taken before they came.

    Attributes:
        team: Where they are.
        whole: Kinds and names of the children of one called ``first`` that nothing hinders.
        foreign: What took the name.
        told: What each came to.
    """

    team: Team
    whole: set[str]
    foreign: dict[str, Body]
    told: dict[str, Body]

    def children(self, what: str) -> set[str]:
        """Return what there should be in the end of a ModelDeployment, by kind and name."""
        return {child.replace("first", what) for child in self.whole}

    def named(self, what: str) -> tuple[str, str]:
        """Return the kind and name of a foreign object."""
        body = self.foreign[what]
        return body["kind"], body["metadata"]["name"]

    def as_it_is(self, what: str) -> Body:
        """Return a foreign object without what controllers say of it."""
        return _without_status(self.team.get(*self.named(what)))


@pytest.fixture(scope="module")
def conflicts(lake: None) -> Iterator[Conflicts]:  # noqa: ARG001 - the operator comes first
    """Make the foreign objects, then ask for ModelDeployments whose children need their names."""
    with namespaces(NAMESPACE) as [team]:
        [version] = record_versions([team], [51])
        scaling: dict[str, Any] = {"replicas": 2, "autoscaling": {"maxReplicas": 3}}
        first = team.deploy(deployment("first", version, **scaling))
        revision, whole = first["status"]["stable"]["revision"], children_of(team, "first")
        foreign = {}
        for what, (api_version, kind, spec) in KINDS.items():
            name = f"{what}-{revision}" if what in OF_A_REVISION else what
            labels = {**LABELS, "checkrail.dev/owner": what}
            metadata = {"name": name, "labels": labels}
            team.apply(
                {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}
            )
            foreign[what] = _without_status(team.get(kind, name))
        for what in KINDS:
            team.apply(deployment(what, version, **scaling))
        told = {what: _told(team, what) for what in KINDS}
        yield Conflicts(team, whole, foreign, told)


def _without_status(body: Body) -> Body:
    metadata = {
        key: value
        for key, value in body["metadata"].items()
        if key not in {"resourceVersion", "managedFields", "annotations"}
    }
    return {**body, "metadata": metadata, "status": {}}


def _told(team: Team, what: str) -> Body:
    """Return a ModelDeployment once it says that it is stalled."""

    def look() -> Body | None:
        body = team.get("modeldeployment", what)
        return body if is_true(body, "Stalled") else None

    return wait_for(f"{what} to be stalled", look, seconds=120)


def children_of(team: Team, what: str) -> set[str]:
    """Return kinds and names of the children that a ModelDeployment owns."""
    selector = f"checkrail.dev/owner={what}"
    where = ("-n", team.namespace, "-l", selector, "-o", "json")
    items: list[Body] = json.loads(kubectl("get", CHILDREN, *where))["items"]
    return {*of_children([item for item in items if item["metadata"].get("ownerReferences")])}


@pytest.mark.parametrize("what", KINDS)
def test_a_conflict_is_told_by_kind_and_name(conflicts: Conflicts, what: str) -> None:
    kind, name = conflicts.named(what)
    stalled = condition(conflicts.told[what], "Stalled")

    assert stalled["reason"] == "NameConflict"
    assert stalled["message"] == (
        f"{kind} {name} exists and is not owned by this object: delete or rename it, or create "
        "this object under another name"
    )
    assert condition(conflicts.told[what], "Ready")["status"] == "False"


@pytest.mark.parametrize("what", KINDS)
def test_the_foreign_object_is_left_alone(conflicts: Conflicts, what: str) -> None:
    assert conflicts.as_it_is(what) == conflicts.foreign[what]


@pytest.mark.parametrize("what", KINDS)
def test_every_other_child_is_made(conflicts: Conflicts, what: str) -> None:
    wanted = conflicts.children(what) - {" ".join(conflicts.named(what))} - WAITS.get(what, set())

    def look() -> bool | None:
        return True if children_of(conflicts.team, what) == wanted else None

    wait_for(f"{what} to have {sorted(wanted)}", look, seconds=30)


@pytest.mark.parametrize("what", ["backend", "front", "budget", "scaler"])
def test_pods_serve_in_spite_of_it(conflicts: Conflicts, what: str) -> None:
    def look() -> bool | None:
        return is_true(conflicts.team.get("modeldeployment", what), "Available") or None

    wait_for(f"{what} to have pods that answer", look, seconds=120)


@pytest.mark.parametrize("what", KINDS)
def test_its_end_ends_the_conflict(conflicts: Conflicts, what: str) -> None:
    kubectl("delete", *conflicts.named(what), "-n", NAMESPACE, "--wait=true")

    def look() -> bool | None:
        return is_true(conflicts.team.get("modeldeployment", what), "Ready") or None

    wait_for(f"{what} to be Ready", look, seconds=120)
    assert children_of(conflicts.team, what) == conflicts.children(what)


def test_deletion_leaves_foreign_objects(conflicts: Conflicts) -> None:
    team = conflicts.team
    for what, (api_version, kind, spec) in KINDS.items():
        metadata = {"name": f"stays-{what}", "labels": {**LABELS, "checkrail.dev/owner": what}}
        team.apply({"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec})
    kubectl("delete", "mdep", *KINDS, "-n", NAMESPACE, "--wait=true")

    def look() -> bool | None:
        return None if any(children_of(team, what) for what in KINDS) else True

    wait_for("every child to be gone", look, seconds=90)
    for what, (_, kind, _) in KINDS.items():
        assert team.get(kind, f"stays-{what}"), f"{kind} with our labels was not ours"
