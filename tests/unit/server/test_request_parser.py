"""The connection on bytes that nobody would send: an answer below 500, or a close."""

from __future__ import annotations

import asyncio
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from checkrail_server import http2  # noqa: F401 - a preface is then taken up at once
from checkrail_server.connection import Connection
from checkrail_server.http2_start import PREFACE
from checkrail_server.limits import Limits
from checkrail_server.service import Service
from checkrail_server.settings import Settings
from harness.wire import Wire

SETTINGS = Settings(
    namespace="team-a",
    model="m",
    version="m-1",
    artifact_uri="file:///m",
    sha256="0" * 64,
    endpoint=None,
    region=None,
    addressing_style="path",
    threads=1,
    port=0,
)
SMALL = Limits(header_bytes=200, header_fields=5, body_bytes=100, pipelined=3)
TOKENS = [
    *("GET", "POST", "HEAD", "CONNECT", " ", "/", "/predict", "/v2", "*", "http://[", "?"),
    *(" HTTP/1.1\r\n", " HTTP/1.0\r\n", " HTTP/2.0\r\n", "\r\n", "\n", "\r", ":", "0", "5", "zz"),
    *("Host: x\r\n", "Content-Length: 5\r\n", "Content-Length: 999\r\n", "Content-Length: -5\r\n"),
    *("Transfer-Encoding: chunked\r\n", "Expect: 100-continue\r\n", "Connection: close\r\n"),
    *("Connection: Upgrade\r\nUpgrade: h2c\r\n", "5\r\nhello\r\n", "0\r\n\r\n", "{}", "\x00", "é"),
    "a" * 120,
]


def written(chunks: list[bytes]) -> bytes:
    async def feed() -> Wire:
        service = Service(SETTINGS, SMALL)
        wire = Wire(Connection(service))
        await wire.feed(chunks)
        await wire.end()
        assert not service.connections
        assert service.bodies.held == 0
        return wire

    return asyncio.run(feed()).written


def statuses_of(chunks: list[bytes]) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", written(chunks))]


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@settings(max_examples=300)
@given(st.lists(st.sampled_from(TOKENS), max_size=20), st.integers(1, 40))
def test_any_sequence_of_http_is_answered_or_closed(tokens: list[str], size: int) -> None:
    data = "".join(tokens).encode()
    chunks = [data[at : at + size] for at in range(0, len(data), size)]

    # the model is never loaded here: 503 is what its paths answer
    assert set(statuses_of(chunks)) <= {100, 200, 400, 404, 405, 413, 415, 417, 431, 503}


@settings(max_examples=200)
@given(st.lists(st.binary(max_size=300), max_size=5))
@example([PREFACE])
@example([PREFACE, b"\r\nSM\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"])
def test_any_bytes_are_answered_or_closed(chunks: list[bytes]) -> None:
    assert set(statuses_of(chunks)) <= {400, 431}


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(b"", id="at once"),
        pytest.param(
            b"POST /v2 HTTP/1.1\r\nHost: x\r\nContent-Length: 90\r\n\r\n" + b"a" * 90,
            id="behind a request",
        ),
    ],
)
def test_a_field_without_an_end_is_refused_in_the_read_that_brings_it(before: bytes) -> None:
    endless = b"GET /v2 HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 500

    assert statuses_of([before + endless])[-1] == 431


@given(st.integers(1, 60))
def test_a_request_may_be_cut_anywhere(size: int) -> None:
    data = (
        b"GET /v2 HTTP/1.1\r\nHost: x\r\n\r\n"
        b"POST /v2 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
        b"HEAD /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n"
    )

    assert statuses_of([data[at : at + size] for at in range(0, len(data), size)]) == [
        200, 405, 200,
    ]  # fmt: skip
