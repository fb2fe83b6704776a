"""Real operator processes, started in tens of milliseconds.

Importing kopf and kubernetes takes two seconds, and the crash tests start some eighty operators.
So one process imports them once and forks an operator whenever it is asked to. What runs in the
fork is ``checkrail_operator.__main__.main`` with an environment of its own; it is a process, it
dies by SIGKILL, and nothing of it survives. One test starts an operator the plain way.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

PR_SET_PDEATHSIG = 1
KUBECONFIG = "operator.kubeconfig"
"""Relative to the operator's folder: the client library reads the variable once, on import."""
POLL_SECONDS = 0.01


class Nursery:
    """Forks operators on request; they die with it, and it dies with the tests."""

    def __init__(self) -> None:
        """Start it; the imports go on in the background."""
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "KUBECONFIG": KUBECONFIG},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def start(self, env: Mapping[str, str], log: Path) -> OperatorProcess:
        """Start an operator in the folder of its ``log``, with these CHECKRAIL variables only."""
        pid = self.ask({"do": "start", "env": dict(env), "log": str(log)})
        return OperatorProcess(self, pid, log)

    def ask(self, what: dict[str, Any]) -> Any:
        """Send one request and answer its reply."""
        with self._lock:
            assert self._process.stdin
            assert self._process.stdout
            self._process.stdin.write(json.dumps(what) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())


@dataclass
class OperatorProcess:
    """One operator."""

    nursery: Nursery
    pid: int
    log: Path
    code: int | None = None

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        if self.code is None:
            self.code = self.nursery.ask({"do": "poll", "pid": self.pid})
        return self.code is None

    def kill(self) -> None:
        """End it as a crash would; idempotent."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, seconds: float = 15.0) -> int:
        """Wait for its end and answer the exit status, negative for a signal."""
        deadline = time.monotonic() + seconds
        while self.running:
            assert time.monotonic() < deadline, f"operator still runs:\n{self.tail()}"
            time.sleep(POLL_SECONDS)
        assert self.code is not None
        return self.code

    def stop(self) -> int:
        """Ask it to end as the kubelet does, and answer its exit status."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        return self.wait()

    def lines(self, message: str) -> list[dict[str, Any]]:
        """Answer the log's lines with this message."""
        found = []
        for line in self.log.read_text().splitlines():
            with contextlib.suppress(ValueError):
                found.append(json.loads(line))
        return [line for line in found if line.get("message") == message]

    def tail(self) -> str:
        """Answer the end of its log."""
        return "\n".join(self.log.read_text().splitlines()[-30:])


def _serve() -> None:
    """Be the nursery: read requests, fork, reap."""
    import kopf  # noqa: F401, PLC0415 - imported once, for all operators
    import uvloop  # noqa: F401, PLC0415

    import checkrail_operator.process  # noqa: F401, PLC0415

    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "start":
            answer: int | None = _fork(request["env"], request["log"])
        else:
            pid, status = os.waitpid(request["pid"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        print(json.dumps(answer), flush=True)  # noqa: T201 - the reply


def _fork(env: dict[str, str], log: str) -> int:
    nursery = os.getpid()
    if pid := os.fork():
        return pid
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != nursery:
        os._exit(1)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.chdir(Path(log).parent)
    for name in [n for n in os.environ if n.startswith("CHECKRAIL_")]:
        del os.environ[name]
    os.environ.update(env)
    from checkrail_operator.__main__ import main  # noqa: PLC0415 - in the child only

    code = 1
    try:
        code = main()
    except BaseException:  # noqa: BLE001 - as the interpreter would, which is not ours to leave by
        traceback.print_exc()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _serve()
