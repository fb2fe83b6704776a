"""HTTP/1.1 as bytes on a socket, right and wrong."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from harness import scoring_server

if TYPE_CHECKING:
    import socket

ROW = json.dumps(scoring_server.ROW).encode()


def get(*headers: bytes, path: bytes = b"/v2/health/live") -> bytes:
    """Return a request that reads ``path``."""
    return b"\r\n".join([b"GET %b HTTP/1.1" % path, b"Host: x", *headers, b"", b""])


LIVE = get()


def post(body: bytes, *headers: bytes, path: bytes = b"/predict") -> bytes:
    """Return a request with ``body`` and its length."""
    return with_fields(b"Content-Length: %d" % len(body), *headers, body=body, path=path)


def with_fields(*headers: bytes, body: bytes, path: bytes = b"/predict") -> bytes:
    """Return a request with ``body`` that has the framing of ``headers`` alone."""
    return b"\r\n".join([b"POST %b HTTP/1.1" % path, b"Host: x", *headers, b"", body])


def chunked(*chunks: bytes) -> bytes:
    """Return a request with a body in ``chunks``, of which an empty one is the last."""
    head = with_fields(b"Transfer-Encoding: chunked", body=b"")
    return head + b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)


def everything(connection: socket.socket) -> bytes:
    """Read until the server closes."""
    received = b""
    while part := connection.recv(65_536):
        received += part
    return received


def statuses(received: bytes) -> list[int]:
    """Return the status of every answer in ``received``."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]


def read_answer(connection: socket.socket) -> tuple[int, bytes]:
    """Read one answer of a connection that stays open: its status and its body."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65_536)
        if not part:
            raise EOFError(received)
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(re.search(rb"content-length: (\d+)", head)[1])  # type: ignore[index]  # always there
    while len(body) < length:
        body += connection.recv(65_536)
    return statuses(head)[0], body
