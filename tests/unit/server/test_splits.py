"""The same bytes in any pieces get the same answers: the network cuts where it likes."""

from __future__ import annotations

import asyncio
import re
from random import Random
from typing import TYPE_CHECKING

import pytest
from h2 import events
from h2.config import H2Configuration
from h2.connection import H2Connection
from hypothesis import example, given, settings
from hypothesis import strategies as st

from attack import body_grammar, frame_grammar, http_grammar
from checkrail_server import http2  # noqa: F401 - a preface is then taken up at once
from checkrail_server import model as models
from checkrail_server.artifact import Artifact
from harness.grpc_client import SERVICE, Reply, framed
from harness.grpc_requests import CHECK, INFER, flight
from harness.raw_http import LIVE, ROW, chunked, post
from harness.scoring_server import MODEL, flight_model
from harness.wire import told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkrail_server.model import Model

GOOD = [LIVE, post(ROW), chunked(ROW[:9], ROW[9:], b""), LIVE.replace(b"GET", b"HEAD")]
MAKERS = [*http_grammar.MAKERS, *body_grammar.MAKERS]
STREAMS = st.lists(
    st.sampled_from(range(len(GOOD)))
    | st.tuples(st.sampled_from(range(len(MAKERS))), st.integers(0, 99)),
    min_size=1,
    max_size=4,
)
"""Numbers of good requests, or of makers and their seeds: messages are too long to be shown."""
PLACES = st.lists(st.integers(0, 100_000), max_size=8)
EVERYWHERE = range(1_000)
CALLS = st.lists(
    st.tuples(
        st.sampled_from([INFER, CHECK, f"{SERVICE}ServerLive", "/nothing", "/"]),
        st.sampled_from([framed(flight()), framed(flight(3)), framed(b""), b"", b"\0\0\0\0\1"])
        | st.binary(max_size=60),
        st.sampled_from(["application/grpc", "application/grpc+proto", "text/plain"]),
    ),
    min_size=1,
    max_size=5,
)


@pytest.fixture(scope="module")
def model() -> Model:
    return models.load(MODEL, Artifact(flight_model(), None, None), threads=1)


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    """Return ``data`` cut at ``places``, each taken as one within it."""
    ends = sorted({place % len(data) for place in places} | {len(data)})
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False) if start < end]


def undated(answers: bytes) -> bytes:
    return re.sub(rb"\r\ndate: [^\r]+", b"", answers)


def stream(numbers: list[int | tuple[int, int]]) -> bytes:
    return b"".join(
        GOOD[each] if isinstance(each, int) else MAKERS[each[0]](Random(each[1])).data
        for each in numbers
    )


@settings(deadline=None)  # two servers are made for each
@given(numbers=STREAMS, places=PLACES, turns=st.booleans())
@example(numbers=[0, 1, 2, 3], places=EVERYWHERE, turns=True)
def test_requests_in_any_pieces_get_the_same_answers(
    model: Model, numbers: list[int | tuple[int, int]], places: Sequence[int], *, turns: bool
) -> None:
    data = stream(numbers)
    whole = asyncio.run(told(model, [data]))
    in_pieces = asyncio.run(told(model, cut(data, places), turns=turns))

    assert undated(in_pieces) == undated(whole)


def calls(wanted: list[tuple[str, bytes, str]]) -> bytes:
    return frame_grammar.GREETING + b"".join(
        frame_grammar.call(content, frame_grammar.head(path, media_type), 2 * number + 1)
        for number, (path, content, media_type) in enumerate(wanted)
    )


def replies(wanted: list[tuple[str, bytes, str]], received: bytes) -> dict[int, Reply]:
    """Return what a client that has sent ``wanted`` makes of what it ``received``."""
    client = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
    client.initiate_connection()
    for number, (path, _, _) in enumerate(wanted):
        pseudo = {":method": "POST", ":scheme": "http", ":authority": "t", ":path": path}
        client.send_headers(2 * number + 1, [*pseudo.items()], end_stream=True)
    found: dict[int, Reply] = {}
    for event in client.receive_data(received):
        match event:
            case events.ResponseReceived() | events.TrailersReceived():
                reply = found.setdefault(event.stream_id or 0, Reply())
                reply.headers.update(event.headers or {})  # type: ignore[arg-type]
            case events.DataReceived(stream_id=int(stream)):
                found[stream].content += event.data or b""
            case events.StreamEnded(stream_id=int(stream)):
                found[stream].ended = True
            case events.StreamReset() | events.ConnectionTerminated():
                pytest.fail(repr(event))
    return found


@settings(deadline=None)  # two servers are made for each
@given(wanted=CALLS, places=PLACES, turns=st.booleans())
@example(wanted=[(INFER, framed(flight()), "application/grpc")], places=EVERYWHERE, turns=True)
def test_calls_in_any_pieces_get_the_same_replies(
    model: Model, wanted: list[tuple[str, bytes, str]], places: Sequence[int], *, turns: bool
) -> None:
    data = calls(wanted)
    whole = replies(wanted, asyncio.run(told(model, [data])))
    in_pieces = replies(wanted, asyncio.run(told(model, cut(data, places), turns=turns)))

    assert in_pieces == whole
    assert len(whole) == len(wanted)
    assert all(reply.ended for reply in whole.values())


@settings(deadline=None)  # two servers are made for each
@given(numbers=st.lists(st.integers(0, 10**6), min_size=1, max_size=3), places=PLACES)
def test_malformed_frames_in_any_pieces_are_refused(
    model: Model, numbers: list[int], places: Sequence[int]
) -> None:
    makers = frame_grammar.MAKERS
    messages = [makers[n % len(makers)](Random(n)).data for n in numbers]
    frames = [message.removeprefix(frame_grammar.GREETING) for message in messages]

    asyncio.run(told(model, cut(frame_grammar.GREETING + b"".join(frames), places), turns=True))
