"""The life of the process: listen, load, serve, drain, end.

    listening, live  -->  loaded, ready  -->  SIGTERM: not ready, still answering  -->  exit 0
            |                                  for drain_seconds, then what is in flight,
            |                                  and the end of the decision log
            +-- cannot load: one line, exit 1

After SIGTERM requests still come until every gateway has heard that this pod ends, so the server
goes on answering, each answer with ``connection: close``. No preStop hook is needed; a grace
period of 25 s is enough (5 s of drain, 11 s for the longest request and the client that reads its
answer, 8 s for the decision log). Who goes on asking nevertheless is cut off then.
SIGINT skips the drain.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import resource
import signal
import socket
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from checkrail_server import container_memory, heap, logs, termination
from checkrail_server.connection import Connection
from checkrail_server.errors import LoadError
from checkrail_server.service import Service
from checkrail_server.trial_ending import TrialLimits

if TYPE_CHECKING:
    from collections.abc import Callable

    from checkrail_server.exposition import Exposition
    from checkrail_server.limits import Limits
    from checkrail_server.model import Findings, Model
    from checkrail_server.settings import Settings
    from checkrail_server.store import Store
    from checkrail_server.trial import Trial

    Loaded = tuple[Model, Exposition]
    Load = Callable[[], Loaded]

TICK_SECONDS = 0.25
BACKLOG = 4_096
"""Connections that the kernel accepts for us; one without a place tries again a second later."""
SPARE_FILES = 64
"""File descriptors beside those of connections."""


async def serve(settings: Settings, limits: Limits, store: Store, trial: Trial) -> int:
    """Serve the model of ``store`` that passes ``trial`` until a signal; return the exit code."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_log_loop_error)
    _allow_files(limits.connections + SPARE_FILES)
    terminate, stop = asyncio.Event(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, terminate.set)
    loop.add_signal_handler(signal.SIGINT, stop.set)
    service = Service(settings, limits)
    listener = _listen(settings.port)
    server = await loop.create_server(lambda: Connection(service), sock=listener, backlog=BACKLOG)
    logs.info("listening", port=listener.getsockname()[1])
    ticker = asyncio.create_task(_tick(service))
    try:
        if not await _load(service, partial(_loaded, service, store, trial), terminate, stop):
            return 1
        await _first(terminate, stop)
        await drain(service, server, stop)
        if service.recording:
            await service.recording.finish()
    finally:
        ticker.cancel()
        server.close()
    logs.info("ended")
    return 0


async def _load(service: Service, load: Load, *signals: asyncio.Event) -> bool:
    """Load the model in a thread while the server answers probes; False if it cannot be."""
    loop = asyncio.get_running_loop()
    loaded: asyncio.Future[Loaded] = loop.create_future()
    # a daemon: a store that hangs must not keep a process from ending
    threading.Thread(target=_load_into, args=(loop, loaded, load), daemon=True).start()
    interrupted = asyncio.create_task(_first(*signals))
    either: set[asyncio.Future[Any]] = {loaded, interrupted}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if not loaded.done():
        loaded.cancel()
        return True
    interrupted.cancel()
    try:
        model, exposition = loaded.result()
        _record(service, model)
    except LoadError as error:
        logs.error("model refused", reason=str(error))
        termination.write_message(str(error))
        return False
    gc.collect()
    gc.freeze()  # what lives for ever is not looked at again
    heap.give_rest_back()
    service.take_model(model, exposition)
    logs.info(
        "ready",
        sha256=service.settings.sha256,
        loop_rows=model.loop_rows,
        joins_rows=model.joins_rows,
    )
    return True


def _record(service: Service, model: Model) -> None:
    """Start the decision log, if there is to be one; LoadError, see ``recording.record``."""
    if service.settings.decision_log:
        from checkrail_server.decisions.recording import record  # noqa: PLC0415 - with pydantic

        service.recording = record(service.settings, model)


def _load_into(loop: asyncio.AbstractEventLoop, loaded: asyncio.Future[Loaded], load: Load) -> None:
    """Load, and tell the loop; runs in its own thread, where the heavy imports happen too."""

    def settle(result: Loaded | BaseException) -> None:
        if loaded.done():
            return
        if isinstance(result, BaseException):
            loaded.set_exception(result)
        else:
            loaded.set_result(result)

    result: Loaded | BaseException
    try:
        result = load()
    except Exception as error:  # noqa: BLE001 - whatever it is, the loop must hear of it
        result = error
    with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
        loop.call_soon_threadsafe(settle, result)


def _loaded(service: Service, store: Store, trial: Trial) -> Loaded:
    """Return the model; what only its loading needed is free then. LoadError: it is refused."""
    from checkrail_server import artifact, model  # noqa: PLC0415 - pydantic
    from checkrail_server.exposition import Exposition  # noqa: PLC0415 - prometheus_client

    settings = service.settings
    with contextlib.closing(artifact.PatientStore(store)) as patient:
        fetched = artifact.fetch(patient, settings.sha256, container_memory.most_for_file())
    logs.info("verified", uri=settings.artifact_uri, sha256=settings.sha256)

    def tried(content: bytes, threads: int) -> Findings:
        return trial.run(content, threads, _trial_limits(settings))

    served = model.load(settings.model, fetched, settings.threads, settings.reference_scores, tried)
    return served, Exposition(service.metrics, settings)


def _trial_limits(settings: Settings) -> TrialLimits:
    memory = settings.trial_memory_bytes or container_memory.left_for_model()
    return TrialLimits(memory, settings.trial_seconds)


async def drain(service: Service, server: asyncio.Server, stop: asyncio.Event) -> None:
    """Answer for a while without being ready, then finish what is in flight, and nothing else.

    Args:
        service: Its connections are closed.
        server: Is closed.
        stop: Ends the while.
    """
    service.draining = True
    service.shadow.stop()
    if service.model and not stop.is_set():
        logs.info("draining", seconds=service.limits.drain_seconds)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), service.limits.drain_seconds)
    server.close()
    service.close_idle()
    # the ticker ends every request in time, but not a client that always begins the next one
    patience = service.limits.request_seconds + service.limits.linger_seconds
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(service.empty.wait(), patience)
    service.evict_all()


async def _tick(service: Service) -> None:
    while True:
        await asyncio.sleep(TICK_SECONDS)
        service.tick()


async def _first(*events: asyncio.Event) -> None:
    """Wait for any of ``events``."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def _listen(port: int) -> socket.socket:
    """Return a listening socket for IPv6 and IPv4, or IPv4 alone where there is no other."""
    if socket.has_dualstack_ipv6():
        return socket.create_server(
            ("", port), family=socket.AF_INET6, backlog=BACKLOG, dualstack_ipv6=True
        )
    return socket.create_server(("", port), backlog=BACKLOG)


def _allow_files(wanted: int) -> None:
    """Raise the soft limit of open files towards ``wanted``."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < limit:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


def _log_loop_error(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    message = context.get("message", "event loop error")
    if error:
        logs.bug("event loop error", error, detail=message)
    else:
        logs.error("event loop error", detail=message)
