"""One request, received within its limits, and its answer: what gives it, and who gets it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from checkrail_api.serving import PICK_HEADER
from checkrail_server.answers import failure
from checkrail_server.errors import RequestError, unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from checkrail_server.answers import Answer
    from checkrail_server.body_budget import BodyBudget
    from checkrail_server.limits import Limits

PICK_FIELD = PICK_HEADER.encode()
HTTP_2 = "2"
KEPT = {
    b"content-encoding": "content_encoding",
    b"content-length": "_length",
    b"content-type": "content_type",
    b"expect": "expect",
    b"transfer-encoding": "_coding",
    b"x-request-id": "request_id",
}
"""Fields that are kept as they came; of several of one name, the list that they are (RFC 9110,
5.3): the last coding says nothing of the ones before it."""
HOST = re.compile(rb"[\w.~!$&'()*+,;=%:\[\]-]*", re.ASCII)
"""What a host and a port may be made of (RFC 3986, 3.2.2); empty where the client knows none."""


class Exchange:
    """A request while it is received, waits for its turn, and is answered.

    The methods that take parts raise RequestError: 400, 413, 417 and 431, what is wrong with
    them; 503, the bodies of all requests take too much already. Whoever ends an exchange
    releases it.
    """

    # what most requests have; an attribute is set where one has something else
    _held = 0
    _inferring = False
    _header_bytes = 0
    _header_fields = 0
    _wire_bytes = 0
    _length = b""
    _coding = b""
    method = b""
    target = b""
    content_type = b""
    content_encoding = b""
    expect = b""
    request_id = b""
    """What the client, or a gateway, calls the request: the header field x-request-id."""
    json_size = b""
    """The header field inference-header-content-length: binary tensors follow the JSON."""
    has_host = False
    picked = False
    """Whether the client chose this version by a header: no gateway split sent it here."""
    header_complete = False
    body: bytes | bytearray = b""
    route: Route | None = None
    """What answers it; None until that is found."""
    response: bytes | None = None
    """The whole answer as sent; None until there is one."""
    last = False
    """Whether the connection ends with this answer."""
    abandoned = False
    """Whether nobody waits for the answer any more; also when there is one."""

    def __init__(
        self, connection: Peer, limits: Limits, budget: BodyBudget, started: float
    ) -> None:
        """Begin at ``started``, a time of ``time.perf_counter``."""
        self.connection = connection
        self._limits = limits
        self._budget = budget
        self.started = started

    failure = staticmethod(failure)
    """What tells the client of an error."""

    def take_wire(self, size: int) -> None:
        """Bound what a request takes on the wire, framing and unfinished fields included."""
        self._wire_bytes += size
        if not self.header_complete and self._wire_bytes > self._limits.header_bytes:
            raise self._header_too_large()
        if self._wire_bytes - len(self.body) > self._limits.framing_bytes:
            raise RequestError(413, "the body is in too many chunks; send larger ones")

    def take_target(self, part: bytes) -> None:
        """Take a part of the target."""
        self.target += part
        self._count_header(len(part))

    def take_field(self, name: bytes, value: bytes) -> None:
        """Take one header field; trailers are skipped."""
        if self.header_complete:
            return
        self._header_fields += 1
        self._count_header(len(name) + len(value))
        match name.lower():
            case b"host":
                if self.has_host:
                    raise RequestError(400, "two Host header fields")
                if not HOST.fullmatch(value):
                    raise RequestError(400, "Host is neither a name nor an address")
                self.has_host = True
            case field if kept := KEPT.get(field):
                before = getattr(self, kept)
                setattr(self, kept, before + b", " + value if before else value)
            case b"inference-header-content-length":
                if self.json_size:
                    raise RequestError(400, "two inference-header-content-length header fields")
                self.json_size = value
            case field if field == PICK_FIELD:
                self.picked = True

    def complete_header(self, method: bytes, version: str) -> None:
        """Decide whether the body is wanted."""
        self.header_complete = True
        self.method = method
        if version != HTTP_2:
            self._check_framing(version)
        if version != "1.1":
            self.expect = b""
        elif not self.has_host:
            raise RequestError(400, "a request needs a Host header field")
        elif self.expect.lower() not in (b"", b"100-continue"):
            raise RequestError(417, "the only expectation that is met is 100-continue")

    def _check_framing(self, version: str) -> None:
        """Refuse what the parser lets through: whose end may be elsewhere for others, or is far."""
        if version not in ("1.0", "1.1"):
            raise RequestError(400, f"not HTTP/1.1: the version is {version}")
        if self._coding and (version, self._coding.lower()) != ("1.1", b"chunked"):
            raise RequestError(400, "the only transfer coding is chunked, and of HTTP/1.1")
        if self._length and int(self._length) > self._limits.body_bytes:
            raise self._too_large()

    def take_body(self, part: bytes) -> None:
        """Take a part of the body."""
        if len(self.body) + len(part) > self._limits.body_bytes:
            raise self._too_large()
        if not self._budget.take(len(part)):
            raise unavailable(
                f"the bodies of unanswered requests take {self._budget.limit} bytes already; "
                "try again in a second"
            )
        self._held += len(part)
        if not self.body:
            self.body = part
            return
        if isinstance(self.body, bytes):
            # not a list of parts: of a byte each, they would take forty times their size
            self.body = bytearray(self.body)
        self.body += part

    @property
    def body_size(self) -> int | None:
        """Bytes of the body as the header states them; None: it does not."""
        return None if self._coding else int(self._length or 0)

    def begin_inference(self) -> None:
        """Let go of the body, but not of its bytes: what was read from it is about as large."""
        self._inferring = True
        self.body = b""

    def end_inference(self) -> None:
        """Give the bytes back, unless the answer is still to be sent."""
        self._inferring = False
        if self.abandoned:
            self.drop_body()

    def drop_body(self) -> None:
        """Give the body's bytes back; twice does no harm."""
        self._budget.give_back(self._held)
        self._held = 0
        self.body = b""

    def release(self) -> None:
        """End: answered, or nobody waits any more. What an inference uses is held to its end."""
        self.abandoned = True
        if not self._inferring:
            self.drop_body()

    def _too_large(self) -> RequestError:
        return RequestError(413, f"the body is larger than {self._limits.body_bytes} bytes")

    @property
    def path(self) -> bytes:
        """The target without its query."""
        return self.target.partition(b"?")[0]

    def _count_header(self, size: int) -> None:
        self._header_bytes += size
        if (
            self._header_bytes > self._limits.header_bytes
            or self._header_fields > self._limits.header_fields
        ):
            raise self._header_too_large()

    def _header_too_large(self) -> RequestError:
        return RequestError(
            431,
            f"the header has more than {self._limits.header_bytes} bytes "
            f"or {self._limits.header_fields} fields",
        )


@dataclass(frozen=True)
class Route:
    """What one path answers."""

    methods: tuple[bytes, ...]
    respond: Callable[[Exchange], Answer | None]
    """Answers now, or None when the answer comes later."""
    model: bool = False
    """Whether its answers carry the model's headers."""
    binary: bool = False
    """Whether it takes binary tensors beside JSON."""
    scoring: bool = False
    """Whether its answers are counted as scoring requests."""


class Peer(Protocol):
    """A connection, whatever it speaks."""

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""

    @property
    def stalled(self) -> bool:
        """Whether the client does not read its answers."""

    @property
    def eviction_order(self) -> tuple[int, float] | None:
        """Who makes room for a new connection: the smallest does. None: a whole request waits."""

    def answer(self, exchange: Exchange, answer: Answer) -> None:
        """Send ``answer``."""

    def evict(self) -> None:
        """Close at once."""

    def close(self) -> None:
        """Close once what was written is sent."""

    def enforce_deadline(self, now: float) -> None:
        """End what takes longer than it may."""
