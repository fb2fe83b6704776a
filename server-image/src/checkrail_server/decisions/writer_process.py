"""The process that writes Parquet files: started, told, started again, ended."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import TYPE_CHECKING

from checkrail_api.object_store import CREDENTIAL_KEYS
from checkrail_api.serving import DECISION_LOG_PREFIX, ENV_DECISION_LOG, ENV_STORE_CA
from checkrail_server import container_memory, logs

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Mapping, Sequence

    from checkrail_api.decision_log import DecisionLogSettings

COMMAND = (sys.executable, "-m", "checkrail_decision_writer")
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0
"""A process that ran for so long is started again at once."""


class WriterProcess:
    """A child that reads the spool.

    A byte on its standard input says that a segment is closed; the end of the input, that it is to
    finish and to end.
    """

    def __init__(
        self,
        settings: DecisionLogSettings,
        environment: Mapping[str, str],
        command: Sequence[str] = COMMAND,
    ) -> None:
        """Start nothing yet."""
        self._command = command
        self._environment = environment_of(settings, environment)
        self._process: Process | None = None
        self._ending = False

    async def run(self) -> None:
        """Keep one running until ``finish``."""
        loop = asyncio.get_running_loop()
        pause = FIRST_PAUSE_SECONDS
        while not self._ending:
            started = loop.time()
            try:
                process = await self._start()
            except OSError as error:  # no process, no memory: there may be some later
                logs.error("decision writer not started", error=str(error), pause_seconds=pause)
            else:
                code = await process.wait()
                if self._ending:
                    return
                if loop.time() - started > STEADY_SECONDS:
                    pause = FIRST_PAUSE_SECONDS
                logs.error("decision writer ended", exit_code=code, pause_seconds=pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    @property
    def resident(self) -> int:
        """Resident memory of the process, bytes; 0: there is none now."""
        return container_memory.resident(self._process.pid) if self._process else 0

    def wake(self) -> None:
        """Say that a segment is closed."""
        process = self._process
        if process and process.stdin and process.returncode is None:
            process.stdin.write(b"\n")

    async def finish(self, seconds: float) -> None:
        """Let it write what there is, for at most ``seconds``."""
        self._ending = True
        process = self._process
        if process is None or process.returncode is not None:  # it was killed a moment ago
            try:
                process = await self._start()
            except OSError as error:  # what is on disk is told as not written
                logs.error("decision writer not started", error=str(error))
                return
        if process.stdin:
            process.stdin.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), seconds)

    async def _start(self) -> Process:
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.PIPE, env=self._environment
        )
        return self._process


def environment_of(settings: DecisionLogSettings, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the writer's environment: the server's, with the keys of the log's own store."""
    own = {
        key: environment[DECISION_LOG_PREFIX + key]
        for key in CREDENTIAL_KEYS
        if environment.get(DECISION_LOG_PREFIX + key)
    }
    taken = (*CREDENTIAL_KEYS, ENV_STORE_CA)
    kept = {name: value for name, value in environment.items() if name not in taken}
    authorities = {ENV_STORE_CA: settings.ca_file} if settings.ca_file else {}
    return {
        **kept,
        **own,
        **authorities,
        ENV_DECISION_LOG: settings.model_dump_json(by_alias=True),
        # Arrow's own allocator keeps 20 MB more between two segments
        "ARROW_DEFAULT_MEMORY_POOL": "system",
    }
