"""Which objects need a pass, and when: a work queue keyed by object.

    add ----> ready ----> running ----> done: forgotten, or due again after a delay
               ^             |
               |             +--> added while running: ready again when the pass is over
               +---- due <---- backoff after a failure, or the plan's own delay

A key is in the queue at most once and is worked on by at most one worker, so passes for one object
never overlap; that is what lets a pass read, decide and write without a lock.
"""

import asyncio
import heapq
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from checkrail_operator.plan.types import Key

Clock = Callable[[], float]
"""Monotonic seconds."""

Sleeper = Callable[[float], Awaitable[object]]
"""Returns after so many seconds of the clock."""


@dataclass(frozen=True)
class Outcome:
    """How a pass ended.

    Attributes:
        failed: Whether to run it again after the key's backoff.
        after_seconds: When to look again; with ``failed`` the least delay. None waits for a wake.
    """

    failed: bool = False
    after_seconds: float | None = None


@dataclass(frozen=True)
class Backoff:
    """Delays after failures in a row: doubling, capped, and jittered downwards by up to a half.

    Attributes:
        first_seconds: Delay after the first failure.
        cap_seconds: Longest delay.
    """

    first_seconds: float = 0.2
    cap_seconds: float = 30.0

    def delay(self, failures: int, chance: float) -> float:
        """Return seconds to wait after ``failures`` in a row; ``chance`` is in [0, 1)."""
        # 2 ** 1000 overflows a float; by 64 doublings every cap has long been reached
        full = min(self.cap_seconds, self.first_seconds * 2.0 ** min(failures - 1, 64))
        return full * (1.0 - chance / 2)


class WorkQueue:
    """Deduplicated keys, at most one worker each, bounded concurrency, backoff per key."""

    def __init__(
        self,
        *,
        clock: Clock,
        sleep: Sleeper = asyncio.sleep,
        backoff: Backoff | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Make an empty queue; ``clock`` and ``sleep`` are the only time it knows."""
        self._clock = clock
        self._sleep = sleep
        self._backoff = backoff or Backoff()
        self._chance = chance
        self._ready: dict[Key, float] = {}
        self._again: dict[Key, float] = {}
        self._running: dict[Key, asyncio.Task[None]] = {}
        self._due: dict[Key, float] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._order = count()
        self._failures: dict[Key, int] = {}
        self._changed = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Name the event loop whose thread owns the queue."""
        self._loop = loop

    def add(self, key: Key) -> None:
        """Run a pass for ``key`` as soon as a worker is free; a delay it waits for is over."""
        self._due.pop(key, None)
        waiting = self._again if key in self._running else self._ready
        waiting.setdefault(key, self._clock())
        self._changed.set()

    def add_threadsafe(self, key: Key) -> None:
        """Add from another thread than the one `bind` named the loop of."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.add, key)

    def add_after(self, key: Key, seconds: float) -> None:
        """Run a pass for ``key`` in ``seconds``, unless one is already queued or due earlier."""
        when = self._clock() + max(0.0, seconds)
        if key in self._ready or key in self._again or self._due.get(key, when + 1) <= when:
            return
        self._due[key] = when
        heapq.heappush(self._heap, (when, next(self._order), key))
        self._changed.set()

    def __len__(self) -> int:
        """How many keys wait for a worker."""
        return len(self._ready) + len(self._again)

    @property
    def running(self) -> int:
        """How many passes run now."""
        return len(self._running)

    def oldest_age(self) -> float:
        """Seconds that the longest waiting key has waited for a worker; 0 when none waits."""
        waiting = [*self._ready.values(), *self._again.values()]
        return self._clock() - min(waiting) if waiting else 0.0

    async def run(self, work: Callable[[Key], Awaitable[Outcome]], *, workers: int) -> None:
        """Work on keys until cancelled; then wait for the passes that run.

        Args:
            work: Runs one pass; what it raises is not caught here and ends its worker only.
            workers: How many passes may run at once.
        """
        try:
            while True:
                self._changed.clear()
                self._release_due()
                while self._ready and len(self._running) < workers:
                    key = next(iter(self._ready))
                    del self._ready[key]
                    self._running[key] = asyncio.create_task(self._work(work, key), name=str(key))
                await self._wait()
        finally:
            # asyncio.wait leaves the passes alone when it is cancelled itself
            while self._running:
                await asyncio.wait(self._running.values())

    async def _work(self, work: Callable[[Key], Awaitable[Outcome]], key: Key) -> None:
        outcome = Outcome(failed=True)
        try:
            outcome = await work(key)
        finally:
            self._done(key, outcome)

    def _done(self, key: Key, outcome: Outcome) -> None:
        del self._running[key]
        delay = outcome.after_seconds
        if outcome.failed:
            self._failures[key] = failures = self._failures.get(key, 0) + 1
            delay = max(self._backoff.delay(failures, self._chance()), delay or 0.0)
        else:
            self._failures.pop(key, None)
        since = self._again.pop(key, None)
        if since is not None and not outcome.failed:  # a failing pass must not wake itself
            self._ready[key] = since
        elif delay is not None:
            self.add_after(key, delay)
        self._changed.set()

    def _release_due(self) -> None:
        now = self._clock()
        while self._heap and self._heap[0][0] <= now:
            when, _, key = heapq.heappop(self._heap)
            if self._due.get(key) == when:
                self.add(key)

    async def _wait(self) -> None:
        """Return when something was added or ended, or when the next key is due."""
        while self._heap and self._due.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)  # woken or moved since
        changed = asyncio.ensure_future(self._changed.wait())
        waits: set[asyncio.Future[Any]] = {changed}
        if self._heap:
            seconds = max(0.0, self._heap[0][0] - self._clock())
            waits.add(asyncio.ensure_future(self._sleep(seconds)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
