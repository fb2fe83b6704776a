"""The servers that are compared: ours, and others in environments of their own."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from speed_goals import BESIDE, FLOOR, FROM_DIRECTORY, OURS
from speed_model import INFER_PATH

from checkrail_api import serving
from harness.scoring_server import MODEL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from speed_model import Body

BENCH = Path(__file__).parent
ROOT = BENCH.parents[1]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "checkrail" / "bench"
READY_SECONDS = 60.0
END_SECONDS = 10.0
LAST_WORDS = 300
OUTCOME = http.client.OK


class ServerFailedError(Exception):
    """A server was not installed, did not start, or did not answer."""


@dataclass(frozen=True)
class Served:
    """What the servers are given."""

    folder: Path
    model: Path
    """The ONNX model of one matrix."""
    artifact: dict[str, str]
    """Environment of our server for that model."""
    columns: dict[str, str]
    """Environment of our server for the same model with an input for each feature."""
    directory: dict[str, str]
    """Environment of our server for the model in a directory."""


@dataclass(frozen=True)
class Server:
    """One line of the tables."""

    name: str
    environment: str | None = None
    """Of ``environments``; None: this one."""
    has_grpc: bool = False
    has_binary: bool = False
    path: str = INFER_PATH
    columns: bool = False
    """Whether it takes an input for each feature."""
    directory: bool = False
    """Whether it reads a directory, as the others do; only its start is measured."""
    script: str = ""
    """Of ``peers``, run in this environment; empty: our server."""
    settings: dict[str, str] = field(default_factory=dict)

    def command(
        self, served: Served, port: int, grpc_port: int
    ) -> tuple[list[str], dict[str, str]]:
        """Return what starts it, and its environment."""
        told = {"MODEL_NAME": MODEL, "MODEL_PATH": str(served.model), **self.settings}
        match self.environment:
            case None if self.script:
                return [sys.executable, str(BENCH / "peers" / self.script), str(port)], told
            case None:
                variables = served.columns if self.columns else served.artifact
                variables = served.directory if self.directory else variables
                ours = {**variables, serving.ENV_PORT: str(port)}
                return [sys.executable, "-m", "checkrail_server"], ours
            case "kserve":
                script = str(BENCH / "peers" / "kserve_server.py")
                ports = [f"--http_port={port}", f"--grpc_port={grpc_port}"]
                return [_program(self.environment, "python"), script, *ports], told
            case "mlserver":
                folder = _mlserver_folder(served.folder, port, grpc_port)
                told["PYTHONPATH"] = str(BENCH / "peers")
                return [_program(self.environment, "mlserver"), "start", str(folder)], told
            case _:
                script = str(BENCH / "peers" / "mosec_server.py")
                ports = [f"--port={port}", "--timeout=60000", "--log-level=warning"]
                ports.append(f"--path={served.folder / f'mosec-{port}'}")
                return [_program(self.environment, "python"), script, *ports], told


SERVERS = (
    Server(OURS, has_grpc=True, has_binary=True),
    Server("Checkrail, 30 named inputs", columns=True),
    Server(FROM_DIRECTORY, directory=True),
    Server(FLOOR, script="fixed_answer.py"),
    Server(BESIDE, "kserve", has_grpc=True, has_binary=True),
    Server("MLServer", "mlserver", has_grpc=True),
    Server("mosec", "mosec", path="/inference"),
    Server("mosec, batches of 64", "mosec", path="/inference", settings={"BATCH_ROWS": "64"}),
)


def install(name: str) -> None:
    """Make the environment ``name`` what its lock says.

    Raises:
        ServerFailedError: It cannot be.
    """
    project = BENCH / "environments" / name
    done = subprocess.run(
        [ROOT / "scripts" / "uv", "sync", "--frozen", "--quiet", "--project", project],
        env={**os.environ, "UV_PROJECT_ENVIRONMENT": str(CACHE / name)},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise ServerFailedError(f"not installed: {done.stderr.strip()[-LAST_WORDS:]}")


@dataclass(frozen=True)
class Running:
    """A server that answers."""

    process: subprocess.Popen[bytes]
    port: int
    grpc_port: int
    ready_seconds: float
    """From exec to the first answer of the model."""

    def resident_bytes(self) -> int:
        """Return what all of its processes hold."""
        total = 0
        for status in Path("/proc").glob("[0-9]*/status"):
            with contextlib.suppress(OSError):
                group = int((status.parent / "stat").read_text().rpartition(")")[2].split()[2])
                if group == self.process.pid:
                    text = status.read_text().partition("VmRSS:")[2]
                    total += int(text.split()[0]) * 1024 if text else 0
        return total


@contextlib.contextmanager
def running(server: Server, served: Served, core: int, body: Body) -> Iterator[Running]:
    """Run ``server`` on ``core``, and have it answer ``body`` once.

    Raises:
        ServerFailedError: It does not.
    """
    port, grpc_port = _free_port(), _free_port()
    command, variables = server.command(served, port, grpc_port)
    if not shutil.which(command[0]):
        raise ServerFailedError(f"{command[0]} is not there")
    log = served.folder / "server.log"
    started = time.perf_counter()
    with log.open("wb") as out:
        process = subprocess.Popen(
            ["taskset", "-c", str(core), *command],
            env=_environment(variables),
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait(process, server, port, body, log)
        ready = time.perf_counter() - started
        own_grpc = server.environment is None
        yield Running(process, port, port if own_grpc else grpc_port, ready)
    finally:
        _end(process)


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return a process's environment: modules are compiled once, as an image has them."""
    ours = {key: text for key, text in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**ours, "PYTHONPYCACHEPREFIX": str(CACHE / "bytecode"), **variables}


def _wait(
    process: subprocess.Popen[bytes], server: Server, port: int, body: Body, log: Path
) -> None:
    """Return when the model has answered."""
    deadline = time.perf_counter() + READY_SECONDS
    told = "no answer"
    while time.perf_counter() < deadline:
        if process.poll() is not None:
            told = f"it ended with {process.returncode}"
            break
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            header = {"Content-Type": "application/json"}
            connection.request("POST", server.path, body.content, header)
            answer = connection.getresponse()
            told = f"{answer.status} {answer.read()[:LAST_WORDS]!r}"
            connection.close()
        except (OSError, http.client.HTTPException):
            time.sleep(0.005)
            continue
        if answer.status == OUTCOME:
            return
        time.sleep(0.02)
    last = log.read_text(errors="replace").strip()[-LAST_WORDS:]
    raise ServerFailedError(f"does not answer: {told}; its last words: {last}")


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGINT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS)
    process.wait()


def _program(environment: str, name: str) -> str:
    return str(CACHE / environment / "bin" / name)


def _mlserver_folder(folder: Path, port: int, grpc_port: int) -> Path:
    """Write the settings of MLServer, for a single process."""
    made = folder / "mlserver"
    made.mkdir(exist_ok=True)
    settings = {
        "debug": False,
        "parallel_workers": 0,
        "host": "127.0.0.1",
        "http_port": port,
        "grpc_port": grpc_port,
        "metrics_port": _free_port(),
        "metrics_dir": str(made),
    }
    (made / "settings.json").write_text(json.dumps(settings))
    model = {"name": MODEL, "implementation": "mlserver_runtime.OnnxRuntime"}
    (made / "model-settings.json").write_text(json.dumps(model))
    return made


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
