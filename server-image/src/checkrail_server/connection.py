"""HTTP/1.1 on one connection: requests in, answers out in the same order, all within limits.

    bytes --> request_reader --> Exchange --> Service.handle
                                    |               |  now, or when inferred
    bytes <-- in their order <------+<-- answer <---+

An answer that cannot be followed by another request (bad framing, a body that is not read, a
deadline) is the connection's last: its sending side is closed, what still arrives is thrown away
for ``linger_seconds`` so that the client can read the answer, then the connection is closed.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, cast

from checkrail_server import http2_start
from checkrail_server.errors import RequestError, unavailable
from checkrail_server.exchange import Exchange
from checkrail_server.request_reader import CONTINUE, RequestReader

if TYPE_CHECKING:
    import asyncio

    from checkrail_server.answers import Answer
    from checkrail_server.service import Service


class Connection(RequestReader):
    """One client."""

    def __init__(self, service: Service) -> None:
        """Hand requests to ``service``."""
        super().__init__(service)
        self._half_closed = False
        self._lingering = False
        self._answered = False
        self.stalled = False
        self._stalled_due = math.inf

    # asyncio calls these

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or answer 503 when there are too many connections."""
        # a TCP server's transport; uvloop's is no subclass of asyncio.Transport
        self._transport = cast("asyncio.Transport", transport)
        if not self._service.admit(self):
            self._refuse(unavailable("too many connections; try again in a second"))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Forget the client; what it waits for is not computed any more."""
        self._deaf = True
        self._turns.leave(self)
        self._drop_requests()
        self._service.forget(self)

    def eof_received(self) -> bool:
        """Keep a half-closed connection until its answers are sent."""
        self._deaf = self._half_closed = True
        self._drop_incomplete()
        return bool(self._waiting)

    def pause_writing(self) -> None:
        """Stop reading from a client that does not read."""
        self.stalled = True
        self._stalled_due = time.perf_counter() + self._limits.request_seconds
        self._flow()

    def resume_writing(self) -> None:
        """Go on."""
        self.stalled = False
        self._stalled_due = math.inf
        self._flow()

    # the service calls these

    def answer(self, exchange: Exchange, answer: Answer) -> None:
        """Send ``answer`` when all requests before it are answered."""
        if exchange.abandoned:
            return
        if self._service.draining and exchange is self._waiting[-1] and self._receiving is None:
            exchange.last = True
        exchange.response = self._service.renderer.render(
            answer, close=exchange.last, head_only=exchange.method == b"HEAD"
        )
        exchange.release()
        self._send_ready()

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        return not (self._waiting or self._receiving or self._rest or self._lingering)

    @property
    def eviction_order(self) -> tuple[int, float] | None:
        """See ``exchange.Peer``; who has said nothing yet is not idle: it may be a probe."""
        if self._waiting:
            return None
        if self._lingering:
            return 1, self._due
        if self._receiving:
            return 2, self._receiving.started
        if self._rest:
            return 2, self._since
        return (0 if self._answered else 2), self._since

    def evict(self) -> None:
        """Close at once, whatever is not sent; nothing that was asked completely is lost."""
        self._deaf = True
        self._drop_requests()
        self._transport.abort()

    def close(self) -> None:
        """Close once what was written is sent."""
        self._transport.close()

    def enforce_deadline(self, now: float) -> None:
        """End what takes longer than it may; called a few times a second."""
        if now > self._stalled_due:
            self._transport.abort()
        elif self._waiting and now > self._waiting[0].started + self._limits.request_seconds:
            self._waiting[0].last = True
            self._service.give_up(self._waiting[0])
        elif now <= self._due:
            return
        elif self._receiving:
            self._refuse(RequestError(408, "the request did not arrive in time"))
        elif not self._waiting:
            self._transport.abort()

    # inside

    def _send_ready(self) -> None:
        waiting = self._waiting
        while waiting and (response := waiting[0].response) is not None:
            exchange = waiting.pop(0)
            self._transport.write(response)
            if exchange.last:
                self._end()
                return
        if not waiting:
            if self._half_closed:
                self._transport.close()
            elif self._receiving is None:
                self._answered = True
                self._since = time.perf_counter()
                self._due = self._since + self._limits.idle_seconds
            elif self._receiving.header_complete and self._receiving.expect:
                self._transport.write(CONTINUE)
        if self._reading_paused:
            self._flow()

    def _begin(self) -> Exchange:
        """See ``RequestReader``."""
        return Exchange(self, self._limits, self._service.bodies, time.perf_counter())

    def _become_http2(self, data: bytes) -> None:
        """See ``RequestReader``."""
        http2_start.take_over(self._service, self, self._transport, data)

    def _refuse(self, error: RequestError) -> None:
        """Answer ``error`` after the answers that are due, and end the connection."""
        if self._deaf:
            return
        exchange = self._receiving or self._begin()
        exchange.drop_body()
        self._receiving = None
        self._deaf = True
        exchange.last = True
        self._waiting.append(exchange)
        self._service.refuse(exchange, error)

    def _end(self) -> None:
        """Close the sending side, and the connection once the client has had time to read."""
        self._deaf = True
        self._drop_requests()
        if self._half_closed or self._transport.is_closing():
            self._transport.close()
            return
        self._lingering = True
        limits, unsent = self._limits, self._transport.get_write_buffer_size() > 0
        patience = limits.request_seconds if unsent else limits.linger_seconds
        self._due = time.perf_counter() + patience
        self._transport.write_eof()

    def _drop_requests(self) -> None:
        """Forget what will not be answered."""
        self._drop_incomplete()
        for exchange in self._waiting:
            self._service.left(exchange)
            exchange.release()
        self._waiting.clear()

    def _drop_incomplete(self) -> None:
        self._drop_rest()
        if self._receiving:
            self._receiving.release()
            self._receiving = None

    @property
    def _full(self) -> bool:
        """See ``RequestReader``."""
        return self.stalled or len(self._waiting) >= self._limits.pipelined

    def _flow(self) -> None:
        """Read only while there is room for more requests and answers."""
        full = self._full
        if full != self._reading_paused:
            self.keep_reading(wanted=not full)
