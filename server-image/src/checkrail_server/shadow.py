"""A candidate beside the served model: scored on live requests, after they were answered.

::

    file of the operator --> its own process: fetch, verify, load, compare
                                  ^ one batch at a time    | reports
    answered request --> offer: kept for the next batch, or dropped and counted

The answers never wait for it. What the candidate costs is bounded: its process runs when nothing
else wants to and for a small share of the time, has a memory limit of its own, and ends alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from checkrail_server import logs, store_keys
from checkrail_server.shadow_link import ShadowLink

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from checkrail_server.inference_queue import Run
    from checkrail_server.model import Model
    from checkrail_server.scoring import Answered

LOOK_SECONDS = 1.0
"""How often the operator's file is read."""
MOST_BYTES = 1 << 16
"""Of that file."""
AGAIN = "its process was killed by signal 9, perhaps as the node lacked memory: it starts again"
"""A process that the kernel ends first (``oom_score_adj``) says nothing of the candidate yet."""
MESSAGE = 1024
"""Characters of a message in a report."""
OFF: dict[str, object] = {"state": "Off"}


class Shadow:
    """At most one candidate at a time. All methods are called from the event loop."""

    def __init__(self, path: str | None, reserve: Callable[[], int]) -> None:
        """Take candidates that leave ``reserve`` bytes of memory.

        They are named by the file ``path``, which comes and goes; None: by nobody.
        """
        self._path = Path(path) if path else None
        self._reserve = reserve
        self._model: Model | None = None
        self._asked = b""
        self._looked = 0.0
        self._run: asyncio.Task[None] | None = None
        self._link: ShadowLink | None = None
        self._told: dict[str, object] = OFF
        self._dropped = 0

    def take_model(self, model: Model) -> None:
        """Begin to look for candidates beside ``model``."""
        self._model = model

    def tick(self, now: float) -> None:
        """Look whether another candidate is asked for; ``now`` is a time of a monotonic clock."""
        if self._path is None or self._model is None or now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        asked = _read(self._path)
        if asked == self._asked:
            return
        self._asked = asked
        before = self._end()
        if asked:
            comparing = self._compare(asked, self._model, before)
            self._run = asyncio.get_running_loop().create_task(comparing)

    def stop(self) -> None:
        """End the candidate, and look for no other."""
        self._path = None
        self._end()

    def offer(self, run: Run, answered: Sequence[Answered]) -> None:
        """Take the requests of ``run`` that are answered, or drop them; never waits."""
        if self._link is None:
            return
        try:
            self._link.offer(run, answered)
        except Exception as error:  # noqa: BLE001 - whatever it is, requests go on
            logs.bug("request not compared", error)
            self._refuse("Crashed", f"the server cannot hand it requests: {error}")

    def report(self) -> dict[str, object]:
        """Return a ``ShadowReport``."""
        dropped = self._link.dropped if self._link else self._dropped
        return {**self._told, "dropped": dropped} if self._told is not OFF else OFF

    async def _compare(self, asked: bytes, model: Model, before: asyncio.Task[None] | None) -> None:
        from checkrail_server import shadow_candidate  # noqa: PLC0415 - pydantic, when it is there

        named = shadow_candidate.named(asked)
        self._load(named)
        if before:  # its memory is free when its process has ended
            await asyncio.wait([before])
        try:
            candidate = shadow_candidate.read(asked)
            logs.info("candidate in shadow", version=candidate.version, sha256=candidate.sha256)
            code = await self._process(
                shadow_candidate.start_of(candidate, model, self._reserve()), model
            )
            if code == -signal.SIGKILL and self._told["state"] != "Refused":
                self._load({**named, "message": AGAIN})
                logs.warning("candidate in shadow started once more", detail=AGAIN)
                code = await self._process(
                    shadow_candidate.start_of(candidate, model, self._reserve()), model
                )
        except shadow_candidate.ShadowError as error:
            self._refuse(error.reason, str(error))
        except Exception as error:  # noqa: BLE001 - a bug ends the comparison, not the server
            logs.bug("candidate not compared", error)
            self._refuse("Crashed", f"{type(error).__name__}: {error}")
        else:
            if self._told["state"] != "Refused":
                self._refuse("Crashed", f"its process has ended, {_ending(code)}")

    def _load(self, fields: dict[str, str]) -> None:
        """Begin to load, with nothing counted."""
        self._told = {"state": "Loading", "started": str(time.time_ns() // 1000), **fields}
        self._dropped = 0

    async def _process(self, start: dict[str, object], model: Model) -> int:
        """Run the candidate's process to its end, and return its exit code."""
        loop = asyncio.get_running_loop()
        output = model.output_names.index(str(start["output"]))
        self._link = link = ShadowLink(model, output, self._take_report)
        theirs = await link.open(loop)
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "checkrail_server.shadow_process"),
                stdin=theirs.fileno(),
                env=store_keys.without_decision_log(os.environ),
            )
        finally:
            theirs.close()
        try:
            link.start(start)
            return await process.wait()
        finally:
            self._unlink(link)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def _take_report(self, fields: dict[str, object]) -> None:
        """Keep what the process says; ValidationError, if it is no report."""
        from checkrail_api.shadow import ShadowReport  # noqa: PLC0415 - pydantic, it is there

        if fields.get("state") == "Refused":
            self._refuse(str(fields["reason"]), str(fields["message"]))
            return
        if "message" in fields:
            fields = {**fields, "message": str(fields["message"])[:MESSAGE]}
        told = {**self._told, **fields}
        ShadowReport.model_validate({**told, "dropped": 0})
        self._told = told

    def _refuse(self, reason: str, message: str) -> None:
        if self._link:
            self._unlink(self._link)
        refusal = {"state": "Refused", "reason": reason, "message": message[:MESSAGE]}
        self._told = {**self._told, **refusal}
        logs.warning("candidate refused as shadow", reason=reason, detail=message)

    def _unlink(self, link: ShadowLink) -> None:
        link.close()
        if self._link is link:
            self._dropped, self._link = link.dropped, None

    def _end(self) -> asyncio.Task[None] | None:
        """End the candidate under way; what is returned is done when its process has ended."""
        run, self._run = self._run, None
        if run:
            run.cancel()
        if self._link:
            self._unlink(self._link)
        self._told, self._dropped = OFF, 0
        return run


def _read(path: Path) -> bytes:
    """Return what the operator asks for; nothing while there is no file."""
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES).strip()
    except OSError:
        return b""


def _ending(code: int) -> str:
    if code == -signal.SIGXCPU:
        return "to load it, or to score some requests, took more CPU time than a trial may"
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"
