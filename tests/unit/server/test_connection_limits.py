"""Who gets a connection when there are no more, on real sockets with small limits."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from checkrail_server.connection import Connection
from checkrail_server.limits import Limits
from checkrail_server.service import Service
from checkrail_server.settings import Settings, from_environment
from harness.scoring_server import environment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SETTINGS: Settings = from_environment(environment("file:///m", "0" * 64))
LIMITS = Limits(connections=2)
LIVE = b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n"

Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def listening(limits: Limits) -> AsyncIterator[tuple[Service, int]]:
    service = Service(SETTINGS, limits)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(service), "127.0.0.1", 0)
    try:
        async with asyncio.timeout(10):
            yield service, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        service.close_idle()


async def ask(client: Client, data: bytes = LIVE) -> bytes:
    """Send, and return the first line of the answer."""
    reader, writer = client
    writer.write(data)
    line = await reader.readline()
    await reader.readuntil(b"}")
    return line


async def leave(*clients: Client) -> None:
    for _, writer in clients:
        writer.close()
        await writer.wait_closed()


async def test_the_longest_idle_connection_makes_room() -> None:
    async with listening(LIMITS) as (_, port):
        old, busy = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        await ask(busy)
        await ask(old)
        await ask(busy)
        new = await asyncio.open_connection("127.0.0.1", port)

        assert await ask(new) == b"HTTP/1.1 200 OK\r\n"
        assert await old[0].read() == b""
        assert await ask(busy) == b"HTTP/1.1 200 OK\r\n"
        await leave(old, busy, new)


async def test_when_all_are_busy_a_new_connection_is_sent_away() -> None:
    async with listening(LIMITS) as (_, port):
        busy = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        for client in busy:
            # the answer to a whole request shows that the half after it has arrived too
            await ask(client, LIVE + LIVE[:-1])
        new = await asyncio.open_connection("127.0.0.1", port)

        assert await new[0].readline() == b"HTTP/1.1 503 Service Unavailable\r\n"
        for client in busy:
            assert await ask(client, LIVE[-1:]) == b"HTTP/1.1 200 OK\r\n"
        await leave(new, *busy)


async def test_a_client_that_does_not_read_is_not_read_and_then_cut() -> None:
    async with listening(replace(LIMITS, request_seconds=0.0)) as (service, port):
        client = await asyncio.open_connection("127.0.0.1", port, limit=1_000)
        await ask(client)
        (connection,) = service.connections
        while not connection.stalled:
            client[1].write(LIVE * 1_000)
            await asyncio.sleep(0)

        service.tick()
        await service.empty.wait()
        client[1].transport.abort()
