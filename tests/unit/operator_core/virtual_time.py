"""A clock that only moves when a test moves it, and a sleeper on it."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count

TURNS = 20
"""Turns of the event loop that let everything runnable run."""


class VirtualTime:
    """Seconds since the test began."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = count()

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        awake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._order), awake))
        await awake

    async def settle(self) -> None:
        """Let everything that is runnable now run."""
        for _ in range(TURNS):
            await asyncio.sleep(0)

    async def advance(self, seconds: float) -> None:
        """Move on, waking sleepers at their own instants."""
        end = self.now + seconds
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            when, _, awake = heapq.heappop(self._sleepers)
            self.now = max(self.now, when)
            if not awake.done():
                awake.set_result(None)
            await self.settle()
        self.now = end
        await self.settle()
