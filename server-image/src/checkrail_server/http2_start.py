"""A connection that begins with HTTP/2's preface is gRPC's from then on.

HTTP/2 is imported with the first such connection, in a thread: pods that are never asked so pay
neither its memory nor its time to be ready.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

    from checkrail_server.exchange import Peer
    from checkrail_server.service import Service

PREFACE = b"PRI * HTTP/2.0\r\n"
"""What it begins with (RFC 9113, section 3.4); the rest is HTTP/2's own business."""
MODULE = "checkrail_server.http2"

_starts: set[asyncio.Future[ModuleType]] = set()


def may_become_preface(data: bytes) -> bool:
    """Return whether ``data`` is a start of the preface, and not all of it."""
    return len(data) < len(PREFACE) and PREFACE.startswith(data)


def take_over(service: Service, peer: Peer, transport: asyncio.Transport, data: bytes) -> None:
    """Have an ``Http2Connection`` in the place of ``peer``, and give it ``data``."""
    if MODULE in sys.modules:
        _replace(service, peer, transport, data)
        return
    transport.pause_reading()
    loop = asyncio.get_running_loop()
    imported = loop.run_in_executor(None, importlib.import_module, MODULE)
    _starts.add(imported)

    def go_on(future: asyncio.Future[ModuleType]) -> None:
        _starts.discard(future)
        future.result()
        if not transport.is_closing():
            _replace(service, peer, transport, data)

    imported.add_done_callback(go_on)


def _replace(service: Service, peer: Peer, transport: asyncio.Transport, data: bytes) -> None:
    from checkrail_server.http2 import Http2Connection  # noqa: PLC0415 - see above

    successor = Http2Connection(service, transport)
    service.replace(peer, successor)
    transport.set_protocol(successor)
    transport.resume_reading()
    successor.data_received(data)
