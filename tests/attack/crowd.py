"""Slow connections: many clients that send a byte now and then and mean to stay."""

from __future__ import annotations

import contextlib
import resource
import selectors
import socket
import time
from collections import Counter
from random import Random
from typing import TYPE_CHECKING

from harness.raw_http import chunked, get, post

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event

SECONDS_BETWEEN_BYTES = 1.0
CONNECTS_A_ROUND = 50
ROUND_SECONDS = 0.05
LONG = b"a" * 10_000
DRIPS = (
    get(b"A: " + LONG),
    post(LONG),
    chunked(*[b"a"] * 5_000),
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(10_000),
    b"",
)
STARTS = (20, 90, 90, 40, 0)
"""How much of each is sent at once."""


class SlowClient:
    """One slow connection."""

    def __init__(self, port: int, random: Random, now: float) -> None:
        """Connect, and send the start of a request."""
        self.socket = socket.create_connection(("127.0.0.1", port), 30)
        self.socket.settimeout(0)
        chosen = random.randrange(len(DRIPS))
        self._rest = DRIPS[chosen]
        self.due = now + random.random() * SECONDS_BETWEEN_BYTES
        self._send(STARTS[chosen])

    def drip(self, now: float) -> None:
        """Send one byte more."""
        self.due = now + SECONDS_BETWEEN_BYTES
        self._send(1)

    def _send(self, size: int) -> None:
        part, self._rest = self._rest[:size], self._rest[size:]
        with contextlib.suppress(OSError):  # what the server says is read elsewhere
            self.socket.send(part)


def crowd(port: int, count: int, seed: str, stop: Event) -> Counter[str]:
    """Keep ``count`` slow connections open until ``stop``; a new one for each that is ended."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(count + 64, hard), hard))
    random, told, clients = Random(seed), Counter[str](), selectors.DefaultSelector()
    while not stop.is_set():
        now = time.monotonic()
        for _ in range(min(CONNECTS_A_ROUND, count - len(clients.get_map()))):
            client = SlowClient(port, random, now)
            clients.register(client.socket, selectors.EVENT_READ, client)
            told["opened"] += 1
        told["most at a time"] = max(told["most at a time"], len(clients.get_map()))
        for key in tuple(clients.get_map().values()):
            if key.data.due <= now:
                key.data.drip(now)
        for key, _ in clients.select(ROUND_SECONDS):
            if _is_over(key.data.socket, told):
                clients.unregister(key.data.socket)
                key.data.socket.close()
    for key in tuple(clients.get_map().values()):
        key.data.socket.close()
    return told


def _is_over(connection: socket.socket, told: Counter[str]) -> bool:
    """Read what came; True when the connection has ended."""
    try:
        received = connection.recv(65_536)
    except OSError:
        received = b""
    if received.startswith(b"HTTP/1.1 "):
        told[received[9:12].decode()] += 1
    elif not received:
        told["ended"] += 1
    return not received
