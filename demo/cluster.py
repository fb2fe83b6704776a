"""The cluster as a person at a shell has it: kubectl, helm and programs inside its network."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).resolve().parent.parent
CLUSTER = str(ROOT / "local-cluster" / "cluster")
PYTHON = str(ROOT / ".venv" / "bin" / "python")
SYSTEM = "checkrail-system"
LOOK_AGAIN_SECONDS = 0.5

T = TypeVar("T")


class WaitError(Exception):
    """What was waited for did not come, or something final came instead."""


def inside(*command: str) -> list[str]:
    """Return the command line that runs ``command`` inside the cluster's network."""
    return [CLUSTER, "exec", "--", *command]


def run_bytes(*command: str, stdin: bytes | None = None) -> bytes:
    """Run ``command`` inside; return what it printed.

    Raises:
        RuntimeError: It failed; the message is its own.
    """
    done = subprocess.run(inside(*command), input=stdin, capture_output=True, check=False, cwd=ROOT)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).decode(errors="replace")
        raise RuntimeError(f"{command[0]}: {said}")
    return done.stdout


def run(*command: str, stdin: str | None = None) -> str:
    """Run ``command`` inside; return the text that it printed."""
    return run_bytes(*command, stdin=None if stdin is None else stdin.encode()).decode()


def kubectl(*arguments: str, stdin: str | None = None) -> str:
    """Run kubectl; return what it printed."""
    return run("kubectl", *arguments, stdin=stdin)


def get(kind: str, name: str, namespace: str = "default") -> dict[str, Any]:
    """Return one object as the API server has it; empty when there is none."""
    text = kubectl("get", kind, name, "-n", namespace, "-o", "json", "--ignore-not-found")
    found: dict[str, Any] = json.loads(text) if text.strip() else {}
    return found


def condition(body: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return one condition of an object; empty when it has none of that type."""
    conditions = body.get("status", {}).get("conditions", [])
    return next((c for c in conditions if c["type"] == kind), {})


def is_true(body: dict[str, Any], kind: str) -> bool:
    """Tell whether a condition is True for the object's present generation."""
    found = condition(body, kind)
    return found.get("status") == "True" and (
        found.get("observedGeneration") == body["metadata"]["generation"]
    )


def wait_for(what: str, look: Callable[[], T | None], *, seconds: float) -> T:
    """Look until ``look`` answers; return its answer.

    Raises:
        WaitError: It did not answer in time.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = look()
        if answer is not None:
            return answer
        time.sleep(LOOK_AGAIN_SECONDS)
    raise WaitError(f"{what}: not within {seconds:.0f} s")
