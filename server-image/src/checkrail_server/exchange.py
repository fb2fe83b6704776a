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

    @property
    def path(self) -> bytes:
        """The target without its query."""
        return self.target.partition(b"?")[0]

    @property
    def abandoned(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return self.response is not None or self.connection.lost
