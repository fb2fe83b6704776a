"""Whichever cluster runs on this machine, as the e2e tests use it: they do not know its kind."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).resolve().parents[2] / "local-cluster" / "cluster"


class Cluster:
    """The running cluster; every call goes through `local-cluster/cluster exec`."""

    def __init__(self, namespace: str = "default") -> None:
        """Speak of ``namespace`` where a call names none."""
        self.namespace = namespace

    def is_ready(self) -> bool:
        """Answer whether node, gateway, S3 server and DNS are ready."""
        done = subprocess.run([PROGRAM, "status"], capture_output=True, text=True, check=False)
        return done.returncode == 0

    def run(self, *command: str, stdin: str = "", check: bool = True) -> str:
        """Run a command inside the cluster's network and answer its standard output.

        Raises:
            AssertionError: It failed, and ``check`` is set; the message holds what it said.
                Without ``check`` the answer is standard output followed by standard error.
        """
        words = [str(PROGRAM), "exec", "--", *command]
        done = subprocess.run(words, input=stdin, capture_output=True, text=True, check=False)
        if not check:
            return done.stdout + done.stderr
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}".strip()
        return done.stdout

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a command inside the cluster's network, such as a load generator."""
        words = [str(PROGRAM), "exec", "--", *command]
        pipe = subprocess.PIPE
        return subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, text=True)

    def kubectl(self, *args: str, stdin: str = "", check: bool = True) -> str:
        """Run kubectl in our namespace; see `run`."""
        return self.run("kubectl", f"--namespace={self.namespace}", *args, stdin=stdin, check=check)

    def get(self, *what: str) -> dict[str, Any]:
        """Answer one object."""
        found: dict[str, Any] = json.loads(self.kubectl("get", *what, "--output=json"))
        return found

    def list(self, kind: str, *, selector: str = "") -> list[dict[str, Any]]:
        """Answer the objects of a kind that have these labels."""
        found: list[dict[str, Any]] = self.get(kind, f"--selector={selector}")["items"]
        return found

    def apply(self, manifest: Path | str | dict[str, Any]) -> None:
        """Apply a file, a folder, YAML text, or one object."""
        match manifest:
            case Path():
                self.kubectl("apply", "--filename", str(manifest))
            case str():
                self.kubectl("apply", "--filename", "-", stdin=manifest)
            case dict():
                self.kubectl("apply", "--filename", "-", stdin=json.dumps(manifest))

    def wait(self, what: str, condition: str, *, seconds: float = 60) -> None:
        """Wait until an object has a condition, such as `condition=Ready`, or is gone: `delete`."""
        self.kubectl("wait", what, f"--for={condition}", f"--timeout={seconds:g}s")

    def load(self, image: str) -> None:
        """Put an image on the node, building it first if it has changed."""
        done = subprocess.run([PROGRAM, "load", image], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def variables(self) -> dict[str, str]:
        """Answer what `exec` adds to a command's environment: addresses, KUBECONFIG, PATH."""
        shown = self.run("env", "-0")
        every = dict(pair.split("=", 1) for pair in shown.split("\0") if pair)
        ours = ("CHECKRAIL_", "KUBECONFIG", "PATH")
        return {name: value for name, value in every.items() if name.startswith(ours)}
