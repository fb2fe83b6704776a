"""What a team does with Checkrail: each method does one thing, waits for it and returns facts."""

import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from demo import cluster
from demo.cluster import PYTHON, ROOT, WaitError, condition, is_true, kubectl, run, wait_for

MODEL = "flight-delays"
DEPLOYMENT = "flight-delays"
FIRST_QUARTER = "flight-delays-2013q1.yaml"
FIRST_HALF = "flight-delays-2013h1.yaml"
SERVING = "flight-delays.yaml"
WRONG_SHA256 = "bad0" * 16

Body = dict[str, Any]
Say = Callable[[str], None]


def example(name: str) -> Body:
    """Return one of ``examples/``."""
    body: Body = yaml.safe_load((ROOT / "examples" / name).read_text())
    return body


@dataclass
class Load:
    """A load that runs beside a rollout; ``lines`` is filled when it ends."""

    process: subprocess.Popen[bytes]
    lines: list[Body] = field(default_factory=list)

    @property
    def failed(self) -> int:
        """Requests that were not answered with 200."""
        return sum(line["status"] != 200 for line in self.lines)  # noqa: PLR2004


@dataclass(frozen=True)
class Team:
    """A namespace, and where its model is reached.

    Attributes:
        namespace: Its name.
        host: Host name of the route.
        service: URL of a Service that is asked instead of the gateway, a connection for each
            request; empty: the gateway.
    """

    namespace: str = "default"
    host: str = "flight-delays.example.com"
    service: str = ""

    def get(self, kind: str, name: str) -> Body:
        """Return one object of the team's; empty when there is none."""
        return cluster.get(kind, name, self.namespace)

    def apply(self, body: Body) -> None:
        """Apply one object in the team's namespace."""
        kubectl("apply", "-n", self.namespace, "-f", "-", stdin=json.dumps(body))

    def clear(self) -> None:
        """Delete what an earlier run left."""
        kinds = "modeldeployments,trainingjobs,modelversions"
        kubectl("delete", kinds, "--all", "-n", self.namespace, "--wait=true")

    def train(self, body: Body, say: Say, *, seconds: float = 300) -> Body:
        """Apply a TrainingJob, tell its progress, and return its ModelVersion.

        Raises:
            WaitError: The run failed, or did not end in time.
        """
        name = body["metadata"]["name"]
        self.apply(body)
        told = ""

        def look() -> Body | None:
            nonlocal told
            seen = self.get("trainingjob", name)
            progress = seen.get("status", {}).get("progress", {})
            now = f"{progress.get('phase', 'Pending')} {progress.get('percent', 0)} %"
            if now != told:
                told = now
                say(now)
            if is_true(seen, "Failed"):
                raise WaitError(f"{name} failed: {condition(seen, 'Failed')['message']}")
            return seen if is_true(seen, "Complete") else None

        done = wait_for(f"TrainingJob {name} Complete", look, seconds=seconds)
        return self.get("modelversion", done["status"]["modelVersion"])

    def deploy(self, body: Body, *, seconds: float = 120) -> Body:
        """Apply a ModelDeployment; return it once it is ready."""
        name = body["metadata"]["name"]
        self.apply(body)

        def look() -> Body | None:
            seen = self.get("modeldeployment", name)
            return seen if is_true(seen, "Ready") else None

        return wait_for(f"ModelDeployment {name} Ready", look, seconds=seconds)

    def predict(self, rows: list[Body], *, seconds: float = 30) -> Body:
        """Score rows through the gateway, which needs a moment to learn a new route."""

        def look() -> Body | None:
            try:
                answer: Body = json.loads(run(*self.curl(rows)))
            except (RuntimeError, json.JSONDecodeError):
                return None
            return answer if "predictions" in answer else None

        return wait_for("an answer through the gateway", look, seconds=seconds)

    def curl(self, rows: list[Body]) -> list[str]:
        """Return the curl that a person would type inside the cluster's network."""
        script = (
            'curl -sS -H "Host: $0" -H "Content-Type: application/json" -d "$1"'
            ' "${2:-$CHECKRAIL_GATEWAY_URL}/predict"'
        )
        return ["sh", "-c", script, self.host, json.dumps({"rows": rows}), self.service]

    @contextmanager
    def load(self, *rows: Body, rate: float, seconds: float = 900) -> Iterator[Load]:
        """Send ``rate`` requests a second, each one of ``rows`` by chance, until the block ends."""
        pace = ("--rate", str(rate), "--seconds", str(seconds))
        with tempfile.TemporaryDirectory() as scratch:
            bodies = Path(scratch) / "bodies.jsonl"
            bodies.write_text("".join(json.dumps({"rows": [row]}) + "\n" for row in rows))
            arguments = (*self._where(), "--body", f"@{bodies}")
            file = Path(scratch) / "load.jsonl"
            with file.open("wb") as out:
                command = cluster.inside(PYTHON, "-m", "demo.load", *arguments, *pace)
                running = Load(subprocess.Popen(command, stdout=out, cwd=ROOT))
                try:
                    yield running
                finally:
                    running.process.terminate()
                    running.process.wait(timeout=30)
            running.lines = [json.loads(line) for line in file.read_text().splitlines()]

    def burst(self, row: Body, requests: int) -> list[Body]:
        """Send ``requests`` as fast as they are answered; return a line for each."""
        body = json.dumps({"rows": [row]})
        arguments = (*self._where(), "--body", body, "--burst", str(requests))
        return [json.loads(x) for x in run(PYTHON, "-m", "demo.load", *arguments).splitlines()]

    def _where(self) -> tuple[str, ...]:
        """Return where ``demo.load`` sends requests."""
        service = ("--service", self.service) if self.service else ()
        return ("--host", self.host, *service)

    def follow_rollout(
        self, version: str, reached: Callable[[int], None], *, seconds: float = 600
    ) -> list[tuple[float, int]]:
        """Watch ``version`` climb; return when each weight was first seen, 100 at the end.

        ``reached`` is called with each new weight.

        Raises:
            WaitError: It was rolled back, or did not end in time.
        """
        changes: list[tuple[float, int]] = []

        def look() -> bool | None:
            body = self.get("modeldeployment", DEPLOYMENT)
            status = body.get("status", {})
            if any(r["version"] == version for r in status.get("rejected", [])):
                raise WaitError(f"{version} was rolled back: {condition(body, 'Ready')['message']}")
            done = status.get("stable", {}).get("version") == version
            canary = status.get("canary", {})
            weight = 100 if done else canary.get("weight", 0)
            mine = done or canary.get("version") == version
            if mine and weight and weight not in {w for _, w in changes}:
                changes.append((time.time(), weight))
                reached(weight)
            return True if done and is_true(body, "Ready") else None

        wait_for(f"{version} to take over", look, seconds=seconds)
        return changes

    def import_broken_version(self, good: Body) -> str:
        """Record a version whose digest is not its artifact's: its server refuses to start."""
        name = f"{MODEL}-{WRONG_SHA256[:8]}"
        self.apply(
            {
                "apiVersion": good["apiVersion"],
                "kind": "ModelVersion",
                "metadata": {"name": name},
                "spec": {
                    "model": MODEL,
                    "artifact": {**good["spec"]["artifact"], "sha256": WRONG_SHA256},
                    "store": good["spec"]["store"],
                },
            }
        )
        return name

    def wait_rolled_back(self, version: str, *, seconds: float = 240) -> Body:
        """Return the ModelDeployment once ``version`` is rejected and nothing of it is left."""

        def look() -> Body | None:
            body = self.get("modeldeployment", DEPLOYMENT)
            status = body.get("status", {})
            rejected = any(r["version"] == version for r in status.get("rejected", []))
            return body if rejected and "canary" not in status else None

        return wait_for(f"{version} to be rolled back", look, seconds=seconds)


def real_flights(body: Body, where: str, limit: int) -> list[Body]:
    """Return the features of real flights, as the TrainingJob's own query makes them."""
    from demo.flights import sample_rows  # noqa: PLC0415 - DuckDB is needed here only

    data = body["spec"]["data"]
    return sample_rows(data["query"], data["features"], where, limit)
