"""Inferences that wait, and which of them share one run of the model.

    sockets that are readable in one turn --> submit, submit, submit --> one run of their rows
                                              submit --> one run in the thread
                                              submit, submit --> together, when that has ended

A lone request waits for nothing: the queue is emptied as soon as the sockets of this turn are
read. What is too long for the loop goes to one thread; ONNX Runtime releases the interpreter
while it computes, so the loop goes on answering, and what comes meanwhile is the next run.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

from checkrail_server.batches import check_rows, joined
from checkrail_server.errors import unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    from checkrail_server.model import Feeds, Model
    from checkrail_server.row_layout import Packed
    from checkrail_server.tensors import Array


LOOP_SECONDS = 0.002
"""Longest inference that runs in the event loop, and after which no other begins in the same turn.
Handing a single row to a thread and back costs more than inferring it (docs/server.md); 2 ms is
what another request may have to wait."""


class Job(Protocol):
    """A request that is ready to be inferred."""

    rows: int

    @property
    def feeds(self) -> Feeds:
        """The inputs."""

    @property
    def packed(self) -> Packed | None:
        """The inputs of a single row in the model's layout; None: they are not at hand."""

    @property
    def abandoned(self) -> bool:
        """Whether nobody waits for the answer any more."""

    def failed(self, error: BaseException) -> None:
        """Take what the model raised."""

    def dropped(self) -> None:
        """Learn that nobody waits, and that nothing will be inferred."""


JobKind = TypeVar("JobKind", bound=Job)


class Run(NamedTuple):
    """One call of the model, for one job or several."""

    feeds: Feeds
    """The rows of all jobs, one after the other."""
    outputs: list[Array]
    seconds: float


Outcome = tuple[list[JobKind], Run | BaseException]
"""The jobs of a run, and what became of it."""


class InferenceQueue(Generic[JobKind]):
    """A bounded queue in front of one model. All methods are called from the event loop."""

    def __init__(
        self,
        model: Model,
        finish: Callable[[list[JobKind], Run], None],
        *,
        limit: int,
        batch_rows: int,
    ) -> None:
        """Let at most ``limit`` jobs wait, and join jobs of up to ``batch_rows`` rows together.

        ``finish`` takes the jobs of each run that went well.
        """
        self._model = model
        self._finish = finish
        self._limit = limit
        self._batch_rows = batch_rows if model.joins_rows else 0
        self._loop = asyncio.get_running_loop()
        self._short: deque[JobKind] = deque()
        self._long: deque[JobKind] = deque()
        self._alone: deque[JobKind] = deque()
        """Short ones whose shared run failed."""
        self._scheduled = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="inference")
        self._in_thread = 0

    @property
    def length(self) -> int:
        """Jobs that are not done."""
        return len(self._short) + len(self._long) + len(self._alone) + self._in_thread

    def submit(self, job: JobKind) -> None:
        """Run ``job`` soon.

        Raises:
            RequestError: 503, too many jobs wait.
        """
        if self.length >= self._limit:
            raise unavailable(f"{self._limit} inferences wait already; try again in a second")
        (self._short if job.rows <= self._model.loop_rows else self._long).append(job)
        self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._run_waiting)

    def _run_waiting(self) -> None:
        self._scheduled = False
        self._start_long()
        rows, until = 0, time.perf_counter() + LOOP_SECONDS
        while (self._alone or self._short) and rows < self._model.loop_rows:
            if self._alone:
                batch = self._next(self._alone, 0)
            else:
                batch = self._next(self._short, min(self._batch_rows, self._model.loop_rows - rows))
            if batch:
                rows += sum([job.rows for job in batch])
                self._run_in_loop(batch)
                if time.perf_counter() >= until:
                    break
        if self._alone or self._short:  # the loop reads and writes before it goes on
            self._schedule()

    def _run_in_loop(self, batch: list[JobKind]) -> None:
        """Run ``batch``; what fails together waits to be run one by one, as time allows."""
        outcome = self._outcome(batch)
        if len(batch) > 1 and not isinstance(outcome[1], Run):
            self._alone.extend(batch)
        else:
            self._end(outcome)

    def _next(self, waiting: deque[JobKind], most: int) -> list[JobKind]:
        """Take the first job, and those after it as long as they have ``most`` rows together."""
        batch: list[JobKind] = []
        rows = 0
        while waiting and (not batch or rows + waiting[0].rows <= most):
            job = waiting.popleft()
            if job.abandoned:
                job.dropped()
                continue
            batch.append(job)
            rows += job.rows
        return batch

    def _outcomes(self, batch: list[JobKind]) -> list[Outcome[JobKind]]:
        """Run ``batch`` in the thread; what fails together is run one by one."""
        outcome = self._outcome(batch)
        if len(batch) > 1 and not isinstance(outcome[1], Run):
            return [self._outcome([job]) for job in batch]
        return [outcome]

    def _outcome(self, batch: list[JobKind]) -> Outcome[JobKind]:
        """Run ``batch``; an answer of too few rows or too many fails too, see ``check_rows``."""
        try:
            return batch, self._run(batch)
        except Exception as error:  # noqa: BLE001 - ONNX Runtime's exceptions have no base
            return batch, error

    def _run(self, batch: Sequence[Job]) -> Run:
        feeds = joined(batch, self._model.layout)
        started = time.perf_counter()
        outputs = self._model.run(feeds)
        seconds = time.perf_counter() - started
        check_rows(outputs, self._model.output_names, sum([job.rows for job in batch]))
        return Run(feeds, outputs, seconds)

    def _end(self, outcome: Outcome[JobKind]) -> None:
        batch, run = outcome
        if isinstance(run, Run):
            self._finish(batch, run)
        else:
            batch[0].failed(run)

    def _start_long(self) -> None:
        """Have the thread do what waits for it, unless it is at work."""
        if self._in_thread or not (batch := self._next(self._long, self._batch_rows)):
            return
        self._in_thread = len(batch)
        self._thread.submit(self._outcomes, batch).add_done_callback(self._hand_back)

    def _hand_back(self, future: Future[list[Outcome[JobKind]]]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            self._loop.call_soon_threadsafe(self._take_back, future)

    def _take_back(self, future: Future[list[Outcome[JobKind]]]) -> None:
        self._in_thread = 0
        self._start_long()
        for outcome in future.result():
            self._end(outcome)
