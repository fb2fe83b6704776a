"""Many requests in one read: none is lost, and they do not take the loop for long."""

from __future__ import annotations

import asyncio

from checkrail_server.connection import Connection
from checkrail_server.limits import Limits
from checkrail_server.service import Service
from checkrail_server.turns import BUFFER_BYTES
from harness.wire import SETTINGS, Wire

LIVE = b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\n"
MANY = BUFFER_BYTES // len(LIVE)


def read(wire: Wire, data: bytes) -> None:
    """Hand on ``data`` as one read."""
    wire.protocol.get_buffer(-1)[: len(data)] = data
    wire.protocol.buffer_updated(len(data))


def unread(service: Service) -> tuple[Connection, Wire]:
    """Return a connection whose client has sent many requests and reads no answer."""
    connection = Connection(service)
    wire = Wire(connection)
    connection.pause_writing()
    read(wire, LIVE * MANY)
    return connection, wire


async def answered(wire: Wire, answers: int) -> int:
    """Wait for so many answers, and return how many turns of the loop they took."""
    turns = 0
    async with asyncio.timeout(10):
        while wire.written.count(OK) < answers:
            await asyncio.sleep(0)
            turns += 1
    return turns


async def test_another_client_is_answered_between_the_requests_of_one_read() -> None:
    service = Service(SETTINGS, Limits())
    many, one = Wire(Connection(service)), Wire(Connection(service))

    read(many, LIVE * MANY)
    before = many.written.count(OK)
    read(one, LIVE)

    assert one.written.count(OK) == 1
    assert 1 <= before < MANY
    assert await answered(many, MANY) > 1
    for wire in (many, one):
        await wire.end()
    assert many.written.count(OK) == MANY
    assert service.bodies.held == 0


async def test_who_does_not_read_is_not_answered_further_until_he_does() -> None:
    service = Service(SETTINGS, Limits())
    connection, wire = unread(service)

    for _ in range(3):
        await asyncio.sleep(0)
    few = wire.written.count(OK)
    connection.resume_writing()
    await answered(wire, MANY)
    await wire.end()

    assert few < 20
    assert wire.written.count(OK) == MANY
    assert service.bodies.held == 0


async def test_what_is_not_parsed_goes_with_its_connection() -> None:
    service = Service(SETTINGS, Limits())
    connection, _ = unread(service)
    held = service.bodies.held

    connection.connection_lost(None)
    await asyncio.sleep(0)

    assert held > len(LIVE) * MANY * 0.9
    assert service.bodies.held == 0


async def test_what_nobody_has_room_for_is_refused() -> None:
    connection, wire = unread(Service(SETTINGS, Limits(held_bytes=1_000)))

    assert wire.written.count(b"HTTP/1.1 503 ") == 1
    assert wire.closed
    connection.connection_lost(None)
