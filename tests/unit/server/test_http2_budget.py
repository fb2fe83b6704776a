"""How many frames a client may send for the calls that it makes."""

from __future__ import annotations

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from hyperframe.frame import GoAwayFrame

from attack.frame_grammar import FLOODS, GREETING
from checkrail_server import http2  # noqa: F401 - a preface is then taken up at once
from checkrail_server.connection import Connection
from checkrail_server.http2_budget import FRAMES, FrameBudget
from checkrail_server.limits import Limits
from checkrail_server.service import Service
from harness.grpc_client import SERVICE, framed
from harness.wire import SETTINGS, Wire

ENHANCE_YOUR_CALM, PROTOCOL_ERROR = ErrorCodes.ENHANCE_YOUR_CALM, ErrorCodes.PROTOCOL_ERROR


def taken(budget: FrameBudget, size: int = 0, now: float = 0.0) -> int:
    """Return how many frames of ``size`` are taken, of twice as many as a budget has."""
    return sum(budget.take(size, now) for _ in range(2 * int(FRAMES)))


def test_a_flood_ends() -> None:
    assert taken(FrameBudget(0.0)) == FRAMES


def test_time_gives_some_back_and_no_more_than_all() -> None:
    budget = FrameBudget(0.0)
    taken(budget)

    assert taken(budget, now=1.0) < 101
    assert taken(budget, now=1_000.0) == FRAMES


def test_answered_calls_pay_for_their_frames() -> None:
    budget = FrameBudget(0.0)
    for _ in range(5_000):
        assert all(budget.take(0, 0.0) for _ in range(8))
        budget.answered(0)


def test_a_large_answer_pays_for_the_windows_of_its_client() -> None:
    budget = FrameBudget(0.0)
    taken(budget)
    budget.answered(100 * 1_024)

    assert taken(budget) > 90


def test_full_frames_pay_for_themselves_and_frames_of_a_byte_hardly() -> None:
    assert taken(FrameBudget(0.0), size=16_384) == 2 * FRAMES
    assert taken(FrameBudget(0.0), size=1) < 1.01 * FRAMES


@pytest.mark.parametrize("kind", FLOODS)
async def test_a_flood_of_frames_is_told_to_be_calm(kind: str) -> None:
    service = Service(SETTINGS, Limits())
    wire = Wire(Connection(service))
    await wire.feed([GREETING + FLOODS[kind]])
    goaway, _ = GoAwayFrame.parse_frame_header(memoryview(wire.written[-17:-8]))
    goaway.parse_body(memoryview(wire.written[-8:]))
    await wire.end()

    expected = PROTOCOL_ERROR if kind == "CONTINUATION" else ENHANCE_YOUR_CALM
    assert isinstance(goaway, GoAwayFrame)
    assert (goaway.error_code, wire.closed) == (expected, True)
    assert (service.bodies.held, service.connections) == (0, set())


async def test_a_frame_that_says_it_is_too_large_is_not_waited_for() -> None:
    wire = Wire(Connection(Service(SETTINGS, Limits())))
    await wire.feed([GREETING + b"\x00\x40\x01" + b"\0\0\0\0\0\x01"])

    assert wire.closed


async def test_many_calls_on_one_connection_are_answered() -> None:
    path = f"{SERVICE}ServerLive"
    client = H2Connection(H2Configuration(client_side=True))
    client.initiate_connection()
    wire = Wire(Connection(Service(SETTINGS, Limits())))
    for stream in range(1, 4_001, 2):
        pseudo = {":method": "POST", ":scheme": "http", ":authority": "t", ":path": path}
        client.send_headers(stream, [*pseudo.items(), ("content-type", "application/grpc")])
        client.send_data(stream, framed(b""), end_stream=True)
        client.ping(bytes(8))
        await wire.feed([client.data_to_send()])
        client.receive_data(wire.written)
        wire.written = b""

    assert not wire.closed
