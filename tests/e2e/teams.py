"""Namespaces with the store's credentials and records of small models, as many as a test needs."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from demo import cluster
from demo.cluster import kubectl
from demo.team import Body, Team

from e2e.imported_models import LINE, import_version, version
from harness import small_models

RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


@contextmanager
def namespaces(*names: str) -> Iterator[list[Team]]:
    """Make namespaces that can read the store, and take away those that are left."""
    _delete(names)
    secret = cluster.get("secret", "s3")["data"]
    bodies: list[Body] = []
    for name in names:
        metadata = {"name": name, "labels": RESTRICTED}
        bodies.append({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        metadata = {"name": "s3", "namespace": name}
        bodies.append({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": secret})
    apply_all(bodies)
    yield [Team(name, f"{name}.example.com") for name in names]
    _delete(names)


def record_versions(teams: Iterable[Team], numbers: Iterable[int]) -> list[str]:
    """Publish a good model for each number, record it in every namespace, and return the names.

    They are recorded in the order of their names, so that the last one is the newest of its line.
    The records say nothing of scores: pods that begin as a canary are then made like those that
    begin alone, which are told of no version to be compared with.
    """
    first, *others = teams
    names = sorted(import_version(first, small_models.good(number)) for number in numbers)
    specs = {name: first.get("modelversion", name)["spec"] for name in names}
    kubectl("delete", "mv", *names, "-n", first.namespace)
    bodies = []
    for team in (first, *others):
        for name, spec in specs.items():
            known = {field: value for field, value in spec.items() if field != "scores"}
            body = version(name, known)
            bodies.append(body | {"metadata": {"name": name, "namespace": team.namespace}})
    apply_all(bodies)
    return names


def apply_all(bodies: list[Body]) -> None:
    """Apply objects that name their namespaces, in this order."""
    whole = {"apiVersion": "v1", "kind": "List", "items": bodies}
    kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=json.dumps(whole))


def deployment(name: str, asked: str, **spec: object) -> Body:
    """Return a ModelDeployment of tiny pods without checks; ``spec`` replaces parts of its spec.

    Args:
        name: Its name, and the first part of its host's.
        asked: The version that it asks for, or the line of versions that it follows.
        spec: Parts to replace; a ``rollout`` is added to the one without checks.
    """
    gateway = {
        "parentRefs": [{"name": "checkrail", "namespace": "checkrail-gateway"}],
        "hostnames": [f"{name}.example.com"],
    }
    choice = {"follow": {"model": LINE}} if asked == LINE else {"versionRef": {"name": asked}}
    rollout = spec.pop("rollout", {})
    assert isinstance(rollout, dict)
    return {
        "apiVersion": "checkrail.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": name},
        "spec": {
            "model": choice,
            "server": tiny("5m"),
            "traffic": {"gateway": gateway},
            **spec,
            "rollout": {"checks": [], "minRequests": 0, **rollout},
        },
    }


def tiny(cpu: str) -> Body:
    """Return settings of a server of which a small node can hold a hundred."""
    requests, limits = {"cpu": cpu, "memory": "64Mi"}, {"memory": "512Mi"}
    return {"resources": {"requests": requests, "limits": limits}}


def _delete(names: Iterable[str]) -> None:
    kubectl("delete", "namespace", *names, "--ignore-not-found", "--wait=true")
