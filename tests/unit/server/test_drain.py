"""A server that ends does not wait for clients that never do, on real sockets."""

from __future__ import annotations

import asyncio
import contextlib

from checkrail_server import model as models
from checkrail_server.artifact import Artifact
from checkrail_server.connection import Connection
from checkrail_server.exposition import Exposition
from checkrail_server.limits import Limits
from checkrail_server.server import drain
from checkrail_server.service import Service
from harness.raw_http import ROW
from harness.scoring_server import flight_model
from harness.wire import SETTINGS

LIMITS = Limits(drain_seconds=0, request_seconds=0.3, linger_seconds=0)
POST = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(ROW), ROW)


async def test_a_client_that_begins_a_request_with_the_end_of_each_is_cut_off() -> None:
    service = Service(SETTINGS, LIMITS)
    model = models.load("m", Artifact(flight_model(), None, None), threads=1)
    service.take_model(model, Exposition(service.metrics, SETTINGS))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(service), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    answers, draining = 0, None

    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        async with asyncio.timeout(10):
            writer.write(POST + POST[:1])
            while head := await reader.readline():
                assert head == b"HTTP/1.1 200 OK\r\n"
                await reader.readuntil(b"}]}")
                answers += 1
                draining = draining or asyncio.create_task(drain(service, server, asyncio.Event()))
                service.tick()
                writer.write(POST[1:] + POST[:1])

    assert draining
    assert answers > 1
    async with asyncio.timeout(10):
        await draining
        await service.empty.wait()
    writer.close()
