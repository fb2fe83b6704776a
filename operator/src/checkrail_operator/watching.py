"""kopf in a thread and event loop of its own, started again in place whenever it ends."""

import asyncio
import logging
import random
import threading
from collections.abc import Callable

import kopf

from checkrail_operator.handlers import Wakes, register
from checkrail_operator.queue import Backoff, Sleeper

LOG = logging.getLogger(__name__)
BACKOFF = Backoff(first_seconds=0.5, cap_seconds=30.0)
STEADY_SECONDS = 60.0
"""A watch that ran so long starts its backoff anew when it ends."""


class Watching:
    """Runs kopf until stopped."""

    def __init__(
        self,
        wakes: Wakes,
        *,
        namespaces: tuple[str, ...],
        lease_name: str,
        restarted: Callable[[], None],
        sleep: Sleeper,
    ) -> None:
        """Watch ``namespaces``, all when empty; ``restarted`` is told of each restart."""
        self._registry = kopf.SmartOperatorRegistry()  # type: ignore[attr-defined]
        register(self._registry, wakes, lease_name)
        self._namespaces = namespaces
        self._restarted = restarted
        self._sleep = sleep
        self._stop = threading.Event()

    async def run(self) -> None:
        """Watch for ever; stop kopf when cancelled."""
        loop = asyncio.get_running_loop()
        failures = 0
        try:
            while True:
                began = loop.time()
                await self._one_life(loop)
                failures = 1 if loop.time() - began > STEADY_SECONDS else failures + 1
                self._restarted()
                LOG.error(
                    "watching ended and starts again", extra={"fields": {"in_a_row": failures}}
                )
                await self._sleep(BACKOFF.delay(failures, random.random()))  # noqa: S311 - jitter
        finally:
            self._stop.set()

    async def _one_life(self, loop: asyncio.AbstractEventLoop) -> None:
        ended = asyncio.Event()
        thread = threading.Thread(target=self._live, args=(loop, ended), name="kopf", daemon=True)
        thread.start()
        await ended.wait()

    def _live(self, loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
        try:
            asyncio.run(self._operate())
        finally:
            if not loop.is_closed():
                loop.call_soon_threadsafe(ended.set)

    async def _operate(self) -> None:
        settings = kopf.OperatorSettings()
        # without a namespace's own rights to look around, kopf must not try to
        settings.scanning.disabled = bool(self._namespaces)
        await kopf.operator(
            registry=self._registry,
            settings=settings,
            standalone=True,
            clusterwide=not self._namespaces,
            namespaces=self._namespaces,
            stop_flag=self._stop,
        )
