"""A proxy of the tests between a real operator and a real API server: it breaks what it is told to.

    operator --http--> FaultProxy --https--> kube-apiserver

It changes nothing on its way through. It counts writes, kills the operator just before or just
after the n-th one reached the API server, cuts watches, refuses connections, and answers in the
API server's place where a test asks for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

from aiohttp import ClientConnectionError, ClientSession, ClientTimeout, TCPConnector, web

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from pathlib import Path

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
SHUTDOWN_SECONDS = 0.25
HOP_BY_HOP = frozenset({"connection", "content-length", "host", "transfer-encoding"})


@dataclass(frozen=True)
class Write:
    """One mutating request that reached the API server, the Lease's own not counted."""

    method: str
    path: str
    status: int
    writer: str
    """Pod that sent it; each finds the proxy at a path of its own."""


@dataclass(frozen=True)
class Kill:
    """When to kill the operator, and how."""

    at: int
    moment: Literal["before", "after"]
    kill: Callable[[], None]


class FaultProxy:
    """Runs in a thread of its own; every method may be called from any thread."""

    def __init__(self, server: str, authority: Path) -> None:
        """Forward to ``server``, whose certificate ``authority`` signed."""
        self._server = server
        self._trust = ssl.create_default_context(cafile=str(authority))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._watches: set[asyncio.Transport] = set()
        self._answers: list[tuple[int, str, dict[str, str]]] = []
        self._gone = 0
        self._runner: web.AppRunner | None = None
        self._session: ClientSession | None = None
        self.writes: list[Write] = []
        self.refusing = False
        self._kills: list[Kill] = []
        self.port = 0

    def url(self, pod: str) -> str:
        """Answer where the operator of this pod finds it."""
        return f"http://127.0.0.1:{self.port}/{pod}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._start()).result()
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._stop()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def kill_at(
        self, number: int, moment: Literal["before", "after"], kill: Callable[[], None]
    ) -> None:
        """Call ``kill`` once, when the write of this number, from 1, is sent or was answered."""
        self._kills.append(Kill(number, moment, kill))

    def answer(self, status: int, times: int, path: str = "", **headers: str) -> None:
        """Answer the next requests whose path ends with ``path``, without forwarding them."""
        self._answers += [(status, path, headers)] * times

    @property
    def watches_open(self) -> int:
        """How many watches are open now."""
        return len(self._watches)

    @property
    def answered(self) -> bool:
        """Whether every such answer has been given."""
        return not self._answers

    def cut_watches(self) -> None:
        """Break every open watch in the middle, as a dying load balancer would."""
        self._loop.call_soon_threadsafe(self._abort_watches)

    def expire_watches(self, times: int) -> None:
        """Cut every watch, and tell the next ``times`` ones that their version is gone."""
        self._gone = times
        self.cut_watches()

    def _call(self, what: Any) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(what, self._loop)

    async def _start(self) -> None:
        connector = TCPConnector(ssl=self._trust, limit=0)
        self._session = ClientSession(
            connector=connector, auto_decompress=False, timeout=ClientTimeout(total=None)
        )
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]

    async def _stop(self) -> None:
        self.refusing = True
        self._abort_watches()
        if self._session and self._session.connector:
            await self._session.connector.close(abort_ssl=True)
            await self._session.close()
        if self._runner:
            await self._runner.cleanup()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        # TLS transports need a moment of their loop, says aiohttp's page on graceful shutdown
        await asyncio.sleep(SHUTDOWN_SECONDS)

    def _abort_watches(self) -> None:
        for transport in self._watches:
            transport.abort()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        is_watch = "watch" in request.query
        if self.refusing:
            return _aborted(request)
        if self._answers and request.path.endswith(self._answers[0][1]) and not is_watch:
            status, _, headers = self._answers.pop(0)
            reason = {"kind": "Status", "code": status, "message": "the test said so"}
            return web.json_response(reason, status=status, headers=headers)
        if is_watch:
            return await self._watch(request)
        if request.method in WRITES and "/leases" not in request.path:
            return await self._write(request)
        return await self._forward(request)

    async def _write(self, request: web.Request) -> web.StreamResponse:
        number = len(self.writes) + 1
        if self._kills_at(number, "before"):
            return _aborted(request)
        answer = await self._forward(request)
        pod, path = _pod_and_path(request)
        self.writes.append(Write(request.method, path.partition("?")[0], answer.status, pod))
        if self._kills_at(number, "after"):
            return _aborted(request)
        return answer

    def _kills_at(self, number: int, moment: Literal["before", "after"]) -> bool:
        due = [kill for kill in self._kills if (kill.at, kill.moment) == (number, moment)]
        for kill in due:
            self._kills.remove(kill)
            kill.kill()
        return bool(due)

    async def _forward(self, request: web.Request) -> web.Response:
        assert self._session
        headers = {k: v for k, v in request.headers.items() if k.lower() not in HOP_BY_HOP}
        try:
            async with self._session.request(
                request.method,
                self._server + _pod_and_path(request)[1],
                headers=headers,
                data=await request.read() or None,
            ) as answer:
                kept = {k: v for k, v in answer.headers.items() if k.lower() not in HOP_BY_HOP}
                return web.Response(status=answer.status, headers=kept, body=await answer.read())
        except ClientConnectionError:  # the API server is away: so are we
            _aborted(request)
            return web.Response(status=502)

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        assert self._session
        assert request.transport
        transport = request.transport
        stream = web.StreamResponse(headers={"Content-Type": "application/json"})
        headers = {k: v for k, v in request.headers.items() if k.lower() not in HOP_BY_HOP}
        headers["Accept-Encoding"] = "identity"
        self._watches.add(transport)
        try:
            async with self._session.get(
                self._server + _pod_and_path(request)[1], headers=headers
            ) as answer:
                stream.set_status(answer.status)
                await stream.prepare(request)
                if self._gone:
                    self._gone -= 1
                    await stream.write(_expired())
                    return stream
                async for data in answer.content.iter_any():
                    await stream.write(data)
        except (ClientConnectionError, ConnectionError):
            return _aborted(request)
        finally:
            self._watches.discard(transport)
        return stream


def _pod_and_path(request: web.Request) -> tuple[str, str]:
    """Return who asks, and the path and query that the API server is to see."""
    pod, _, path = str(request.rel_url).removeprefix("/").partition("/")
    return pod, f"/{path}"


def _expired() -> bytes:
    status = {"kind": "Status", "apiVersion": "v1", "code": 410, "reason": "Expired"}
    return json.dumps({"type": "ERROR", "object": status}).encode() + b"\n"


def _aborted(request: web.Request) -> web.Response:
    with contextlib.suppress(AttributeError):
        request.transport.abort()  # type: ignore[union-attr]
    return web.Response(status=502)
