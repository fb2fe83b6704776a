"""Whether the process does its work: ages with a bound each, and the answer names what failed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from checkrail_operator.queue import Clock, Sleeper

TICK_SECONDS = 0.5


@dataclass(frozen=True)
class Check:
    """One age that must stay under its bound.

    Attributes:
        name: What is measured.
        bound_seconds: Most it may be.
        age: Measures it, seconds.
    """

    name: str
    bound_seconds: float
    age: Callable[[], float]


class LoopLag:
    """How late the event loop runs what is due."""

    def __init__(self, clock: Clock, sleep: Sleeper) -> None:
        """Measure on ``clock``."""
        self._clock = clock
        self._sleep = sleep
        self._due = clock() + TICK_SECONDS
        self._last = 0.0

    @property
    def seconds(self) -> float:
        """The larger of the last tick's lateness and how late the next one is by now."""
        return max(self._last, self._clock() - self._due)

    async def run(self) -> None:
        """Tick for ever."""
        while True:
            self._due = self._clock() + TICK_SECONDS
            await self._sleep(TICK_SECONDS)
            self._last = max(0.0, self._clock() - self._due)


def report(checks: Iterable[Check]) -> tuple[bool, str]:
    """Return whether all hold, and a line for each: what was measured and what was expected."""
    lines, healthy = [], True
    for check in checks:
        age = check.age()
        holds = age <= check.bound_seconds
        healthy = healthy and holds
        word = "ok" if holds else "FAILED"
        lines.append(f"{word} {check.name}: {age:.1f} s, at most {check.bound_seconds:g} s")
    return healthy, "\n".join(lines) + "\n"


def health_app(live: Callable[[], Iterable[Check]], ready: Callable[[], bool]) -> web.Application:
    """Return the application of /healthz and /readyz."""

    async def healthz(_: web.Request) -> web.Response:
        healthy, text = report(live())
        return web.Response(status=200 if healthy else 503, text=text)

    async def readyz(_: web.Request) -> web.Response:
        is_ready = ready()
        text = "ok\n" if is_ready else "FAILED watch: no event of the API server has arrived yet\n"
        return web.Response(status=200 if is_ready else 503, text=text)

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz)])
    return app


def metrics_app(registry: CollectorRegistry) -> web.Application:
    """Return the application of /metrics."""

    async def metrics(_: web.Request) -> web.Response:
        headers = {"Content-Type": CONTENT_TYPE_LATEST}
        return web.Response(body=generate_latest(registry), headers=headers)

    app = web.Application()
    app.add_routes([web.get("/metrics", metrics)])
    return app


async def serve(app: web.Application, port: int) -> web.AppRunner:
    """Serve on all addresses; the caller cleans the runner up."""
    runner = web.AppRunner(app, handle_signals=False, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, port=port).start()
    return runner
