"""Heads of requests that were read before, by their bytes.

    bytes that begin a request --> a head that is known --> its body --> answered
                               '-> any other --> httptools --> answered --> its head is known

Who keeps a connection sends the same head with every request, so what httptools and the routes
said of it the first time is true of every request that begins with the same bytes. Only heads are
kept of scoring requests whose body has a stated length and came with its head in one read; all
else takes the long way, and so does what begins anywhere but at the start of a request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from checkrail_server.exchange import Exchange, Route

END = b"\r\n\r\n"
MOST = 512
"""Heads that are kept. Those of one client differ by the length of the body; where each has an id
of its own, the long way is taken for all but the last few hundred."""
LARGEST = 2_048
"""Bytes of a head that is kept."""
LINE_ENDS = (b"\r", b"\n")
"""Bytes that may follow a request and belong to none; any other is part of one."""


class KnownHead(NamedTuple):
    """What is known of a request when its head is read."""

    route: Route
    target: bytes
    json_size: bytes
    request_id: bytes
    picked: bool
    body_size: int

    def begin(self, exchange: Exchange) -> None:
        """Have ``exchange`` as it was when a head of these bytes was complete."""
        exchange.route = self.route
        exchange.method = b"POST"
        exchange.target = self.target
        exchange.json_size = self.json_size
        exchange.request_id = self.request_id
        exchange.picked = self.picked
        exchange.has_host = exchange.header_complete = True


class KnownHeads(dict[bytes, KnownHead]):
    """The heads of one server."""

    def learn(self, data: bytes, exchange: Exchange) -> None:
        """Keep the head of ``exchange`` if it may be kept.

        Args:
            data: What began with the first byte of the request.
            exchange: The request, which was handled.
        """
        size, route = exchange.body_size, exchange.route
        if route is None or not route.scoring or size is None or exchange.last or exchange.expect:
            return
        end = data.find(END) + len(END)
        if end + size != len(data) or end > LARGEST:
            return
        if len(self) >= MOST:
            self.clear()
        self[data[:end]] = KnownHead(
            route, exchange.target, exchange.json_size, exchange.request_id, exchange.picked, size
        )
