"""A connection's transport without a socket: what is written to it is kept."""

from __future__ import annotations

import asyncio


class Wire(asyncio.Transport):
    """Keeps what is written; every method that a connection uses, and nothing behind them."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        """Write for ``protocol``."""
        super().__init__()
        self.protocol = protocol
        self.written = b""
        self.closed = False

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        assert isinstance(protocol, asyncio.Protocol)
        self.protocol = protocol

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed, "written after the end"
        self.written += bytes(data)

    def write_eof(self) -> None:
        self.closed = True

    def close(self) -> None:
        self.closed = True

    abort = close

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        """Nothing reads here."""

    def resume_reading(self) -> None:
        """Nothing reads here."""
