"""Large reads take turns, so that whoever sends little is answered between any two of them.

    a read that fills the buffer --> not read any further --> ... its turn --> read again
    a read that does not         --> read again whenever more comes

One connection reads again in each turn of the event loop, so whatever many clients send, a turn
takes as long as one full buffer of one of them, and what others have sent meanwhile. What is not
read stays with the kernel, which slows its sender down. A buffer of many small requests takes
several turns: the rest of it is kept by its ``RequestReader``.
"""

from __future__ import annotations

import asyncio

BUFFER_BYTES = 65_536
"""Of one read. Nearly all requests are smaller; chunks of one byte take 10 ms to parse."""


class Turns:
    """Who waits to read more. All methods are called from the event loop."""

    def __init__(self) -> None:
        """Let nobody wait."""
        self.buffer = memoryview(bytearray(BUFFER_BYTES))
        """What is read, by whoever reads: it is taken before the next one does."""
        self._waiting: dict[TurnTaker, None] = {}

    def wait(self, reader: TurnTaker) -> None:
        """Have ``reader`` told when it is its turn."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._next)
        self._waiting[reader] = None

    def leave(self, reader: TurnTaker) -> None:
        """Have ``reader`` not wait any more, if it did."""
        self._waiting.pop(reader, None)

    def _next(self) -> None:
        if not self._waiting:
            return
        reader = next(iter(self._waiting))
        del self._waiting[reader]
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._next)
        reader.take_turn()


class TurnTaker(asyncio.BufferedProtocol):
    """A connection that reads no more than one buffer at a time; subclasses take the bytes."""

    _transport: asyncio.Transport

    def __init__(self, turns: Turns) -> None:
        """Take ``turns`` with the other connections."""
        self._turns = turns
        self._waits_its_turn = False
        self._reading_paused = False

    def data_received(self, data: bytes) -> None:
        """Take what was read."""
        raise NotImplementedError

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        """Read into the buffer that all connections share."""
        return self._turns.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take what was read, and wait if there may be more."""
        if nbytes == BUFFER_BYTES:
            self.wait_turn()
        self.data_received(bytes(self._turns.buffer[:nbytes]))

    def wait_turn(self) -> None:
        """Do not read until the others have had their turns."""
        self._waits_its_turn = True
        self._turns.wait(self)
        self._transport.pause_reading()

    def take_turn(self) -> None:
        """Read again, unless the connection itself has paused."""
        self._waits_its_turn = False
        if not (self._reading_paused or self._transport.is_closing()):
            self._transport.resume_reading()

    def keep_reading(self, *, wanted: bool) -> None:
        """Read on, or do not, from now on."""
        self._reading_paused = not wanted
        if not wanted:
            self._transport.pause_reading()
        elif not self._waits_its_turn:
            self._transport.resume_reading()
