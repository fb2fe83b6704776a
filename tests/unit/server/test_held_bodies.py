"""How many bytes of bodies the server holds over all connections, and that it lets them go."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from checkrail_server import model as models
from checkrail_server.artifact import Artifact
from checkrail_server.body_budget import BodyBudget
from checkrail_server.connection import Connection
from checkrail_server.errors import RequestError
from checkrail_server.exchange import Exchange
from checkrail_server.exposition import Exposition
from checkrail_server.limits import Limits
from checkrail_server.service import Service
from harness.listening import listening
from harness.raw_http import ROW
from harness.scoring_server import flight_model
from harness.wire import SETTINGS

LIMITS = Limits(held_bytes=100, body_bytes=90)

Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def post(size: int, path: bytes = b"/v2") -> bytes:
    return b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (path, size)


async def holding(service: Service, size: int) -> None:
    """Wait until the server holds ``size`` bytes; the test's own timeout ends it."""
    while service.bodies.held != size:  # noqa: ASYNC110 - the server signals no such moment
        await asyncio.sleep(0)


async def left(*clients: Client, service: Service) -> None:
    for _, writer in clients:
        writer.transport.abort()
    await service.empty.wait()


async def test_a_body_beyond_the_budget_is_sent_away_and_the_others_are_taken() -> None:
    async with listening(LIMITS) as (service, port):
        first, second = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        first[1].write(post(60) + b"a" * 59)
        await holding(service, 59)
        second[1].write(post(60) + b"b" * 60)

        refused = await second[0].read()
        first[1].write(b"a")
        head = await first[0].readline()

        assert refused.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b"\r\nretry-after: 1\r\n" in refused
        assert b"\r\nconnection: close\r\n" in refused
        assert b"the bodies of unanswered requests take 100 bytes already" in refused
        assert head == b"HTTP/1.1 405 Method Not Allowed\r\n"
        assert service.bodies.held == 0
        await left(first, second, service=service)


@pytest.mark.parametrize(
    ("end", "limits", "held"),
    [
        pytest.param(b"a" * 10, LIMITS, 0, id="it is answered"),
        pytest.param(b"a" * 10 + post(5) + b"a" * 3, LIMITS, 3, id="half of another follows"),
        pytest.param(None, LIMITS, 0, id="the client ends its side"),
        pytest.param(b"", replace(LIMITS, request_seconds=0.0), 0, id="it takes too long"),
    ],
)
async def test_however_a_request_ends_its_body_is_let_go(
    end: bytes | None, limits: Limits, held: int
) -> None:
    async with listening(limits) as (service, port):
        client = await asyncio.open_connection("127.0.0.1", port)
        client[1].write(post(60) + b"a" * 50)
        await holding(service, 50)

        if end is None:
            client[1].write_eof()
        else:
            client[1].write(end)
        service.tick()
        await holding(service, held)
        await left(client, service=service)

        assert service.bodies.held == 0


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(b"zz\r\n", id="broken framing"),
        pytest.param(b"64\r\n" + b"a" * 100, id="a body too large"),
    ],
)
async def test_a_refused_body_is_let_go_before_its_connection_ends(end: bytes) -> None:
    async with listening(LIMITS) as (service, port):
        client = await asyncio.open_connection("127.0.0.1", port)
        client[1].write(b"POST /v2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        client[1].write(b"5\r\nhello\r\n")
        await holding(service, 5)

        client[1].write(end)
        await holding(service, 0)

        assert service.connections
        await left(client, service=service)


@pytest.mark.parametrize(
    "loop_rows", [pytest.param(1, id="in the loop"), pytest.param(0, id="in a thread")]
)
async def test_an_inferred_body_is_let_go(loop_rows: int) -> None:
    async with listening(LIMITS) as (service, port):
        model = models.load("m", Artifact(flight_model(), None, None), threads=1)
        model.loop_rows = loop_rows
        service.take_model(model, Exposition(service.metrics, SETTINGS))
        answering, leaving = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]

        answering[1].write(post(len(ROW), b"/predict") + ROW)
        assert await answering[0].readline() == b"HTTP/1.1 200 OK\r\n"
        leaving[1].write(post(len(ROW), b"/predict") + ROW)
        await left(answering, leaving, service=service)

        await holding(service, 0)


def test_an_inference_holds_its_bytes_after_its_client_has_left() -> None:
    budget = BodyBudget(100)
    exchange = Exchange(Connection(Service(SETTINGS, LIMITS)), LIMITS, budget, 0.0)
    exchange.take_body(b"a" * 60)
    exchange.begin_inference()

    exchange.release()
    held = budget.held
    exchange.end_inference()

    assert (held, budget.held) == (60, 0)


def test_a_body_in_many_parts_is_whole() -> None:
    exchange = Exchange(Connection(Service(SETTINGS, LIMITS)), LIMITS, BodyBudget(100), 0.0)
    for part in (b"a", b"bc", b"", b"d"):
        exchange.take_body(part)
    assert exchange.body == b"abcd"

    with pytest.raises(RequestError, match="larger than 90 bytes"):
        exchange.take_body(b"e" * 87)
