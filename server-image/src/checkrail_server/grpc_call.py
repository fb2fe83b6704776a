"""A call of gRPC, and how its end is told."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import quote

from hpack import HeaderTuple, NeverIndexedHeaderTuple

from checkrail_server.answers import Answer
from checkrail_server.exchange import Exchange

if TYPE_CHECKING:
    from checkrail_server.errors import RequestError
    from checkrail_server.exchange import Peer
    from checkrail_server.grpc_methods import Respond
    from checkrail_server.service import Service

OK = 200
STATUSES = {
    400: "3",  # INVALID_ARGUMENT
    404: "5",  # NOT_FOUND
    408: "4",  # DEADLINE_EXCEEDED
    413: "8",  # RESOURCE_EXHAUSTED
    415: "12",  # UNIMPLEMENTED
    422: "3",
    431: "8",
    500: "13",  # INTERNAL
    501: "12",
    503: "14",  # UNAVAILABLE
}
"""Status codes of gRPC by those of HTTP."""
NO_CALL = 415
"""Of HTTP: the one status that clients of no gRPC are told as such."""
SUCCESS = [(":status", "200"), ("content-type", "application/grpc")]
"""Header of an answer."""
PRINTABLE = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")


class Call(Exchange):
    """A request of gRPC: an exchange that is a stream of its connection."""

    respond: Respond
    """Answers it when it is complete."""

    def __init__(self, connection: Peer, service: Service, stream: int) -> None:
        """Begin now."""
        super().__init__(connection, service.limits, service.bodies, time.perf_counter())
        self.stream = stream
        self.complete = False
        """Whether the whole message is here."""

    @staticmethod
    def failure(error: RequestError) -> Answer:
        """Return ``error`` as an answer whose body is its sentence."""
        return Answer(error.status, error.message.encode())


def refusal(answer: Answer) -> list[HeaderTuple | tuple[str, str]]:
    """Return the header of an answer that is nothing else."""
    status = NO_CALL if answer.status == NO_CALL else OK
    return [
        (":status", str(status)),
        *SUCCESS[1:],
        ("grpc-status", STATUSES[answer.status]),
        # each is another: indexed, they would fill a table whose size the client says
        NeverIndexedHeaderTuple("grpc-message", quote(answer.body.decode(), safe=PRINTABLE)),
    ]
