"""kopf in a thread and event loop of its own, started again in place whenever it ends.

kopf does not always end when it fails: a task of it may wait for ever for credentials that nobody
fetches any more (seen with 1.45.2 after an unexpected answer to its discovery). So a life is over
when the thread ends, a grace after kopf began to end, or when no watch event has come for too
long; a thread that does not end is left behind.
"""

import asyncio
import logging
import random
import threading
from collections.abc import Callable
from math import inf

import kopf

from checkrail_api.names import MANAGED_BY
from checkrail_operator.handlers import Wakes, register
from checkrail_operator.plan.types import Key
from checkrail_operator.queue import Backoff, Clock, Sleeper

LOG = logging.getLogger(__name__)
BACKOFF = Backoff(first_seconds=0.5, cap_seconds=30.0)
STEADY_SECONDS = 60.0
"""A watch that ran so long starts its backoff anew when it ends."""
GRACE_SECONDS = 5.0
SILENT_SECONDS = 120.0
"""The Lease is renewed every few seconds, and a stream that is silent for 70 s is opened anew."""
LOOK_SECONDS = 0.5


class Watching:
    """Runs kopf until cancelled."""

    def __init__(
        self,
        *,
        wake: Callable[[Key], None],
        relisted: Callable[[], None],
        namespaces: tuple[str, ...],
        lease_name: str,
        has_heartbeat: bool,
        restarted: Callable[[], None],
        clock: Clock,
        sleep: Sleeper,
    ) -> None:
        """Watch ``namespaces``, all when empty.

        Args:
            wake: Told from kopf's thread whose object or child moved.
            relisted: Told from kopf's thread that events may have been missed.
            namespaces: Where to watch.
            lease_name: Lease whose renewals are the heartbeat.
            has_heartbeat: Whether the Lease is in one of the namespaces.
            restarted: Told of each restart.
            clock: Monotonic seconds.
            sleep: Waits on the same clock.
        """
        self._registry = kopf.get_default_registry()  # it brings the logins along
        register(
            self._registry, Wakes(wake, relisted, beat=self._beat, ending=self._end), lease_name
        )
        self._namespaces = namespaces
        self._silent_seconds = SILENT_SECONDS if has_heartbeat else inf
        self._restarted = restarted
        self._clock = clock
        self._sleep = sleep
        self._since = clock()
        self._ending: float | None = None
        self.has_begun = False

    @property
    def age(self) -> float:
        """Seconds since the last watch event, or since the start of kopf's latest life."""
        return self._clock() - self._since

    async def run(self) -> None:
        """Watch for ever; stop kopf when cancelled."""
        failures = 0
        while True:
            began = self._clock()
            why = await self._one_life()
            failures = 1 if self._clock() - began > STEADY_SECONDS else failures + 1
            self._restarted()
            fields = {"why": why, "in_a_row": failures}
            LOG.error("watching ended and starts again", extra={"fields": fields})
            await self._sleep(BACKOFF.delay(failures, random.random()))  # noqa: S311 - jitter

    def _beat(self) -> None:
        self._since = self._clock()
        self.has_begun = True

    def _end(self) -> None:
        self._ending = self._clock()

    async def _one_life(self) -> str:
        """Return why it is over."""
        self._since, self._ending = self._clock(), None
        stop = threading.Event()
        thread = threading.Thread(target=self._live, args=(stop,), name="kopf", daemon=True)
        thread.start()
        try:
            while thread.is_alive():
                if self._ending is not None and self._clock() - self._ending > GRACE_SECONDS:
                    return "kopf failed and did not end"
                if self.age > self._silent_seconds:
                    return f"no watch event for {self._silent_seconds:g} s"
                await self._sleep(LOOK_SECONDS)
            return "kopf ended"
        finally:
            stop.set()

    def _live(self, stop: threading.Event) -> None:
        asyncio.run(self._operate(stop))

    async def _operate(self, stop: threading.Event) -> None:
        settings = kopf.OperatorSettings()
        # without a namespace's own rights to look around, kopf must not try to
        settings.scanning.disabled = bool(self._namespaces)
        await kopf.operator(
            registry=self._registry,
            settings=settings,
            # else kopf asks for the user's name, and the user of our image has none
            identity=MANAGED_BY,  # type: ignore[arg-type]  # a NewType that kopf keeps to itself
            standalone=True,
            clusterwide=not self._namespaces,
            namespaces=self._namespaces,
            stop_flag=stop,
        )
