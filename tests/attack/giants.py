"""Bodies of 100 MB, and bodies in chunks of one byte, sent to the end or to the refusal."""

from __future__ import annotations

import select
import socket
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import cycle
from typing import TYPE_CHECKING

from attack.senders import PATIENCE_SECONDS
from harness.raw_http import with_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.synchronize import Event

SIZE = 100 * 2**20
PART = 65_536
CHUNKED = b"Transfer-Encoding: chunked"
ONE_BYTE = b"1\r\na\r\n"
SECONDS_BETWEEN = 0.2


@dataclass
class Told:
    """What was said to giants."""

    answers: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    """From the first byte of a request to its refusal, or to the end of its connection."""
    sent_bytes: int = 0


def announced() -> Iterator[bytes]:
    """Yield a body whose length is said."""
    yield with_fields(b"Content-Length: %d" % SIZE, body=b"")
    for _ in range(0, SIZE, PART):
        yield b"a" * PART


def in_chunks(content: bytes) -> Iterator[bytes]:
    """Yield a body that is ``content``, a chunk or several, again and again."""
    yield with_fields(CHUNKED, body=b"")
    for _ in range(0, SIZE, len(content)):
        yield content


KINDS: dict[str, Callable[[], Iterator[bytes]]] = {
    "100 MB announced": announced,
    "100 MB in chunks": lambda: in_chunks(b"%x\r\n%b\r\n" % (PART, b"a" * PART)),
    "chunks of one byte": lambda: in_chunks(ONE_BYTE * (PART // len(ONE_BYTE))),
    "extensions of chunks": lambda: in_chunks((b"1;" + b"x" * 8_000 + b"\r\na\r\n") * 8),
}


def giants(port: int, stop: Event) -> Told:
    """Send one body after the other until ``stop``."""
    told = Told()
    for name in cycle(KINDS):
        if stop.wait(SECONDS_BETWEEN):
            break
        begun = time.perf_counter()
        with socket.create_connection(("127.0.0.1", port), 30) as connection:
            answer, sent = _send(connection, KINDS[name]())
        told.seconds.append(time.perf_counter() - begun)
        told.answers[f"{name}: {answer or 'closed'}"] += 1
        told.sent_bytes += sent
    return told


def _send(connection: socket.socket, parts: Iterator[bytes]) -> tuple[str, int]:
    """Send until there is an answer; return its status, and how much was sent."""
    sent = 0
    connection.settimeout(0)
    rest = b""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        readable, writable, _ = select.select([connection], [connection], [], 1)
        try:
            if readable:
                return connection.recv(PART)[9:12].decode(), sent
            if writable:
                rest = rest or next(parts)
                size = connection.send(rest)
                sent, rest = sent + size, rest[size:]
        except OSError:
            return "", sent
        except StopIteration:
            return "sent whole", sent
    return "no answer", sent
