"""ModelDeployments of small imported models, and what a watch shows of them while they change."""

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from demo import cluster
from demo.cluster import ROOT, kubectl, wait_for
from demo.team import Body, Team

from e2e.imported_models import import_version

ROWS = [{"x": round(0.025 + 0.05 * n, 3)} for n in range(20)]
"""Every twentieth is above 0.95, and scores fill the ten bins evenly."""
OK = 200
SERVER = {"resources": {"requests": {"cpu": "50m"}, "limits": {"memory": "512Mi"}}}
OWNER = "checkrail.dev/owner"
CHECKS = [
    {"name": "errors", "builtin": "ErrorRate"},
    {"name": "latency", "builtin": "LatencyP99"},
    {"name": "scores", "builtin": "ScoreShift"},
    {"name": "range", "builtin": "FeatureRange"},
]


@dataclass(frozen=True)
class Served:
    """A ModelDeployment, and the version that serves when nothing else is asked for."""

    team: Team
    name: str
    good: str

    def ask_for(self, version: str, **changes: Any) -> None:
        """Ask for another version; ``changes`` are merged into the spec."""
        self.change(model={"versionRef": {"name": version}}, **changes)

    def change(self, **changes: Any) -> None:
        """Merge ``changes`` into the spec."""
        where = (self.name, "-n", self.team.namespace, "--type=merge")
        kubectl("patch", "mdep", *where, "-p", json.dumps({"spec": changes}))

    def body(self) -> Body:
        """Return the object as the API server has it."""
        return self.team.get("modeldeployment", self.name)

    def wait_until_it_serves(self, version: str, *, seconds: float = 120) -> Body:
        """Return the object once ``version`` serves alone."""

        def look() -> Body | None:
            body = self.body()
            status = body.get("status", {})
            serves = status.get("stable", {}).get("version") == version
            return body if serves and "canary" not in status else None

        return wait_for(f"{self.name} to serve {version} alone", look, seconds=seconds)

    def pods(self, version: str) -> list[Body]:
        """Return the pods of a version."""
        selector = f"{OWNER}={self.name},checkrail.dev/model-version={version}"
        where = ("-n", self.team.namespace, "-l", selector, "-o", "json")
        items: list[Body] = json.loads(kubectl("get", "pods", *where))["items"]
        return items


def apply(team: Team, name: str, model: bytes, **spec: Any) -> Served:
    """Ask for a ModelDeployment of ``model``; ``spec`` adds to its spec."""
    of_its_own = replace(team, host=f"{name}.example.com")
    good = import_version(of_its_own, model, line=name)
    gateway = {
        "parentRefs": [{"name": "checkrail", "namespace": "checkrail-gateway"}],
        "hostnames": [of_its_own.host],
    }
    body = {
        "apiVersion": "checkrail.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": name},
        "spec": {
            "model": {"versionRef": {"name": good}},
            "server": SERVER,
            "traffic": {"gateway": gateway},
            **spec,
        },
    }
    of_its_own.apply(body)
    return Served(of_its_own, name, good)


def wait_ready(*served: Served, seconds: float = 180) -> None:
    """Wait until all are Ready and the gateway routes to them."""
    for each in served:
        where = ("-n", each.team.namespace, f"--timeout={seconds:g}s")
        kubectl("wait", "--for=condition=Ready", f"mdep/{each.name}", *where)
        each.team.predict(ROWS[:1])


def delete(*served: Served) -> None:
    """Delete them, and return when they are gone."""
    for each in served:
        kubectl("delete", "mdep", each.name, "-n", each.team.namespace, "--wait=true")


@dataclass
class Watch:
    """What ``kubectl get -w`` shows: the columns of each line, and when it came, epoch seconds."""

    columns: tuple[str, ...]
    seen: list[tuple[float, dict[str, str]]] = field(default_factory=list)

    def first(self, holds: Callable[[dict[str, str]], bool]) -> float | None:
        """Return when a line first was as ``holds`` says; None: not yet."""
        return next((at for at, line in list(self.seen) if holds(line)), None)

    def wait(
        self, what: str, holds: Callable[[dict[str, str]], bool], *, seconds: float = 120
    ) -> float:
        """Wait until a line is as ``holds`` says; return when it came."""
        return wait_for(what, lambda: self.first(holds), seconds=seconds)


@contextmanager
def watching(namespace: str, kind: str, **columns: str) -> Iterator[Watch]:
    """Watch all objects of a kind while the block runs; begin again when the watch is cut off.

    Args:
        namespace: Where they are.
        kind: What they are, as kubectl names it.
        columns: What to show of each: a JSONPath.
    """
    path = "|".join(f"{{{each}}}" for each in columns.values()) + '{"\\n"}'
    where = (kind, "-n", namespace, "-w", "-o", f"jsonpath={path}")
    watch, over = Watch(tuple(columns)), threading.Event()
    running: list[subprocess.Popen[str]] = []

    def read() -> None:
        while not over.is_set():
            command = cluster.inside("kubectl", "get", *where)
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
                running[:] = [process]
                for line in process.stdout or ():
                    shown = dict(zip(columns, line.rstrip("\n").split("|"), strict=True))
                    watch.seen.append((time.time(), shown))
            over.wait(cluster.LOOK_AGAIN_SECONDS)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield watch
    finally:
        over.set()
        for process in running:
            process.terminate()
        reader.join(timeout=30)


def watching_shares(namespace: str) -> Any:
    """Watch who serves, who takes over with which share, and what was taken back."""
    return watching(
        namespace,
        "mdep",
        name=".metadata.name",
        stable=".status.stable.version",
        canary=".status.canary.version",
        weight=".status.canary.weight",
        since=".status.canary.since",
        rejected=".status.rejected[*].version",
    )


def watching_capacity(namespace: str) -> Any:
    """Watch how many pods of each Deployment are ready."""
    return watching(namespace, "deployments", name=".metadata.name", ready=".status.readyReplicas")


def wait_for_share(watch: Watch, version: str, weight: int) -> float:
    """Wait until a canary has a share, percent; return when it had it first."""

    def has(line: dict[str, str]) -> bool:
        return line["canary"] == version and int(line["weight"] or 0) == weight

    return watch.wait(f"{version} to get {weight} %", has)


def shares_of(watch: Watch, version: str) -> list[tuple[float, int]]:
    """Return when each share of ``version`` was first seen, percent; 100 when it serves alone."""
    changes: list[tuple[float, int]] = []
    for at, line in watch.seen:
        if line["canary"] == version:
            weight = int(line["weight"] or 0)
        elif line["stable"] == version:
            weight = 100
        else:
            continue
        if not changes or changes[-1][1] != weight:
            changes.append((at, weight))
    return changes
