"""One process, put together: what runs always, and what runs while the Lease is held."""

import asyncio
import logging
import os
import random
import signal
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from kubernetes.aio.client import ApiClient

from checkrail_operator.health import Check, LoopLag, health_app, metrics_app, serve
from checkrail_operator.loop import Passes
from checkrail_operator.metrics import Metrics
from checkrail_operator.queue import WorkQueue
from checkrail_operator.resync import Resync
from checkrail_operator.settings import Settings
from checkrail_operator.shell.clock import monotonic, utc_now, whole_second
from checkrail_operator.shell.connect import connect
from checkrail_operator.shell.events import Teller
from checkrail_operator.shell.kube import KubeCluster
from checkrail_operator.shell.lease import Lease
from checkrail_operator.shell.web import HttpWeb, Web
from checkrail_operator.watching import Watching

LOG = logging.getLogger(__name__)

MAX_LOOP_LAG_SECONDS = 10.0
MAX_WATCH_AGE_SECONDS = 300.0
MAX_QUEUE_AGE_SECONDS = 300.0
MAX_RESYNC_PERIODS = 3.0
GRACE_SECONDS = 10.0
LOST_LEASE_EXIT = 3


def exit_at_once(why: str) -> None:
    """End the process without any clean-up: whatever it would still write could be stale."""
    LOG.error("lease is lost, the process ends", extra={"fields": {"why": why}})
    logging.shutdown()
    os._exit(LOST_LEASE_EXIT)


@dataclass(frozen=True)
class Parts:
    """What a process consists of."""

    settings: Settings
    metrics: Metrics
    queue: WorkQueue
    lease: Lease
    passes: Passes
    resync: Resync
    watching: Watching
    lag: LoopLag

    def checks(self) -> list[Check]:
        """Return the bounds of liveness; the queue and the resync rest while on standby."""
        always = [Check("event loop lag", MAX_LOOP_LAG_SECONDS, lambda: self.lag.seconds)]
        if self.settings.has_heartbeat:
            watch = "age of the last watch event"
            always.append(Check(watch, MAX_WATCH_AGE_SECONDS, lambda: self.watching.age))
        if not self.lease.held:
            return always
        longest = MAX_RESYNC_PERIODS * self.settings.resync_seconds
        return [
            *always,
            Check("age of the oldest queued object", MAX_QUEUE_AGE_SECONDS, self.queue.oldest_age),
            Check("age of the last resync", longest, lambda: self.resync.age),
        ]

    def is_ready(self) -> bool:
        """Return whether the watch delivers; where it may stay silent, whether we run at all."""
        return self.watching.has_begun or not self.settings.has_heartbeat

    async def lead(self) -> None:
        """Wait for the Lease, then work until cancelled."""
        await self.lease.acquire()
        self.resync.restart_age()
        async with asyncio.TaskGroup() as group:
            group.create_task(self.lease.keep(), name="lease")
            group.create_task(self.resync.run(), name="resync")
            group.create_task(
                self.queue.run(self.passes, workers=self.settings.workers), name="queue"
            )

    def expose(self) -> None:
        """Let the gauges read their figures when they are scraped."""
        self.metrics.lease_held.set_function(lambda: float(self.lease.held))
        self.metrics.queue_depth.set_function(lambda: float(len(self.queue)))
        self.metrics.oldest_age.set_function(self.queue.oldest_age)
        self.metrics.resync_age.set_function(lambda: self.resync.age)
        self.metrics.watch_age.set_function(lambda: self.watching.age)


async def run(settings: Settings) -> None:
    """Run one process until SIGTERM or SIGINT, or until one of its parts fails.

    Raises:
        NoClusterError: Nothing says where the API server is.
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        api = await connect()
        stack.push_async_callback(api.close)
        web = HttpWeb(settings.prometheus)
        stack.push_async_callback(web.close)
        parts = assemble(settings, api, web, loop)
        parts.expose()
        for app, port in (
            (metrics_app(parts.metrics.registry), settings.metrics_port),
            (
                health_app(parts.checks, parts.is_ready),
                settings.health_port,
            ),
        ):
            runner = await serve(app, port)
            stack.push_async_callback(runner.cleanup)
            LOG.info("serves", extra={"fields": {"address": runner.addresses[0][:2]}})
        await _run_until(stop, parts)


def assemble(
    settings: Settings, api: ApiClient, web: Web, loop: asyncio.AbstractEventLoop
) -> Parts:
    """Put the parts together; nothing runs yet."""
    metrics = Metrics()
    queue = WorkQueue(clock=monotonic)
    queue.bind(loop)
    cluster = KubeCluster(
        api,
        may_write=lambda: lease.check(),  # noqa: PLW0108 - it is made next
        record=metrics.record_request,
        namespaces=settings.watch_namespaces,
    )
    lease = Lease(
        cluster,
        settings.lease,
        clock=monotonic,
        sleep=asyncio.sleep,
        now=utc_now,
        lost=exit_at_once,
    )
    passes = Passes(
        cluster,
        web,
        defaults=settings.defaults,
        tell=Teller(cluster, settings.lease.identity, utc_now).tell,
        wake=queue.add,
        metrics=metrics,
        clock=monotonic,
        now=whole_second,
    )
    resync = Resync(
        cluster,
        queue,
        passes,
        namespaces=settings.watch_namespaces,
        seconds=settings.resync_seconds,
        metrics=metrics,
        clock=monotonic,
        sleep=asyncio.sleep,
        chance=random.random,
    )
    watching = Watching(
        wake=queue.add_threadsafe,
        relisted=partial(_relisted, resync, loop),
        namespaces=settings.watch_namespaces,
        lease_name=settings.lease.name,
        has_heartbeat=settings.has_heartbeat,
        restarted=metrics.watch_restarts.inc,
        clock=monotonic,
        sleep=asyncio.sleep,
    )
    lag = LoopLag(monotonic, asyncio.sleep)
    return Parts(settings, metrics, queue, lease, passes, resync, watching, lag)


def _relisted(resync: Resync, loop: asyncio.AbstractEventLoop) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(resync.ask)


async def _run_until(stop: asyncio.Event, parts: Parts) -> None:
    tasks = [
        asyncio.create_task(parts.lag.run(), name="loop lag"),
        asyncio.create_task(parts.watching.run(), name="watching"),
        asyncio.create_task(parts.lead(), name="lead"),
        asyncio.create_task(_wait(stop), name="signal"),
    ]
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    LOG.info("operator stops", extra={"fields": {"after": sorted(t.get_name() for t in done)}})
    await _end(tasks)
    await parts.lease.release()
    for task in done:
        task.result()


async def _wait(stop: asyncio.Event) -> None:
    await stop.wait()


async def _end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel and wait; passes under way end by themselves, within the grace."""
    running = [task for task in tasks if not task.done()]
    for task in running:
        task.cancel()
    if running:
        _, late = await asyncio.wait(running, timeout=GRACE_SECONDS)
        if late:
            exit_at_once(f"passes did not end within {GRACE_SECONDS:g} s of the signal")
