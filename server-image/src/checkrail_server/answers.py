"""Answers as bytes on the wire."""

from __future__ import annotations

from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

import orjson

if TYPE_CHECKING:
    from checkrail_server.errors import RequestError

JSON = b"application/json"
OCTETS = b"application/octet-stream"
HTML = b"text/html; charset=utf-8"
PROMETHEUS = b"text/plain; version=0.0.4; charset=utf-8"

HEADS = 256
"""Heads that are kept; those of binary answers differ by the size of their JSON."""


class Answer(NamedTuple):
    """A status, a body and what the header says beside them."""

    status: int
    body: bytes
    content_type: bytes = JSON
    headers: bytes = b""
    """More header lines, each with its CRLF."""


def document(status: int, value: object) -> Answer:
    """Answer ``value`` as JSON."""
    return Answer(status, orjson.dumps(value))


def failure(error: RequestError) -> Answer:
    """Answer ``{"error": ...}``, as the Open Inference Protocol has it."""
    return Answer(error.status, orjson.dumps({"error": error.message}), headers=error.headers)


class Renderer:
    """Puts answers on the wire; heads are made once a second, for the sake of their date."""

    def __init__(self) -> None:
        """Start with the time that it is."""
        self._heads: dict[tuple[int, bytes, bytes, bool], bytes] = {}
        self._date = b""
        self.tick()

    def tick(self) -> None:
        """Look at the clock; called more than once a second."""
        date = formatdate(usegmt=True).encode()
        if date != self._date:
            self._date = date
            self._heads.clear()

    def render(self, answer: Answer, *, close: bool, head_only: bool = False) -> bytes:
        """Return the whole answer; ``close`` says that the connection ends with it."""
        status, body, content_type, headers = answer
        key = (status, content_type, headers, close)
        head = self._heads.get(key)
        if head is None:
            head = self._head(*key)
            if len(self._heads) < HEADS:
                self._heads[key] = head
        return b"%b%d\r\n\r\n%b" % (head, len(body), b"" if head_only else body)

    def _head(self, status: int, content_type: bytes, headers: bytes, close: bool) -> bytes:  # noqa: FBT001 - from a key
        return b"HTTP/1.1 %d %b\r\ndate: %b\r\ncontent-type: %b\r\n%b%bcontent-length: " % (
            status,
            HTTPStatus(status).phrase.encode(),
            self._date,
            content_type,
            headers,
            b"connection: close\r\n" if close else b"",
        )
