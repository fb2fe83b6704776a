"""A child process of the tests: it dies with them, and its log is there when they fail."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

TAIL_LINES = 40
POLL_SECONDS = 0.02


class ChildDiedError(Exception):
    """A process that should run has ended, or did not become ready; its log's tail is in here."""


class Child:
    """A program that ends when the test process does, even when that is killed."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        """Start ``command``, its output appended to ``log``; ``env`` is added to our own."""
        self.log = log
        self.name = log.stem
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *map(str, command)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **(env or {})},
                cwd=cwd,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The program's process id."""
        return self._popen.pid

    @property
    def running(self) -> bool:
        """Whether the program has not ended."""
        return self._popen.poll() is None

    @property
    def children(self) -> list[int]:
        """The processes that it has started and not waited for, the eldest first."""
        text = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(pid) for pid in text.split()]

    def tail(self, lines: int = TAIL_LINES) -> str:
        """The last lines of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Wait until ``ready()``.

        Raises:
            ChildDiedError: The program ended, or ``seconds`` passed.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.running:
                code = self._popen.returncode
                raise ChildDiedError(f"{self.name} ended with status {code}:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise ChildDiedError(f"{self.name} not ready in {seconds:g} s:\n{self.tail()}")
            time.sleep(POLL_SECONDS)

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        if self.running:
            self._popen.send_signal(number)

    def wait(self, seconds: float) -> int:
        """Wait until it ends by itself, and answer its exit status."""
        return self._popen.wait(seconds)

    def stop(self, *, grace_seconds: float = 5.0) -> int:
        """Ask it to end, kill it after ``grace_seconds``, and answer its exit status."""
        self.send(signal.SIGTERM)
        try:
            return self._popen.wait(grace_seconds)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """End it at once, as a crash would, and answer its exit status."""
        self.send(signal.SIGKILL)
        return self._popen.wait()
