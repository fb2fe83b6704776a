"""Who gets a connection when there are no more, on real sockets with small limits."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

import pytest

from checkrail_server import model as models
from checkrail_server.artifact import Artifact
from checkrail_server.exposition import Exposition
from checkrail_server.limits import Limits
from harness.listening import listening
from harness.raw_http import ROW
from harness.scoring_server import flight_model
from harness.wire import SETTINGS

LIMITS = Limits(connections=2)
LIVE = b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(ROW)

Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


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


@pytest.mark.parametrize(
    "half",
    [
        pytest.param(LIVE[:1], id="a byte of a header"),
        pytest.param(POST + b"{", id="a byte of a body"),
    ],
)
async def test_a_probe_gets_in_when_all_connections_are_slow(half: bytes) -> None:
    async with listening(LIMITS) as (service, port):
        slow = []
        for _ in range(2):
            slow.append(await asyncio.open_connection("127.0.0.1", port))
            # the answer to a whole request shows that the half after it has arrived too
            await ask(slow[-1], LIVE + half)
        probe = await asyncio.open_connection("127.0.0.1", port)

        assert await ask(probe) == b"HTTP/1.1 200 OK\r\n"
        assert await slow[0][0].read() == b""
        assert len(service.connections) == 2
        assert service.bodies.held == half.count(b"{")
        await leave(probe, *slow)


async def test_an_idle_connection_makes_room_before_a_slow_one() -> None:
    async with listening(LIMITS) as (_, port):
        slow, idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        await ask(slow, LIVE + LIVE[:-1])
        await ask(idle)
        probe = await asyncio.open_connection("127.0.0.1", port)

        assert await ask(probe) == b"HTTP/1.1 200 OK\r\n"
        assert await idle[0].read() == b""
        assert await ask(slow, LIVE[-1:]) == b"HTTP/1.1 200 OK\r\n"
        await leave(slow, idle, probe)


async def test_a_new_connection_that_says_nothing_yet_outlives_an_older_slow_one() -> None:
    async with listening(LIMITS) as (service, port):
        slow = await asyncio.open_connection("127.0.0.1", port)
        await ask(slow, LIVE + LIVE[:-1])
        probe, another = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]

        assert await slow[0].read() == b""
        assert await ask(probe) == b"HTTP/1.1 200 OK\r\n"
        assert await ask(another) == b"HTTP/1.1 200 OK\r\n"
        assert len(service.connections) == 2
        await leave(slow, probe, another)


async def test_a_client_that_does_not_read_makes_room_only_once() -> None:
    async with listening(LIMITS) as (service, port):
        deaf = await asyncio.open_connection("127.0.0.1", port, limit=1_000)
        await ask(deaf)
        (connection,) = service.connections
        while not connection.stalled:
            deaf[1].write(LIVE * 1_000)
            await asyncio.sleep(0)
        others = [await asyncio.open_connection("127.0.0.1", port) for _ in range(4)]

        assert [await ask(client) for client in others[2:]] == [b"HTTP/1.1 200 OK\r\n"] * 2
        assert len(service.connections) == 2
        deaf[1].transport.abort()
        await leave(*others)


async def test_whole_requests_are_never_given_up_for_a_new_connection() -> None:
    async with listening(LIMITS) as (service, port):
        model = models.load("m", Artifact(flight_model(), None, None), threads=1)
        model.loop_rows = 0
        service.take_model(model, Exposition(service.metrics, SETTINGS))
        run, going_on = model.run, threading.Event()
        model.run = lambda feeds: (going_on.wait(10), run(feeds))[1]  # type: ignore[method-assign]  # a slow model
        waiting = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        for client in waiting:
            client[1].write(POST + ROW)
        while service.bodies.held != 2 * len(ROW):  # noqa: ASYNC110 - nothing signals it
            await asyncio.sleep(0)
        new = await asyncio.open_connection("127.0.0.1", port)

        assert await new[0].readline() == b"HTTP/1.1 503 Service Unavailable\r\n"
        going_on.set()
        for client in waiting:
            assert await client[0].readline() == b"HTTP/1.1 200 OK\r\n"
        await leave(new, *waiting)


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
