"""Who sends malformed messages: one after the other, on a blocking socket.

A sender does nothing but wait for its answer, so what it measures is the server and the machine,
not a loop of its own. More at a time are more processes.
"""

from __future__ import annotations

import contextlib
import re
import socket
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from hpack import Decoder
from hpack.exceptions import HPACKError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from attack.malformed import Malformed

PATIENCE_SECONDS = 30
LATE_SECONDS = 1.0
"""Until when a refusal must be there."""
EXAMPLES = 5
"""Wrong answers, and slow ones, that the report shows."""
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n")
FRAME_HEADER_BYTES = 9
HEADERS = 1
ENDS = {3: "RST_STREAM", 7: "GOAWAY"}


@dataclass
class Found:
    """What a sender was told."""

    sent: Counter[str] = field(default_factory=Counter)
    """Messages by kind."""
    told: Counter[str] = field(default_factory=Counter)
    """By status, or how the connection ended."""
    seconds: list[float] = field(default_factory=list)
    """From the last byte of a message to its answer."""
    late: Counter[str] = field(default_factory=Counter)
    """Messages by kind whose answer took longer than ``LATE_SECONDS``."""
    slow_connects: int = 0
    """Connections that took as long to make."""
    slowest: list[tuple[float, float, str]] = field(default_factory=list)
    """Seconds, the ``time.monotonic`` of the answer, and what it was."""
    wrong: list[str] = field(default_factory=list)
    """Answers that a server must not give."""
    wrongs: int = 0

    def note(self, message: Malformed, told: str, seconds: float) -> None:
        """Count one answer."""
        self.sent[message.kind] += 1
        self.told[told] += 1
        self.seconds.append(seconds)
        keep_slowest(self.slowest, seconds, f"{message.kind}, {told}")
        if seconds > LATE_SECONDS:
            self.late[message.kind] += 1
        if not is_right(message, told):
            self.wrongs += 1
            if len(self.wrong) < EXAMPLES:
                self.wrong.append(f"{message.kind}: {told} for {message.data[:300]!r}")


def keep_slowest(slowest: list[tuple[float, float, str]], seconds: float, what: str) -> None:
    """Add one to ``slowest`` if it is one of the ``EXAMPLES`` slowest."""
    if len(slowest) < EXAMPLES or seconds > slowest[0][0]:
        slowest.append((seconds, time.monotonic(), what))
        slowest.sort()
        del slowest[:-EXAMPLES]


def is_right(message: Malformed, told: str) -> bool:
    """Return whether a server may tell ``told`` who sends ``message``."""
    if message.kind.startswith("flood"):
        return told in ("GOAWAY", "closed")
    if message.kind.startswith("HTTP/2") and told == "closed":
        return True  # frames that say nothing any more
    if told in ("GOAWAY", "RST_STREAM") or told.startswith("4"):
        return True
    return not message.whole and (told == "closed" or told.startswith("2"))


class Sender:
    """One client, which keeps a connection for as long as the server does."""

    def __init__(self, port: int) -> None:
        """Ask the server at ``port``."""
        self._port = port
        self._socket: socket.socket | None = None
        self.found = Found()

    def send_all(self, messages: Iterable[Malformed], count: int, until: float) -> Found:
        """Send ``count`` of ``messages``, or fewer until the ``time.monotonic`` of ``until``."""
        for message in islice(messages, count):
            if time.monotonic() > until:
                break
            self.send(message)
        self._leave()
        return self.found

    def send(self, message: Malformed) -> None:
        """Send one message and take its answer."""
        of_frames = message.data.startswith(b"PRI * HTTP/2.0\r\n\r\nSM")
        if of_frames or not message.whole:
            self._leave()
        connection = self._socket or self._connect()
        begun = time.perf_counter()
        try:
            told = self._ask(connection, message, of_frames=of_frames)
        except TimeoutError:
            told = "no answer"
        except OSError:
            told = "closed"
        self.found.note(message, told, time.perf_counter() - begun)
        if told == "closed" or of_frames or not message.whole:
            self._leave()

    def _ask(self, connection: socket.socket, message: Malformed, *, of_frames: bool) -> str:
        _push(connection, message.data)
        if of_frames:
            if not message.whole:
                connection.shutdown(socket.SHUT_WR)
            received = b""
            while not (told := told_in_frames(received)):
                if not (part := connection.recv(65_536)):
                    return "closed"
                received += part
            return told
        if not message.whole:
            connection.shutdown(socket.SHUT_WR)
            return _worst(_until_end(connection))
        received = b""
        while b"\r\n\r\n" not in received:
            part = connection.recv(65_536)
            if not part:
                return "closed"
            received += part
        header, _, body = received.partition(b"\r\n\r\n")
        length = LENGTH.search(header + b"\r\n")
        while length and len(body) < int(length[1]):
            body += connection.recv(65_536)
        if b"\r\nconnection: close" in header:
            self._leave()
        return header[9:12].decode()

    def _connect(self) -> socket.socket:
        begun = time.perf_counter()
        self._socket = socket.create_connection(("127.0.0.1", self._port), PATIENCE_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.found.slow_connects += time.perf_counter() - begun > LATE_SECONDS
        return self._socket

    def _leave(self) -> None:
        if self._socket:
            self._socket.close()
        self._socket = None


def _push(connection: socket.socket, data: bytes) -> None:
    """Send ``data``, or what of it the server takes before it ends the connection."""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(data)


def _until_end(connection: socket.socket) -> bytes:
    received = b""
    while part := connection.recv(65_536):
        received += part
    return received


def _worst(received: bytes) -> str:
    statuses = [status.decode() for status in re.findall(rb"HTTP/1\.1 ([2-9]\d\d) ", received)]
    return max(statuses, default="closed")


def told_in_frames(received: bytes) -> str | None:
    """Return GOAWAY, RST_STREAM or the status of the first call that is answered; None: not yet."""
    decoder = Decoder()
    while len(received) >= FRAME_HEADER_BYTES:
        size, kind = int.from_bytes(received[:3], "big"), received[3]
        if len(received) < FRAME_HEADER_BYTES + size:
            return None
        payload = received[FRAME_HEADER_BYTES : FRAME_HEADER_BYTES + size]
        received = received[FRAME_HEADER_BYTES + size :]
        if kind in ENDS:
            return ENDS[kind]
        if kind == HEADERS and (told := _status(decoder, payload)):
            return told
    return None


def _status(decoder: Decoder, payload: bytes) -> str | None:
    """Return what HTTP would say; a refusal of gRPC is one below 500 unless its number says so."""
    try:
        fields = {str(name): str(value) for name, value in decoder.decode(payload)}
    except HPACKError:
        return "no header"
    if fields.get(":status", "200") != "200":
        return fields[":status"]
    match fields.get("grpc-status"):
        case None:
            return None
        case "0":
            return "200"
        case "13" | "2" | "14":
            return "500"
        case number:
            return f"4xx of gRPC ({number})"
