"""What ``spec.server`` sets, on a real server: how large a body may be, and threads of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checkrail_api.serving import ENV_MAX_BODY_BYTES, ENV_THREADS
from checkrail_server import open_inference_pb2 as pb
from harness.grpc_client import GrpcClient, framed
from harness.grpc_requests import INFER, flight
from harness.raw_http import ROW, chunked, everything, post, read_answer, statuses
from harness.scoring_server import flight_files, serving, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.scoring_server import ScoringServer

pytestmark = pytest.mark.images
CHUNK = 64


@pytest.fixture(scope="module", params=[2_048, 16_777_216], ids=["2 KiB", "16 MiB"])
def limited(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ScoringServer, int]]:
    """A server, and how many bytes its bodies may have."""
    folder, limit = tmp_path_factory.mktemp("server"), request.param
    variables = written(flight_files(), folder / "artifact")
    with serving(variables | {ENV_MAX_BODY_BYTES: str(limit)}, folder) as server:
        yield server, limit


def row(size: int) -> bytes:
    """Return a row as JSON of so many bytes."""
    return ROW.ljust(size)


def in_chunks(body: bytes) -> bytes:
    return chunked(*[body[at : at + CHUNK] for at in range(0, len(body), CHUNK)], b"")


def call(size: int) -> bytes:
    """Return a call for one row of so many bytes, its prefix included."""
    padding = size - len(framed(flight(id="i" * (size // 2)))) + size // 2
    content = framed(flight(id="i" * padding))
    assert len(content) == size
    return content


def test_a_body_of_the_limit_is_scored(limited: tuple[ScoringServer, int]) -> None:
    server, limit = limited
    connection = server.connect()
    for message in (post(row(limit)), in_chunks(row(limit))):
        connection.sendall(message)
        status, body = read_answer(connection)
        assert (status, len(json.loads(body)["predictions"])) == (200, 1)


def test_a_larger_body_is_refused(limited: tuple[ScoringServer, int]) -> None:
    server, limit = limited
    for message in (post(row(limit + 1)), in_chunks(row(limit + 1))):
        connection = server.connect()
        connection.sendall(message)
        received = everything(connection)
        assert statuses(received) == [413]
        assert b"the body is larger than %d bytes" % limit in received


def test_a_call_of_the_limit_is_scored(limited: tuple[ScoringServer, int]) -> None:
    server, limit = limited
    with GrpcClient(server.port) as client:
        reply = client.wait(client.begin(INFER, call(limit)))
        assert len(reply.message(pb.ModelInferResponse).outputs) == 2


def test_a_larger_call_is_refused_and_the_next_is_not(limited: tuple[ScoringServer, int]) -> None:
    server, limit = limited
    with GrpcClient(server.port) as client:
        refused = client.wait(client.begin(INFER, call(limit + 1)))
        assert refused.refusal == ("8", f"the body is larger than {limit} bytes")
        assert client.call(INFER, flight()).refusal == ("0", "")


def test_the_document_says_the_limit(limited: tuple[ScoringServer, int]) -> None:
    server, limit = limited
    about = server.http.get("/openapi.json").json()["info"]["description"]
    assert f"a body of at most {limit:,} bytes" in about


def test_a_server_has_the_threads_that_it_is_told(tmp_path: Path) -> None:
    found = []
    for threads in ("1", "4"):
        folder = tmp_path / threads
        variables = written(flight_files(), folder / "artifact") | {ENV_THREADS: threads}
        with serving(variables, folder) as server:
            answer = server.http.post("/predict", content=ROW)
            assert answer.status_code == 200
            found.append(len(list(Path(f"/proc/{server.child.pid}/task").iterdir())))

    assert found[1] - found[0] == 3
