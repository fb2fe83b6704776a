"""What a client of gRPC may keep the server waiting for, on real sockets with small limits."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest
from h2.settings import SettingCodes

from checkrail_server import model as models
from checkrail_server import open_inference_pb2 as pb
from checkrail_server.artifact import Artifact
from checkrail_server.exposition import Exposition
from checkrail_server.limits import Limits
from harness.grpc_client import SERVICE, GrpcClient, framed
from harness.grpc_requests import INFER, flight
from harness.listening import listening
from harness.scoring_server import MODEL, VERSION, flight_model
from harness.wire import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable

    from checkrail_server.service import Service

LIVE, LIVE_PATH = framed(pb.ServerLiveRequest()), f"{SERVICE}ServerLive"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADERS = b"\0\x40\0\x01\0\0\0\0\x01"
"""A frame of 16 KiB of a header on stream 1 that does not end with it."""
CONTINUATION = b"\0\x40\0\x09\0\0\0\0\x01"


async def ticking(service: Service, client: Callable[[], None]) -> None:
    """Run ``client`` in a thread while the server's clock ticks."""
    running = asyncio.create_task(asyncio.to_thread(client))
    while not running.done():
        service.tick()
        await asyncio.sleep(0.01)
    await running


async def test_a_call_that_does_not_arrive_is_told_so() -> None:
    async with listening(Limits(request_seconds=0.5)) as (service, port):

        def client() -> None:
            with GrpcClient(port) as connected:
                reply = connected.wait(connected.begin(INFER, b"\0", end=False))
                assert reply.refusal == ("4", "the call did not arrive in time")

        await ticking(service, client)
        await service.empty.wait()
        assert service.bodies.held == 0


async def test_who_says_nothing_after_the_preface_is_left() -> None:
    async with listening(Limits(header_seconds=0.1)) as (service, port):

        def client() -> None:
            with GrpcClient(port) as connected:
                connected.flush()
                while not connected.closed:
                    connected.receive()

        await ticking(service, client)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\xff" * 16_777_215, id="a frame of 16 MB"),
        pytest.param(HEADERS + bytes(16_384) + (CONTINUATION + bytes(16_384)) * 9,
                     id="a header without an end"),
    ],
)  # fmt: skip
async def test_what_never_becomes_whole_is_not_kept(data: bytes) -> None:
    async with listening(Limits()) as (service, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(PREFACE + b"\0\0\0\x04\0\0\0\0\0" + data)

        with contextlib.suppress(ConnectionResetError):
            while await reader.read(65_536):
                pass
        await service.empty.wait()
        writer.close()


async def test_bodies_of_calls_count_like_those_of_requests() -> None:
    async with listening(Limits(held_bytes=100)) as (_, port):

        def client() -> None:
            with GrpcClient(port) as connected:
                reply = connected.wait(connected.begin(INFER, bytes(101)))
                assert reply.refusal[0] == "14"
                assert connected.wait(connected.begin(LIVE_PATH, LIVE)).refusal == ("0", "")

        await asyncio.to_thread(client)


async def test_a_loading_server_is_not_ready_and_a_ready_one_infers() -> None:
    async with listening(Limits()) as (service, port):

        def client(status: str, *, ready: bool) -> None:
            with GrpcClient(port) as connected:
                asked = pb.ModelReadyRequest(name=MODEL, version=VERSION)
                told = connected.call(f"{SERVICE}ModelReady", asked)
                assert told.message(pb.ModelReadyResponse).ready == ready
                assert connected.call(INFER, flight()).refusal[0] == status

        await asyncio.to_thread(client, "14", ready=False)
        model = models.load(MODEL, Artifact(flight_model(), None, None), threads=1)
        service.take_model(model, Exposition(service.metrics, SETTINGS))
        await asyncio.to_thread(client, "0", ready=True)


async def test_an_ending_server_answers_and_asks_to_go_elsewhere() -> None:
    async with listening(Limits()) as (service, port):

        def client() -> None:
            with GrpcClient(port) as connected:
                assert connected.call(LIVE_PATH, pb.ServerLiveRequest()).refusal == ("0", "")
                connected.until(lambda: connected.left)

        service.draining = True
        await asyncio.to_thread(client)


async def test_answers_that_a_client_does_not_take_count_until_it_leaves() -> None:
    metadata = f"{SERVICE}ServerMetadata"
    async with listening(Limits(held_bytes=150)) as (service, port):

        def client() -> None:
            with GrpcClient(port) as connected:
                connected.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 0})
                asked = framed(pb.ServerMetadataRequest())
                streams = [connected.begin(metadata, asked) for _ in range(9)]
                connected.until(lambda: connected.replies[streams[-1]].ended)
                assert 0 < service.bodies.held <= 150
                ended = [connected.replies[stream].ended for stream in streams]
                assert ended == sorted(ended)
                assert not ended[0]

        await asyncio.to_thread(client)
        await service.empty.wait()
        assert service.bodies.held == 0
