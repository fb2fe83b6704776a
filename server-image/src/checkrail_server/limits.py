"""How much one client may ask of the server, and how long it may take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from checkrail_api.serving import DEFAULT_BODY_BYTES

FRAMING = 8
"""Bytes of a body for one that frames it: chunks of 64 bytes are small enough."""


@dataclass(frozen=True)
class Limits:
    """Every bound the server puts on its clients. Durations are seconds, sizes bytes."""

    header_seconds: float = 5.0
    """From a request's first byte, or a connection's start, to the end of its header."""
    request_seconds: float = 10.0
    """From a request's first byte to its answer."""
    idle_seconds: float = 620.0
    """A kept-alive connection without a request. Longer than the gateways' own (Traefik 90 s,
    Google's 600 s), so that it is the gateway that closes and no request meets a closed socket."""
    linger_seconds: float = 1.0
    """After a refusal: how long a client that still sends may read its answer."""
    drain_seconds: float = 5.0
    """After SIGTERM: how long new requests still come, because the gateway has not heard yet."""
    header_bytes: int = 16_384
    """All header fields of one request together."""
    header_fields: int = 100
    """Header fields of one request."""
    body_bytes: int = DEFAULT_BODY_BYTES
    """Body of one request; of gRPC, its message and the 5 bytes before it."""
    held_bytes: int = 67_108_864
    """Bodies of all requests that are not answered yet, so that pods of 512 Mi are not killed; four
    of the largest that a server may be told to take."""
    framing_bytes: int = 131_072
    """What frames the body of one request: sizes, extensions and ends of its chunks, 5 bytes of a
    chunk at least. Parsing takes time by the chunk, not by the byte. See ``for_bodies``."""
    rows: int = 8_192
    """Rows of one request."""
    connections: int = 2_048
    """Open connections; at the limit one makes room: the longest idle one, else the one that has
    been about an incomplete request for longest. There always is one, because no more than
    ``queued`` connections can have whole requests waiting."""
    pipelined: int = 64
    """Unanswered requests of one connection beyond which it is not read."""
    queued: int = 1_024
    """Inferences that wait, over all connections."""

    @classmethod
    def for_bodies(cls, body_bytes: int) -> Self:
        """Return the limits where a body may have ``body_bytes``: its chunks may be as many."""
        framing = max(cls.framing_bytes, body_bytes // FRAMING)
        return cls(body_bytes=body_bytes, framing_bytes=framing)
