"""Requests out of the bytes of one connection, HTTP/1.1.

bytes --> a head that is known ---------------+--> Exchange, whole --> Service.handle
      '-> httptools (llhttp, strict), limits -'
                  '--> what comes after many requests, or much time: in a later turn
"""

from __future__ import annotations

import time
from abc import abstractmethod
from typing import TYPE_CHECKING, TypeVarTuple

import httptools

from checkrail_server import http2_start
from checkrail_server.errors import RequestError, unavailable
from checkrail_server.exchange import Exchange
from checkrail_server.inference_queue import LOOP_SECONDS
from checkrail_server.known_heads import END, LINE_ENDS
from checkrail_server.turns import TurnTaker

if TYPE_CHECKING:
    from collections.abc import Callable

    from checkrail_server.known_heads import KnownHead
    from checkrail_server.service import Service

Part = TypeVarTuple("Part")

PIECE_LINES = 32
"""Of what is parsed at once: a request has two or more, and most that have a body have ten."""
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class RequestReader(TurnTaker):
    """The reading side of a ``Connection``."""

    def __init__(self, service: Service) -> None:
        """Hand requests to ``service``."""
        super().__init__(service.turns)
        self._service = service
        self._limits = service.limits
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: list[Exchange] = []
        """Whole requests that are not answered; few, and an empty deque takes 0.7 KB."""
        self._receiving: Exchange | None = None
        self._start: bytes | None = b""
        """What came first, as long as it may be HTTP/2's preface; None: it is known."""
        self._at_start = True
        """Whether the next byte is the first of a request."""
        self._began = b""
        """What is being parsed, if it began with the first byte of a request."""
        self._rest = b""
        """What was read and is not parsed; it counts as bodies do."""
        self._deaf = False
        self._since = time.perf_counter()
        self._due = self._since + self._limits.header_seconds

    @abstractmethod
    def _begin(self) -> Exchange:
        """Return a new request, of which nothing is known."""

    @abstractmethod
    def _become_http2(self, data: bytes) -> None:
        """Have another protocol in this one's place, to take ``data`` and what follows."""

    @abstractmethod
    def _refuse(self, error: RequestError) -> None:
        """Answer ``error`` after the answers that are due, and end the connection."""

    @property
    @abstractmethod
    def _full(self) -> bool:
        """Whether there is no room for more requests and answers."""

    @abstractmethod
    def _flow(self) -> None:
        """Read only while there is room for more requests and answers."""

    # asyncio calls this

    def data_received(self, data: bytes) -> None:
        """Parse what has come, in pieces, to know a header's size before all of it is kept."""
        if self._start is not None:
            data = self._start + data
            self._start = data if http2_start.may_become_preface(data) else None
            if self._start:
                return
            if data.startswith(http2_start.PREFACE) and not self._deaf:
                self._deaf = True
                self._turns.leave(self)
                self._become_http2(data)
                return
        if self._at_start and not self._deaf:
            end = data.find(END) + len(END)
            known = self._service.known_heads.get(data[:end])
            if known is not None and len(data) == end + known.body_size:
                self._take_known(known, data[end:])
                return
        if self._rest:
            data = self._drop_rest() + data
        self._began = data if self._at_start else b""
        self._keep(data[self._parse_pieces(data) :])
        self._began = b""
        ended = self._receiving is None and not self._rest
        self._at_start = ended and data[-1:] not in LINE_ENDS
        self._flow()

    def take_turn(self) -> None:
        """Parse what was left, then read again, unless the connection itself has paused."""
        self._waits_its_turn = False
        if self._rest and not (self._reading_paused or self._transport.is_closing()):
            self.data_received(b"")
        if not self._rest:
            super().take_turn()

    def keep_reading(self, *, wanted: bool) -> None:
        """Read on, or do not, from now on; what was left comes first."""
        if wanted and self._rest:
            self._reading_paused = False
            self.wait_turn()
        else:
            super().keep_reading(wanted=wanted)

    def _parse_pieces(self, data: bytes) -> int:
        """Parse as much as there is room and time for, and return how many bytes that is."""
        until = time.perf_counter() + LOOP_SECONDS
        start = 0
        while start < len(data) and not self._deaf:
            end = _end_of_piece(data, start, start + self._limits.header_bytes)
            self._parse(data[start:end])
            start = end
            if self._full or time.perf_counter() >= until:
                break
        return start

    def _keep(self, rest: bytes) -> None:
        """Have ``rest`` parsed in a later turn."""
        if not rest or self._deaf:
            return
        if not self._service.bodies.take(len(rest)):
            self._refuse(unavailable("too many requests wait; try again in a second"))
            return
        self._rest = rest
        self.wait_turn()

    def _drop_rest(self) -> bytes:
        """Forget what is not parsed, and return it."""
        rest, self._rest = self._rest, b""
        self._service.bodies.give_back(len(rest))
        return rest

    def _take_known(self, known: KnownHead, body: bytes) -> None:
        """Take a whole request whose head was read before; the parser is not told of it."""
        exchange = self._begin()
        known.begin(exchange)
        self._receiving = exchange
        self._take(Exchange.take_body, body)
        if self._receiving is not None:
            self._receiving = None
            self._waiting.append(exchange)
            self._service.handle(exchange, known.route.respond)
        self._flow()

    def _parse(self, data: bytes) -> None:
        if self._deaf:
            return
        before = self._receiving
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._deaf = True  # answered as if it had not asked; see on_message_complete
        except httptools.HttpParserCallbackError as error:
            self._service.report_bug(error)
            self._refuse(RequestError(500, "the server failed on this request"))
        except httptools.HttpParserError as error:
            self._refuse(RequestError(400, f"not HTTP/1.1: {error}"))
        if self._receiving is not None and self._receiving is before:
            self._take(Exchange.take_wire, len(data))

    # httptools calls these

    def on_message_begin(self) -> None:
        """See the first byte of a request."""
        if self._deaf:
            return
        self._receiving = exchange = self._begin()
        self._due = exchange.started + self._limits.header_seconds

    def on_url(self, url: bytes) -> None:
        """Take a part of the target."""
        self._take(Exchange.take_target, url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header field, or a trailer."""
        self._take(Exchange.take_field, name, value)

    def on_headers_complete(self) -> None:
        """Decide whether the body is wanted."""
        parser = self._parser
        self._take(Exchange.complete_header, parser.get_method(), parser.get_http_version())
        if exchange := self._receiving:
            self._due = exchange.started + self._limits.request_seconds
            if exchange.expect and not self._waiting:
                self._transport.write(CONTINUE)

    def on_body(self, data: bytes) -> None:
        """Take a part of the body."""
        self._take(Exchange.take_body, data)

    def on_message_complete(self) -> None:
        """Hand the request on."""
        if (exchange := self._receiving) is None:
            return
        self._receiving = None
        parser = self._parser
        exchange.last = (
            not parser.should_keep_alive()
            or parser.should_upgrade()
            or parser.get_http_version() != "1.1"
        )
        self._deaf = exchange.last
        self._waiting.append(exchange)
        self._service.handle(exchange, self._service.routes.answer)
        self._service.known_heads.learn(self._began, exchange)

    def _take(self, step: Callable[[Exchange, *Part], None], *part: *Part) -> None:
        """Let the request take a part, or refuse it."""
        if self._receiving is None:
            return
        try:
            step(self._receiving, *part)
        except RequestError as error:
            self._refuse(error)


def _end_of_piece(data: bytes, start: int, limit: int) -> int:
    """Return where the piece of ``data`` ends that begins at ``start``: few requests end in it."""
    end = start
    for _ in range(PIECE_LINES):
        end = data.find(b"\n", end, limit) + 1
        if not end:
            return min(limit, len(data))
    return end
