"""Many ModelDeployments driven side by side: read together, written together, each by its script.

A script is a generator. It asks for changes, and yields where it wants to look again::

    def script(stage: Stage) -> Script:
        stage.apply(namespace, body)
        yield from until(lambda: stage.phase(namespace, name) is Phase.AT_REST)
        stage.delete(namespace, name)

One ``kubectl get`` and at most a few writes a second serve all of them, so that what is measured is
the operator and not the tests.
"""

import json
import time
from collections.abc import Callable, Generator, Iterable
from enum import StrEnum
from functools import cached_property
from itertools import groupby

from demo.cluster import WaitError, condition, kubectl
from demo.team import Body

Script = Generator[None, None, None]
SECONDS_BETWEEN_LOOKS = 0.7
CHILDREN = (
    "deployments,services,httproutes,poddisruptionbudgets,horizontalpodautoscalers,"
    "networkpolicies,replicasets,pods"
)
OF_DEPLOYMENTS = "checkrail.dev/owner-kind=ModelDeployment"


class Phase(StrEnum):
    """Where a ModelDeployment stands, by its status."""

    UNSEEN = "not seen yet"
    """Nothing, or what its spec said before."""
    FIRST = "first rollout"
    STARTING = "canary without a share"
    CLIMBING = "canary with a share"
    WHOLE = "canary with everything"
    PAUSED = "paused"
    SUSPENDED = "suspended"
    GOING_BACK = "canary goes back"
    SETTLING = "no canary, not ready"
    AT_REST = "at rest"


def phase(body: Body) -> Phase:  # noqa: PLR0911 - one row per phase
    """Return where a ModelDeployment stands; ``body`` is empty when there is none."""
    status, metadata = body.get("status", {}), body.get("metadata", {})
    if not status or status.get("observedGeneration") != metadata.get("generation"):
        return Phase.UNSEEN
    ready, canary = condition(body, "Ready"), status.get("canary")
    if ready["reason"] == "Suspended":
        return Phase.SUSPENDED
    if "stable" not in status:
        return Phase.FIRST
    if canary is None:
        return Phase.AT_REST if ready["status"] == "True" else Phase.SETTLING
    if ready["reason"] == "Paused":
        return Phase.PAUSED
    if ready["reason"] == "RolledBack" or " is asked for" in ready["message"]:
        return Phase.GOING_BACK
    if not canary["weight"]:
        return Phase.STARTING
    return Phase.WHOLE if canary["weight"] == 100 else Phase.CLIMBING


class Look:
    """What there is at one moment."""

    @cached_property
    def deployments(self) -> dict[tuple[str, str], Body]:
        """Every ModelDeployment by namespace and name."""
        return {
            (body["metadata"]["namespace"], body["metadata"]["name"]): body
            for body in _read("get", "mdep", "-A")
        }

    @cached_property
    def children(self) -> dict[tuple[str, str], list[Body]]:
        """What every ModelDeployment has made, and its pods, by its namespace and name."""
        found: dict[tuple[str, str], list[Body]] = {}
        for body in _read("get", CHILDREN, "-A", "-l", OF_DEPLOYMENTS):
            metadata = body["metadata"]
            owner = metadata["namespace"], metadata["labels"]["checkrail.dev/owner"]
            found.setdefault(owner, []).append(body)
        return found

    @cached_property
    def namespaces(self) -> frozenset[str]:
        """Every namespace."""
        return frozenset(body["metadata"]["name"] for body in _read("get", "namespaces"))


class Stage:
    """What the scripts see, and what they ask for until the next look."""

    def __init__(self) -> None:
        """Begin with nothing asked for."""
        self.look = Look()
        self._applied: list[Body] = []
        self._deleted: list[tuple[str, str, str]] = []
        self._deleted_namespaces: list[str] = []

    def deployment(self, namespace: str, name: str) -> Body:
        """Return a ModelDeployment; empty when there is none."""
        return self.look.deployments.get((namespace, name), {})

    def phase(self, namespace: str, name: str) -> Phase:
        """Return where a ModelDeployment stands."""
        return phase(self.deployment(namespace, name))

    def children(self, namespace: str, name: str) -> list[Body]:
        """Return what a ModelDeployment has made, its ReplicaSets and its pods."""
        return self.look.children.get((namespace, name), [])

    def apply(self, namespace: str, body: Body) -> None:
        """Ask for an object to be applied."""
        self._applied.append(body | {"metadata": {**body["metadata"], "namespace": namespace}})

    def delete(self, namespace: str, name: str, cascade: str = "background") -> None:
        """Ask for a ModelDeployment to be deleted, before what is applied at the same time."""
        self._deleted.append((namespace, cascade, name))

    def delete_namespace(self, name: str) -> None:
        """Ask for a namespace to be deleted."""
        self._deleted_namespaces.append(name)

    def carry_out(self) -> None:
        """Do what was asked for since the last time."""
        for (namespace, cascade), group in groupby(sorted(self._deleted), lambda each: each[:2]):
            names = (name for _, _, name in group)
            ways = ("--wait=false", "--ignore-not-found", f"--cascade={cascade}")
            kubectl("delete", "mdep", *names, "-n", namespace, *ways)
        if self._deleted_namespaces:
            kubectl("delete", "namespace", *self._deleted_namespaces, "--wait=false")
        if self._applied:
            whole = {"apiVersion": "v1", "kind": "List", "items": self._applied}
            how = ("--server-side", "--force-conflicts")  # one request for each object
            kubectl("apply", *how, "-f", "-", stdin=json.dumps(whole))
        self._applied, self._deleted, self._deleted_namespaces = [], [], []


def play(stage: Stage, scripts: Iterable[Script], *, at_once: int, seconds: float) -> None:
    """Run every script to its end, so many of them at once.

    Raises:
        WaitError: They did not all end in time.
    """
    waiting, running = list(scripts), list[Script]()
    deadline = time.monotonic() + seconds
    while waiting or running:
        while waiting and len(running) < at_once:
            running.append(waiting.pop(0))
        began = time.monotonic()
        stage.look = Look()
        running = [script for script in running if _goes_on(script)]
        stage.carry_out()
        if began > deadline:
            raise WaitError(f"{len(running)} scripts run and {len(waiting)} wait after {seconds} s")
        time.sleep(max(0.0, began + SECONDS_BETWEEN_LOOKS - time.monotonic()))


def until(holds: Callable[[], bool], *, seconds: float = 180, what: str = "") -> Script:
    """Look again until something holds, at least once.

    Raises:
        WaitError: It did not in time.
    """
    deadline = time.monotonic() + seconds
    yield
    while not holds():
        if time.monotonic() > deadline:
            raise WaitError(f"{what or 'what was waited for'}: not within {seconds:.0f} s")
        yield


def _goes_on(script: Script) -> bool:
    try:
        next(script)
    except StopIteration:
        return False
    return True


def _read(*command: str) -> list[Body]:
    items: list[Body] = json.loads(kubectl(*command, "-o", "json"))["items"]
    return items
