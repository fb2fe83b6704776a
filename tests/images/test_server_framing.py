"""HTTP/1.1 byte by byte: what the server answers, and whether it reads on.

Every row is followed by a request of ``LIVE`` on the same connection. What leaves in doubt where a
request ends is refused and closes the connection, so that no client and no gateway can be made
to see another request than the server does (RFC 9112, 11.2).
"""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import pytest

from harness.raw_http import LIVE, ROW, chunked, everything, get, post, statuses, with_fields

if TYPE_CHECKING:
    from harness.scoring_server import ScoringServer

pytestmark = pytest.mark.images

LENGTH = b"Content-Length: %d" % len(ROW)
CHUNKED = b"Transfer-Encoding: chunked"
SIZE = b"%x" % len(ROW)
IN_CHUNKS = SIZE + b"\r\n" + ROW + b"\r\n0\r\n\r\n"
OLD = b"GET /v2/health/live HTTP/1.0\r\n"
OPEN, CLOSED = True, False

REQUEST_LINES = [
    ("an empty line before", b"\r\n\r\n" + LIVE, 200, OPEN),
    ("a space before", b" " + LIVE, 400, CLOSED),
    ("a tab", LIVE.replace(b"GET ", b"GET\t"), 400, CLOSED),
    ("a line that ends in a space", LIVE.replace(b"1.1", b"1.1 "), 400, CLOSED),
    ("a space in the target", get(path=b"/a b"), 400, CLOSED),
    ("NUL in the target", get(path=b"/a\x00b"), 400, CLOSED),
    ("bytes beyond ASCII in the target", get(path=b"/\xff"), 400, CLOSED),
    ("a target without a slash", get(path=b"v2"), 400, CLOSED),
    ("an absolute target", get(path=b"http://x/v2/health/live"), 200, OPEN),
    ("an absolute target without a path", get(path=b"http://x"), 200, OPEN),
    ("a target without an end", b"GET /" + b"a" * 300_000, 431, CLOSED),
    ("no version", b"GET /v2/health/live\r\n\r\n", 400, CLOSED),
    ("version 0.9", LIVE.replace(b"1.1", b"0.9"), 400, CLOSED),
    ("version 2.0", LIVE.replace(b"1.1", b"2.0"), 400, CLOSED),
    ("an unknown version", LIVE.replace(b"1.1", b"9.9"), 400, CLOSED),
    ("a version in small letters", LIVE.replace(b"HTTP", b"http"), 400, CLOSED),
    ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, CLOSED),
    ("garbage", b"GARBAGE\r\n\r\n", 400, CLOSED),
]
METHODS = [
    ("HEAD", LIVE.replace(b"GET", b"HEAD"), 200, OPEN),
    ("HEAD of nothing", get(path=b"/nowhere").replace(b"GET", b"HEAD"), 404, OPEN),
    ("a method of others", get(path=b"/predict").replace(b"GET", b"PATCH"), 405, OPEN),
    ("OPTIONS", LIVE.replace(b"GET", b"OPTIONS"), 405, OPEN),
    ("OPTIONS of the server", get(path=b"*").replace(b"GET", b"OPTIONS"), 404, OPEN),
    ("TRACE", LIVE.replace(b"GET", b"TRACE"), 405, OPEN),
    ("CONNECT", get(path=b"x:80").replace(b"GET", b"CONNECT"), 404, CLOSED),
    ("an unknown method", LIVE.replace(b"GET", b"BREW"), 400, CLOSED),
    ("a method in small letters", LIVE.replace(b"GET", b"get"), 400, CLOSED),
    ("no preface of HTTP 2", b"PRI * HTTP/1.1\r\nHost: x\r\n\r\n", 400, CLOSED),
]
FIELDS = [
    ("no Host", LIVE.replace(b"Host: x\r\n", b""), 400, CLOSED),
    ("two Hosts", get(b"Host: y"), 400, CLOSED),
    ("a Host with a space", LIVE.replace(b": x", b": x y"), 400, CLOSED),
    ("a Host with a path", LIVE.replace(b": x", b": x/y"), 400, CLOSED),
    ("a Host of IPv6", LIVE.replace(b": x", b": [::1]:8080"), 200, OPEN),
    ("an empty Host", LIVE.replace(b": x", b":"), 200, OPEN),
    ("a space in a name", get(b"A b: c"), 400, CLOSED),
    ("a space before the colon", get(b"A : b"), 400, CLOSED),
    ("no colon", get(b"Abc"), 400, CLOSED),
    ("no name", get(b": b"), 400, CLOSED),
    ("no value", get(b"A:"), 200, OPEN),
    ("NUL in a name", get(b"A\x00B: c"), 400, CLOSED),
    ("NUL in a value", get(b"A: b\x00c"), 400, CLOSED),
    ("a control character in a value", get(b"A: b\x01c"), 400, CLOSED),
    ("bytes beyond ASCII in a value", get(b"A: \xff"), 200, OPEN),
    ("a folded value", get(b"A: b\r\n c"), 400, CLOSED),
    ("a folded first line", LIVE.replace(b"Host", b" Host"), 400, CLOSED),
    ("lines that end in LF", LIVE.replace(b"\r", b""), 400, CLOSED),
    ("one line that ends in LF", get(b"A: b\nB: c"), 400, CLOSED),
    ("one line that ends in CR", get(b"A: b\rB: c"), 400, CLOSED),
    ("a long field", get(b"A: " + b"a" * 20_000), 431, CLOSED),
    ("a field without an end", LIVE[:-2] + b"A: " + b"a" * 300_000, 431, CLOSED),
    ("many fields", get(*[b"A: a"] * 101), 431, CLOSED),
]
LENGTHS = [
    ("a body of a GET", get(b"Content-Length: 3") + b"abc", 200, OPEN),
    ("a request as the body of another", get(b"Content-Length: %d" % len(LIVE)) + LIVE, 200, OPEN),
    ("two lengths", post(ROW, b"Content-Length: 3"), 400, CLOSED),
    ("two lengths that agree", post(ROW, LENGTH), 400, CLOSED),
    ("a list of lengths", with_fields(LENGTH + b", 47", body=ROW), 400, CLOSED),
    ("no length", with_fields(b"Content-Length:", body=ROW), 400, CLOSED),
    ("a length with a sign", with_fields(b"Content-Length: +47", body=ROW), 400, CLOSED),
    ("a negative length", with_fields(b"Content-Length: -1", body=b""), 400, CLOSED),
    ("a length in hexadecimal", with_fields(b"Content-Length: 0x2f", body=ROW), 400, CLOSED),
    ("a space in a length", with_fields(b"Content-Length: 4 7", body=ROW), 400, CLOSED),
    ("a space before a length's colon", with_fields(b"Content-Length : 47", body=ROW), 400, CLOSED),
    ("a huge length", with_fields(b"Content-Length: " + b"9" * 30, body=ROW), 400, CLOSED),
    ("a large body", post(b"a" * 1_048_577), 413, CLOSED),
    ("the length of a large body", with_fields(b"Content-Length: 1048577", body=b""), 413, CLOSED),
]
CODINGS = [
    ("chunks", with_fields(CHUNKED, body=IN_CHUNKS), 200, OPEN),
    ("chunks in other letters", with_fields(CHUNKED.upper(), body=IN_CHUNKS), 200, OPEN),
    ("a length, then chunks", with_fields(LENGTH, CHUNKED, body=IN_CHUNKS), 400, CLOSED),
    ("chunks, then a length", with_fields(CHUNKED, LENGTH, body=IN_CHUNKS), 400, CLOSED),
    ("chunks twice", with_fields(CHUNKED, CHUNKED, body=IN_CHUNKS), 400, CLOSED),
    ("another coding before chunks", with_fields(b"Transfer-Encoding: gzip", CHUNKED,
     body=IN_CHUNKS), 400, CLOSED),
    ("chunks of HTTP 1.0", chunked(ROW, b"").replace(b"1.1", b"1.0"), 400, CLOSED),
    *[
        (f"the coding {coding!r}", with_fields(field, body=IN_CHUNKS), 400, CLOSED)
        for coding, field in {
            each: b"Transfer-Encoding:" + each
            for each in (
                b" cow",
                b" identity",
                b" gzip, chunked",
                b" chunked, identity",
                b" xchunked",
                b' "chunked"',
                b" \x0bchunked",
                b"\r\n chunked",
                b"\r\n\tchunked",
            )
        }.items()
    ],
    ("a space before a coding's colon", with_fields(CHUNKED.replace(b":", b" :"), body=IN_CHUNKS),
     400, CLOSED),
    ("another field with an underscore", post(ROW, b"Transfer_Encoding: chunked"), 200, OPEN),
]  # fmt: skip


def in_chunks(content: bytes) -> bytes:
    return with_fields(CHUNKED, body=content)


CHUNKS = [
    ("an extension", in_chunks(IN_CHUNKS.replace(b"\r", b";a=b\r", 1)), 200, OPEN),
    ("a quoted extension", in_chunks(IN_CHUNKS.replace(b"\r", b';a="b;c"\r', 1)), 200, OPEN),
    ("LF in an extension", in_chunks(IN_CHUNKS.replace(b"\r", b';a="\n"\r', 1)), 400, CLOSED),
    ("an extension that ends in LF", in_chunks(IN_CHUNKS.replace(b"\r", b";a", 1)), 400, CLOSED),
    ("an extension without an end", in_chunks(b"1;" + b"a" * 9_000_000), 413, CLOSED),
    ("a size that ends in LF", in_chunks(IN_CHUNKS.replace(b"\r", b"", 1)), 400, CLOSED),
    ("a space before a size", in_chunks(b" " + IN_CHUNKS), 400, CLOSED),
    ("a space after a size", in_chunks(IN_CHUNKS.replace(b"\r", b" \r", 1)), 400, CLOSED),
    ("a size with a sign", in_chunks(b"+" + IN_CHUNKS), 400, CLOSED),
    ("a size with 0x", in_chunks(b"0x" + IN_CHUNKS), 400, CLOSED),
    ("a size with zeros before it", in_chunks(b"000" + IN_CHUNKS), 200, OPEN),
    ("a size of over 64 bits", in_chunks(b"1" + b"0" * 16 + b"\r\n"), 400, CLOSED),
    ("a size that is none", in_chunks(b"zz\r\n"), 400, CLOSED),
    ("no size", in_chunks(b"\r\n"), 400, CLOSED),
    ("data beyond its size", in_chunks(b"3\r\n" + IN_CHUNKS), 400, CLOSED),
    ("a trailer", in_chunks(IN_CHUNKS[:-2] + b"A: b\r\n\r\n"), 200, OPEN),
    (
        "a length as a trailer",
        in_chunks(IN_CHUNKS[:-2] + b"Content-Length: 3\r\n\r\n"),
        400,
        CLOSED,
    ),
    ("a trailer without a colon", in_chunks(IN_CHUNKS[:-2] + b"Ab c\r\n\r\n"), 400, CLOSED),
    ("chunks of one byte", chunked(*[ROW[at : at + 1] for at in range(len(ROW))], b""), 200, OPEN),
    ("chunks of one byte for long", in_chunks(b"1\r\na\r\n" * 40_000), 413, CLOSED),
    ("1 MiB in chunks of 64 bytes", chunked(*[b"a" * 64] * 16_384, b""), 400, OPEN),
    ("a large body", chunked(*[b"a" * 65_536] * 17), 413, CLOSED),
]
ENDS = [
    ("HTTP 1.0", OLD + b"\r\n", 200, CLOSED),
    ("HTTP 1.0 that asks to be kept", OLD + b"Connection: keep-alive\r\n\r\n", 200, CLOSED),
    ("close", get(b"Connection: close"), 200, CLOSED),
    ("close among others", get(b"Connection: x, close"), 200, CLOSED),
    ("close after keep-alive", get(b"Connection: keep-alive", b"Connection: close"), 200, CLOSED),
    ("an upgrade, not taken", get(b"Connection: Upgrade", b"Upgrade: h2c"), 200, CLOSED),
    ("an unknown expectation", post(ROW, b"Expect: cake"), 417, CLOSED),
    ("an expectation of HTTP 1.0", post(ROW, b"Expect: cake").replace(b"1.1", b"1.0"), 200, CLOSED),
]
TABLE = {
    f"{group}: {name}": (sent, status, stays)
    for group, rows in (
        ("request line", REQUEST_LINES),
        ("method", METHODS),
        ("field", FIELDS),
        ("length", LENGTHS),
        ("coding", CODINGS),
        ("chunk", CHUNKS),
        ("end", ENDS),
    )
    for name, sent, status, stays in rows
}


@pytest.mark.parametrize("name", TABLE)
def test_framing(server: ScoringServer, name: str) -> None:
    sent, status, stays = TABLE[name]
    connection = server.connect()

    connection.sendall(sent + LIVE)
    if stays:
        connection.shutdown(socket.SHUT_WR)
    received = everything(connection)

    assert statuses(received) == [status, *([200] if stays else [])]
    assert stays != (b"connection: close" in received)
    if not stays and status >= 400:
        assert json.loads(received.rpartition(b"\r\n\r\n")[2]).keys() == {"error"}


def test_a_large_body_is_refused_before_it_is_sent(server: ScoringServer) -> None:
    connection = server.connect()
    connection.sendall(with_fields(b"Content-Length: 1048577", b"Expect: 100-continue", body=b""))

    assert statuses(everything(connection)) == [413]


def test_garbage_after_good_requests_takes_nothing_from_them(server: ScoringServer) -> None:
    connection = server.connect()
    connection.sendall(LIVE * 3 + b"GARBAGE\r\n\r\n")

    assert statuses(everything(connection)) == [200, 200, 200, 400]
