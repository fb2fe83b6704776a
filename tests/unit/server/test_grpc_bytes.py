"""Bytes that no client of gRPC would send: a connection ends, and nothing stays held."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from hypothesis import given
from hypothesis import strategies as st

from checkrail_server import model as models
from checkrail_server.artifact import Artifact
from checkrail_server.exposition import Exposition
from checkrail_server.http2 import Http2Connection
from checkrail_server.limits import Limits
from checkrail_server.service import Service
from harness.grpc_client import SERVICE, framed
from harness.grpc_requests import INFER, flight
from harness.scoring_server import MODEL, flight_model
from harness.wire import SETTINGS

if TYPE_CHECKING:
    from checkrail_server.model import Model

PREFACE_BYTES = 24


@pytest.fixture(scope="module")
def model() -> Model:
    return models.load(MODEL, Artifact(flight_model(), None, None), threads=1)


class Nowhere(asyncio.Transport):
    """A transport to nobody."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Lose ``data``."""

    def close(self) -> None:
        """End."""
        self.closed = True

    abort = close


def session() -> bytes:
    """Calls as a client sends them: whole, in pieces, cancelled and without an end."""
    client = H2Connection(H2Configuration(client_side=True))
    client.initiate_connection()
    for path, end in ((INFER, True), (f"{SERVICE}ServerLive", True), ("/x", True), (INFER, False)):
        stream = client.get_next_available_stream_id()
        pseudo = {":method": "POST", ":scheme": "http", ":authority": "t", ":path": path}
        client.send_headers(stream, [*pseudo.items(), ("content-type", "application/grpc")])
        content = framed(flight())
        client.send_data(stream, content[:50])
        client.send_data(stream, content[50:], end_stream=end)
    client.reset_stream(stream)
    client.ping(bytes(8))
    return client.data_to_send()


SESSION = session()
PLACES = st.integers(PREFACE_BYTES, len(SESSION) - 1)


@given(
    changes=st.lists(st.tuples(PLACES, st.integers(0, 3), st.binary(max_size=4)), max_size=4),
    size=st.integers(1, 400),
)
def test_any_bytes_are_answered_or_end_the_connection(
    model: Model, changes: list[tuple[int, int, bytes]], size: int
) -> None:
    data = bytearray(SESSION)
    for place, removed, added in changes:
        data[place : place + removed] = added
    asyncio.run(receive(model, bytes(data), size))


async def receive(model: Model, data: bytes, size: int) -> None:
    """Give ``data`` to a server, ``size`` bytes at a time, and leave it."""
    service = Service(SETTINGS, Limits())
    service.take_model(model, Exposition(service.metrics, SETTINGS))
    bugs: list[BaseException] = []
    service.report_bug = bugs.append  # type: ignore[method-assign, assignment]  # it would log
    transport = Nowhere()
    connection = Http2Connection(service, transport)
    service.connections.add(connection)
    for start in range(0, len(data), size):
        if not transport.closed:
            connection.data_received(data[start : start + size])
    await asyncio.sleep(0)  # the queue runs
    connection.enforce_deadline(time.perf_counter() + 100)
    connection.connection_lost(None)
    await asyncio.sleep(0)

    assert bugs == []
    assert (service.bodies.held, service.connections) == (0, set())
