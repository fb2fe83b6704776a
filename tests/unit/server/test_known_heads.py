"""A request is taken alike whether its head is known or not."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkrail_server import model as models
from checkrail_server.artifact import Artifact
from checkrail_server.connection import Connection
from checkrail_server.exposition import Exposition
from checkrail_server.known_heads import LARGEST, MOST
from checkrail_server.limits import Limits
from checkrail_server.service import Service
from harness.one_matrix import sum_model
from harness.wire import SETTINGS, Wire

if TYPE_CHECKING:
    from collections.abc import Sequence

MODEL = models.load(SETTINGS.model, Artifact(sum_model(), None, None), threads=1)


def post(value: float = 1, *fields: str, path: str = "infer") -> bytes:
    tensor = {"name": "matrix", "datatype": "FP32", "shape": [1, 3], "data": [value, 1, 1]}
    body = json.dumps({"inputs": [tensor]}).encode()
    lines = [
        f"POST /v2/models/{SETTINGS.model}/{path} HTTP/1.1",
        "Host: x",
        *fields,
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


GET = b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = (
    b"POST /v2/models/%b/infer HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\n{}\r\n0\r\n\r\n" % SETTINGS.model.encode()
)
REQUESTS = [
    post(),
    post(2),
    post(12),
    post(1, "X-Request-Id: 7"),
    post(1, "x-checkrail-version: v"),
    post(1, "Expect: 100-continue"),
    post(1, "Content-Type: text/plain"),
    post(1, path="nowhere"),
    GET,
    CHUNKED,
    b"\r\n",
    b"\r",
    b"PO",
]


async def told(reads: Sequence[bytes], *, forget: bool) -> tuple[bytes, bool, dict[bytes, Any]]:
    """Return what ``reads`` are answered, whether the connection was ended, and the known heads."""
    service = Service(SETTINGS, Limits())
    service.take_model(MODEL, Exposition(service.metrics, SETTINGS))
    connection = Connection(service)
    wire = Wire(connection)
    for read in reads:
        if wire.closed:
            break
        if forget:
            service.known_heads.clear()
        wire.protocol.data_received(read)
        await asyncio.sleep(0)  # the turn in which the model runs
    closed, heads = wire.closed, dict(service.known_heads)
    wire.protocol.connection_lost(None)
    assert service.bodies.held == 0
    undated = re.sub(rb"date: .*?\r\n", b"", wire.written)
    return undated, closed, heads


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=3).map(b"".join)))
def test_any_reads_are_answered_as_if_no_head_were_known(reads: list[bytes]) -> None:
    written, closed, _ = asyncio.run(told(reads, forget=False))
    want, want_closed, _ = asyncio.run(told(reads, forget=True))

    assert (written, closed) == (want, want_closed)


async def test_only_the_head_of_a_whole_scoring_request_is_kept() -> None:
    whole = post()
    head = whole[: whole.index(b"\r\n\r\n") + 4]

    _, _, heads = await told([*REQUESTS[:1], GET, CHUNKED, head, whole[len(head) :]], forget=False)

    assert list(heads) == [head]


@pytest.mark.parametrize(
    ("reads", "kept"),
    [
        pytest.param([post(1, f"x-n: {n}") for n in range(MOST)], MOST, id="so many"),
        pytest.param([post(1, f"x-n: {n}") for n in range(MOST + 1)], 1, id="one more: anew"),
        pytest.param([post(1, "x-n: " + "a" * LARGEST)], 0, id="none that is large"),
    ],
)
async def test_few_heads_are_kept(reads: list[bytes], kept: int) -> None:
    _, _, heads = await told(reads, forget=False)

    assert len(heads) == kept


async def test_a_head_that_is_cut_is_not_taken_for_another_request() -> None:
    whole = post()

    written, _, _ = await told([whole, whole[:20], whole[20:], whole], forget=False)

    assert written.count(b"HTTP/1.1 200 OK") == 3
