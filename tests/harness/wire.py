"""A transport without a network: bytes go to a connection as an event loop would hand them on.

wire = Wire(Connection(service))
await wire.feed([data[:20], data[20:]])
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from checkrail_server.connection import Connection
from checkrail_server.exposition import Exposition
from checkrail_server.limits import Limits
from checkrail_server.service import Service
from checkrail_server.settings import from_environment
from checkrail_server.turns import TurnTaker
from harness.scoring_server import environment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from checkrail_server.model import Model

SETTINGS = from_environment(environment("file:///m", "0" * 64))
LIMITS = Limits()


async def told(
    model: Model, chunks: Iterable[bytes], *, turns: bool = False, limits: Limits = LIMITS
) -> bytes:
    """Return what a server of ``model`` says to a client that sends ``chunks`` and ends.

    Args:
        model: What it serves.
        chunks: Each is a read.
        turns: Whether the event loop turns between any two of them, so answers come early.
        limits: Of the server.

    Raises:
        AssertionError: The server met what it did not expect, or holds something at the end.
    """
    service = Service(SETTINGS, limits)
    service.take_model(model, Exposition(service.metrics, SETTINGS))
    bugs: list[BaseException] = []
    service.report_bug = bugs.append  # type: ignore[method-assign, assignment]  # it would log
    wire = Wire(Connection(service))
    for chunk in chunks:
        await wire.feed([chunk])
        if turns:
            await asyncio.sleep(0)
    await wire.end()
    assert bugs == []
    assert (service.bodies.held, service.connections) == (0, set())
    return wire.written


class Wire(asyncio.Transport):
    """Keeps what is written; every method that a connection uses, and nothing behind them."""

    def __init__(self, protocol: TurnTaker) -> None:
        """Connect ``protocol``."""
        super().__init__()
        self.protocol = protocol
        self.written = b""
        self.closed = False
        self._paused = False
        protocol.connection_made(self)

    async def feed(self, chunks: Iterable[bytes]) -> None:
        """Hand on ``chunks``, each a read or several, while the connection reads."""
        for chunk in chunks:
            rest = chunk
            while rest and not self.closed:
                if self._paused:
                    await asyncio.sleep(0)  # a turn of the loop, in which it may read on
                    continue
                buffer = self.protocol.get_buffer(-1)
                size = min(len(rest), len(buffer))
                buffer[:size], rest = rest[:size], rest[size:]
                self.protocol.buffer_updated(size)

    async def end(self) -> None:
        """End as a client does that has sent everything and has read what it was told."""
        await asyncio.sleep(0)  # the queue runs
        # its end comes after all it has sent, and nothing signals that
        while self._paused and not self.closed:  # noqa: ASYNC110
            await asyncio.sleep(0)
        if not self.closed:
            self.protocol.eof_received()
        await asyncio.sleep(0)  # what waited for this turn is answered
        self.protocol.connection_lost(None)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Have another protocol from now on."""
        assert isinstance(protocol, TurnTaker)
        self.protocol = protocol

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep ``data``."""
        assert not self.closed, "written after the end"
        self.written += bytes(data)

    def write_eof(self) -> None:
        """End the answers."""
        self.closed = True

    def close(self) -> None:
        """End."""
        self.closed = True

    abort = close

    def is_closing(self) -> bool:
        """Say no: what closes here is never lost halfway."""
        return False

    def get_write_buffer_size(self) -> int:
        """Return 0: everything is sent at once."""
        return 0

    def pause_reading(self) -> None:
        """Hand on nothing."""
        self._paused = True

    def resume_reading(self) -> None:
        """Go on."""
        self._paused = False
