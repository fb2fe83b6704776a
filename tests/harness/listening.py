"""The scoring server's service in the process of a test, at a port of this machine."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from checkrail_server.connection import Connection
from checkrail_server.service import Service
from harness.wire import SETTINGS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from checkrail_server.limits import Limits

SECONDS = 60.0


@asynccontextmanager
async def listening(limits: Limits) -> AsyncIterator[tuple[Service, int]]:
    """Have a service listen, and give it and its port; it has no model.

    Raises:
        TimeoutError: The test took more than ``SECONDS``.
    """
    service = Service(SETTINGS, limits)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(service), "127.0.0.1", 0)
    try:
        async with asyncio.timeout(SECONDS):
            yield service, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        service.close_idle()
