"""Inferences that wait: run all together at the end of a turn of the event loop.

    sockets that are readable in one turn --> submit, submit, submit --> run what waits

A lone request waits for nothing: the queue is emptied as soon as the sockets of this turn are
read. What is too long for the loop goes to one thread; ONNX Runtime releases the interpreter
while it computes, so the loop goes on answering.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Protocol

from checkrail_server.errors import unavailable

if TYPE_CHECKING:
    from checkrail_server.model import Feeds, Model
    from checkrail_server.tensors import Array


class Job(Protocol):
    """A request that is ready to be inferred."""

    feeds: Feeds
    rows: int

    @property
    def abandoned(self) -> bool:
        """Whether nobody waits for the answer any more."""

    def done(self, outputs: list[Array], seconds: float) -> None:
        """Take the model's outputs; the inference took ``seconds``."""

    def failed(self, error: BaseException) -> None:
        """Take what the model raised."""

    def dropped(self) -> None:
        """Learn that nobody waits, and that nothing will be inferred."""


class InferenceQueue:
    """A bounded queue in front of one model. All methods are called from the event loop."""

    def __init__(self, model: Model, limit: int) -> None:
        """Let at most ``limit`` jobs wait."""
        self._model = model
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Job] = deque()
        self._scheduled = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="inference")
        self._in_thread = 0

    @property
    def length(self) -> int:
        """Jobs that are not done."""
        return len(self._waiting) + self._in_thread

    def submit(self, job: Job) -> None:
        """Run ``job`` soon.

        Raises:
            RequestError: 503, too many jobs wait.
        """
        if self.length >= self._limit:
            raise unavailable(f"{self._limit} inferences wait already; try again in a second")
        self._waiting.append(job)
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._run_waiting)

    def _run_waiting(self) -> None:
        self._scheduled = False
        waiting, self._waiting = self._waiting, deque()
        for job in waiting:
            if job.abandoned:
                job.dropped()
                continue
            if job.rows > self._model.loop_rows:
                self._in_thread += 1
                self._thread.submit(self._timed, job).add_done_callback(
                    partial(self._hand_back, job)
                )
                continue
            try:
                outputs, seconds = self._timed(job)
            except Exception as error:  # noqa: BLE001 - ONNX Runtime's exceptions have no base
                job.failed(error)
            else:
                job.done(outputs, seconds)

    def _timed(self, job: Job) -> tuple[list[Array], float]:
        started = time.perf_counter()
        outputs = self._model.run(job.feeds)
        return outputs, time.perf_counter() - started

    def _hand_back(self, job: Job, future: Future[tuple[list[Array], float]]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            self._loop.call_soon_threadsafe(self._finished, job, future)

    def _finished(self, job: Job, future: Future[tuple[list[Array], float]]) -> None:
        self._in_thread -= 1
        if error := future.exception():
            job.failed(error)
        else:
            job.done(*future.result())
