"""A client of gRPC that may send what others would not: h2 on a socket.

with GrpcClient(port) as client:
    reply = client.call("/inference.GRPCInferenceService/ServerLive", ServerLiveRequest())
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from h2 import events
from h2.config import H2Configuration
from h2.connection import H2Connection

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 30
SERVICE = "/inference.GRPCInferenceService/"


def framed(message: Any) -> bytes:
    """Return ``message``, one of protobuf's or its bytes, as a call takes it."""
    content = message if isinstance(message, bytes) else message.SerializeToString()
    return b"\0" + len(content).to_bytes(4, "big") + content


@dataclass
class Reply:
    """What came on a stream so far."""

    headers: dict[str, str] = field(default_factory=dict)
    """Trailers included."""
    content: bytes = b""
    ended: bool = False

    @property
    def refusal(self) -> tuple[str, str]:
        """Status and sentence; ``("0", "")`` if it is none."""
        return self.headers["grpc-status"], self.headers.get("grpc-message", "")

    def message(self, kind: Any) -> Any:
        """Return the message, which is of ``kind``."""
        assert self.refusal[0] == "0", self.refusal
        assert framed(self.content[5:]) == self.content
        return kind.FromString(self.content[5:])


class GrpcClient:
    """One connection."""

    def __init__(self, port: int) -> None:
        """Connect."""
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        # as gRPC's clients do: else the last frame of each window waits for 40 ms
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.h2 = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.replies: dict[int, Reply] = {}
        self.left = False
        """Whether the server asks to go elsewhere."""
        self.closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def call(self, path: str, message: Any) -> Reply:
        """Send a whole call, and return its reply."""
        return self.wait(self.begin(path, framed(message)))

    def begin(
        self, path: str, content: bytes, *, end: bool = True, media_type: str = "application/grpc"
    ) -> int:
        """Send a call's bytes, and return its stream."""
        stream = self.h2.get_next_available_stream_id()
        headers = {":method": "POST", ":scheme": "http", ":authority": "test", ":path": path}
        self.replies[stream] = Reply()
        self.h2.send_headers(stream, [*headers.items(), ("content-type", media_type)])
        while content and not self.replies[stream].ended:
            size = min(self.h2.local_flow_control_window(stream), 16_384)
            self.h2.send_data(stream, content[:size])
            content = content[size:]
            self.flush()
            if not self.h2.local_flow_control_window(stream):
                self.receive()
        if end and not self.replies[stream].ended:
            self.h2.end_stream(stream)
        self.flush()
        return stream

    def wait(self, stream: int) -> Reply:
        """Return the reply on ``stream`` when it is whole."""
        reply = self.replies[stream]
        self.until(lambda: reply.ended)
        return reply

    def until(self, condition: Callable[[], bool]) -> None:
        """Take what comes until ``condition``, which must come before the connection's end."""
        while not condition():
            assert not self.closed, "the server closed the connection"
            self.receive()

    def flush(self) -> None:
        """Send what is to be sent."""
        self.socket.sendall(self.h2.data_to_send())

    def receive(self) -> None:
        """Take what has come, and let more come."""
        data = self.socket.recv(65_536)
        self.closed = not data
        for event in self.h2.receive_data(data) if data else ():
            self._take(event)
        if data:
            self.flush()

    def _take(self, event: events.Event) -> None:
        match event:
            case (
                events.ResponseReceived(stream_id=int(s))
                | events.TrailersReceived(stream_id=int(s))
            ):
                fields = [(str(name), str(value)) for name, value in event.headers or ()]
                self.replies[s].headers |= dict(fields)
            case events.DataReceived(stream_id=int(s)):
                self.replies[s].content += event.data or b""
                self.h2.acknowledge_received_data(event.flow_controlled_length or 0, s)
            case events.StreamEnded(stream_id=int(s)) | events.StreamReset(stream_id=int(s)):
                self.replies[s].ended = True
            case events.ConnectionTerminated():
                self.left = True
