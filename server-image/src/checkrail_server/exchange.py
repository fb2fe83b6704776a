"""One request and its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from checkrail_server.connection import Connection


class Exchange:
    """A request while it is received, waits for its turn, and is answered."""

    __slots__ = (
        "body",
        "connection",
        "content_encoding",
        "content_type",
        "expect",
        "has_host",
        "header_bytes",
        "header_fields",
        "last",
        "method",
        "response",
        "started",
        "target",
    )

    def __init__(self, connection: Connection, started: float) -> None:
        """Begin at ``started``, a time of ``time.perf_counter``."""
        self.connection = connection
        self.started = started
        self.method = b""
        self.target = b""
        self.content_type = b""
        self.content_encoding = b""
        self.expect = b""
        self.has_host = False
        self.header_bytes = 0
        self.header_fields = 0
        self.body = b""
        self.response: bytes | None = None
        """The whole answer as sent; None until there is one."""
        self.last = False
        """Whether the connection ends with this answer."""

    def take_target(self, part: bytes) -> None:
        """Take a part of the target."""
        self.target += part
        self.header_bytes += len(part)

    def take_field(self, name: bytes, value: bytes) -> bool:
        """Take a header field; False if it is a second Host."""
        self.header_fields += 1
        self.header_bytes += len(name) + len(value)
        match name.lower():
            case b"host":
                second, self.has_host = self.has_host, True
                return not second
            case b"content-type":
                self.content_type = value
            case b"content-encoding":
                self.content_encoding = value
            case b"expect":
                self.expect = value
        return True

    @property
    def path(self) -> bytes:
        """The target without its query."""
        return self.target.partition(b"?")[0]

    @property
    def abandoned(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return self.response is not None or self.connection.lost
