"""gRPC on one connection: calls in, answers out, all within the limits of HTTP/1.1.

    bytes --> h2 --> Call --> grpc_methods
                      |            |  now, or when inferred
    bytes <-- h2 <----+<-- answer <+

Every call is a stream of one message each way. A refusal is a status and a sentence; its number
follows from the HTTP status that the same refusal has (``grpc_call.STATUSES``).
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, NamedTuple

from h2 import events
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from hyperframe.frame import GoAwayFrame

from checkrail_api.serving import DIGEST_HEADER, VERSION_HEADER
from checkrail_server import grpc_methods
from checkrail_server.errors import RequestError
from checkrail_server.grpc_call import OK, SUCCESS, Call, refusal
from checkrail_server.http2_state import Http2State
from checkrail_server.turns import TurnTaker

if TYPE_CHECKING:
    import asyncio

    from checkrail_server.answers import Answer
    from checkrail_server.exchange import Exchange
    from checkrail_server.service import Service

FRAME_BYTES = 16_384
"""The largest frame that the client may send: the protocol's default."""
LAST_STREAM = 2**31 - 1
MORE_ROOM = (events.WindowUpdated, events.RemoteSettingsChanged)
"""After these a client may take more of its answers."""


class _Unsent(NamedTuple):
    """What is left of an answer, how large that was, and until when the client may take more."""

    content: memoryview
    size: int
    due: float


class Http2Connection(TurnTaker):
    """One client. Implements ``exchange.Peer``."""

    def __init__(self, service: Service, transport: asyncio.Transport) -> None:
        """Greet the client at the other end of ``transport``."""
        super().__init__(service.turns)
        self._service = service
        self._limits = service.limits
        self._transport = transport
        self._calls: dict[int, Call] = {}
        self._unsent: dict[int, _Unsent] = {}
        """Answers by stream that wait for the client to take more; they count as bodies do."""
        self._answered = False
        self._leaving = False
        self._unparsed = 0
        """Bytes since the last whole frame or header, at least."""
        self._since = time.perf_counter()
        self._due = self._since + self._limits.header_seconds
        self._stalled_due = math.inf
        settings = service.settings
        self._model = [
            (DIGEST_HEADER, settings.sha256),
            (VERSION_HEADER, settings.version),
        ]
        self._h2 = Http2State(self._limits)
        self._h2.initiate_connection()

    # asyncio calls these

    def data_received(self, data: bytes) -> None:
        """Take frames."""
        try:
            before = self._h2.frames
            found = self._h2.receive_data(data)
            for event in found:
                self._take(event)
            if any(isinstance(event, MORE_ROOM) for event in found):
                self._send_more()
        except ProtocolError:
            self._flush()  # it tells the client what was wrong
            self._transport.close()
        except Exception as error:  # noqa: BLE001 - a bug ends one connection, not the process
            self._service.report_bug(error)
            self._transport.abort()
        else:
            self._flush()
            # h2 keeps what is no whole frame or header, whatever size it says it will have
            self._unparsed = 0 if self._h2.frames > before else self._unparsed + len(data)
            if self._unparsed > self._limits.header_bytes + FRAME_BYTES:
                self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Forget the client; what it waits for is not computed any more."""
        self._turns.leave(self)
        self._drop_calls()
        self._service.forget(self)

    def pause_writing(self) -> None:
        """Stop reading from a client that does not read."""
        self._stalled_due = time.perf_counter() + self._limits.request_seconds
        self.keep_reading(wanted=False)

    def resume_writing(self) -> None:
        """Go on."""
        self._stalled_due = math.inf
        self.keep_reading(wanted=True)

    # the service calls these

    def answer(self, exchange: Exchange, answer: Answer) -> None:
        """Send ``answer``; a call whose message is not whole is not read any more."""
        assert isinstance(exchange, Call)  # noqa: S101 - this connection's exchanges are calls
        if exchange.abandoned:
            return
        self._calls.pop(exchange.stream, None)
        complete, stream = exchange.complete, exchange.stream
        exchange.release()
        try:
            if answer.status == OK:
                self._h2.send_headers(stream, [*SUCCESS, *self._model])
                self._send_first(stream, answer.body)
            else:
                self._h2.send_headers(stream, [*refusal(answer), *self._model], end_stream=True)
                if not complete:
                    self._h2.reset_stream(stream)
        except ProtocolError:
            self._forget(stream)  # the client has closed it meanwhile
        else:
            self._h2.budget.answered(len(answer.body))
        self._answered = True
        self._since = time.perf_counter()
        self._due = self._since + self._limits.idle_seconds
        self._flush()
        if self._service.draining and not self._leaving:
            self._leaving = True  # and calls that come nevertheless are answered
            self._transport.write(GoAwayFrame(0, last_stream_id=LAST_STREAM).serialize())

    @property
    def idle(self) -> bool:
        """See ``exchange.Peer``."""
        return not (self._calls or self._unsent)

    @property
    def stalled(self) -> bool:
        """Whether the client does not read its answers."""
        return self._stalled_due < math.inf

    @property
    def eviction_order(self) -> tuple[int, float] | None:
        """See ``exchange.Peer``."""
        if any(call.complete for call in self._calls.values()):
            return None
        if self._unsent:
            return 1, min(each.due for each in self._unsent.values())
        if self._calls:
            return 2, min(call.started for call in self._calls.values())
        return (0 if self._answered else 2), self._since

    def evict(self) -> None:
        """Close at once."""
        self._drop_calls()
        self._transport.abort()

    def close(self) -> None:
        """Close once what was written is sent."""
        self._transport.close()

    def enforce_deadline(self, now: float) -> None:
        """End what takes longer than it may; called a few times a second."""
        stuck = any(now > each.due for each in self._unsent.values())
        if stuck or now > self._stalled_due or (self.idle and now > self._due):
            self._transport.abort()
            return
        for call in tuple(self._calls.values()):
            if now <= call.started + self._limits.request_seconds:
                continue
            if call.complete:
                self._service.give_up(call)
            else:
                self._service.refuse(call, RequestError(408, "the call did not arrive in time"))

    def _take(self, event: events.Event) -> None:
        match event:
            case events.RequestReceived():
                self._begin(event)
            case events.DataReceived(stream_id=int(stream)):
                self._h2.acknowledge_received_data(event.flow_controlled_length or 0, stream)
                if call := self._calls.get(stream):
                    self._step(call, event.data or b"")
            case events.StreamEnded(stream_id=int(stream)):
                if call := self._calls.get(stream):
                    call.complete = True
                    self._service.handle(call, call.respond)
            case events.StreamReset(stream_id=int(stream)):
                self._forget(stream)
                if call := self._calls.pop(stream, None):
                    self._drop(call)

    def _begin(self, event: events.RequestReceived) -> None:
        call = Call(self, self._service, event.stream_id or 0)
        self._calls[call.stream] = call
        method = b""
        try:
            for name, value in event.headers or ():
                match name:
                    case b":path":
                        call.take_target(value)
                    case b":method":
                        method = value
                    case _:
                        call.take_field(name, value)
            call.complete_header(method, "2")
            call.respond = grpc_methods.find(self._service, call)
        except RequestError as error:
            self._service.refuse(call, error)

    def _step(self, call: Call, data: bytes) -> None:
        try:
            call.take_body(data)
        except RequestError as error:
            self._service.refuse(call, error)

    def _send_first(self, stream: int, body: bytes) -> None:
        """Begin to send an answer, or end its stream where too much waits for clients already."""
        content = b"\0%b%b" % (len(body).to_bytes(4, "big"), body)
        if not self._service.bodies.take(len(content)):
            self._h2.reset_stream(stream, ErrorCodes.ENHANCE_YOUR_CALM)
            return
        due = time.perf_counter() + self._limits.request_seconds
        self._unsent[stream] = _Unsent(memoryview(content), len(content), due)
        self._send(stream)

    def _send_more(self) -> None:
        """Go on with all answers, once for all that a client has said."""
        for stream in tuple(self._unsent):
            try:
                self._send(stream)
            except ProtocolError:
                self._forget(stream)  # closed by what came after

    def _send(self, stream: int) -> None:
        """Send as much of an answer as the client takes, and its end after the last of it."""
        content, whole, due = self._unsent[stream]
        while content:
            size = min(
                len(content),
                self._h2.local_flow_control_window(stream),
                self._h2.max_outbound_frame_size,
            )
            if size <= 0:
                self._unsent[stream] = _Unsent(content, whole, due)
                return
            self._h2.send_data(stream, content[:size].tobytes())
            content = content[size:]
        self._forget(stream)
        self._h2.send_headers(stream, [("grpc-status", "0")], end_stream=True)

    def _forget(self, stream: int) -> None:
        """Keep no answer for a stream any more, if there is one."""
        if unsent := self._unsent.pop(stream, None):
            self._service.bodies.give_back(unsent.size)

    def _flush(self) -> None:
        if data := self._h2.data_to_send():
            self._transport.write(data)

    def _drop_calls(self) -> None:
        for call in self._calls.values():
            self._drop(call)
        self._calls.clear()
        for stream in tuple(self._unsent):
            self._forget(stream)

    def _drop(self, call: Call) -> None:
        if call.complete:
            self._service.left(call)
        call.release()
