"""Good traffic: what users send, meanwhile, to the attacked server and to one that nobody attacks.

The second one is the control: both are asked in turn by the same client, so what the machine and
the client cost is in both figures, and the difference is the attack.
"""

from __future__ import annotations

import json
import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from attack.body_grammar import INFER, tensors
from attack.senders import EXAMPLES, PATIENCE_SECONDS, keep_slowest
from harness.grpc_client import GrpcClient
from harness.grpc_requests import INFER as GRPC_INFER
from harness.grpc_requests import flight
from harness.raw_http import LIVE, ROW, post, read_answer

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event

BINARY_HEAD = json.dumps(
    {"inputs": tensors(1), "parameters": {"binary_data_output": True}}
).encode()
MANY = json.dumps({"inputs": tensors(64)}).encode()
REQUESTS = {
    "a row": post(ROW),
    "tensors": post(json.dumps({"inputs": tensors()}).encode(), path=INFER),
    "tensors, an answer of bytes": post(
        BINARY_HEAD, b"inference-header-content-length: %d" % len(BINARY_HEAD), path=INFER
    ),
    "64 rows": post(MANY, path=INFER),
    "metadata": LIVE.replace(b"/v2/health/live", b"/v2"),
}
PROBE = LIVE.replace(b"live", b"ready")
PAUSE_SECONDS = 0.002
WARM_REQUESTS = 500
"""After which what a server imports and keeps for good traffic is there."""


@dataclass
class Answered:
    """How one server served good traffic."""

    requests: int = 0
    seconds: list[float] = field(default_factory=list)
    slowest: list[tuple[float, float, str]] = field(default_factory=list)
    """As ``senders.Found`` has it."""
    failures: int = 0
    failed: list[str] = field(default_factory=list)

    def fail(self, what: str) -> None:
        """Count a request that was not answered as it must be."""
        self.failures += 1
        if len(self.failed) < EXAMPLES:
            self.failed.append(what)


class Client:
    """One client that keeps a connection of HTTP/1.1 and one of gRPC, and probes on new ones."""

    def __init__(self, port: int) -> None:
        """Ask each kind once: the answers are what is expected from then on."""
        self._port = port
        self._http = self._connected()
        self._grpc = self._connected_for_grpc()
        self._expected: dict[str, tuple[int, bytes]] = {}
        self.answered = Answered()

    def round(self) -> None:
        """Ask everything once."""
        for name, data in REQUESTS.items():
            begun = time.perf_counter()
            try:
                self._http.sendall(data)
                answer = read_answer(self._http)
            except (OSError, EOFError) as error:
                self.answered.fail(f"{name}: {error!r}")
                self._http = self._connected()
                continue
            self._note(name, answer, begun)
        begun = time.perf_counter()
        try:
            reply = self._grpc.call(GRPC_INFER, flight())
        except (OSError, EOFError, AssertionError) as error:
            self.answered.fail(f"gRPC: {error!r}")
            self._grpc = self._connected_for_grpc()
        else:
            self._grpc.replies.clear()
            status = 200 if reply.headers.get("grpc-status") == "0" else 500
            self._note("gRPC", (status, reply.content), begun)
        self._probe()

    def close(self) -> None:
        """Leave."""
        self._http.close()
        self._grpc.socket.close()

    def _probe(self) -> None:
        begun = time.perf_counter()
        try:
            with self._connected() as connection:
                connection.sendall(PROBE)
                answer = read_answer(connection)
        except (OSError, EOFError) as error:
            self.answered.fail(f"probe: {error!r}")
        else:
            self._note("probe", answer, begun)

    def _note(self, name: str, answer: tuple[int, bytes], begun: float) -> None:
        self.answered.requests += 1
        seconds = time.perf_counter() - begun
        self.answered.seconds.append(seconds)
        keep_slowest(self.answered.slowest, seconds, name)
        expected = self._expected.setdefault(name, answer)
        if answer != expected or answer[0] != 200:
            self.answered.fail(f"{name}: {answer!r}")

    def _connected_for_grpc(self) -> GrpcClient:
        client = GrpcClient(self._port)
        # a call is sent in two parts: the second would wait for the first one to be acknowledged
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client

    def _connected(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self._port), PATIENCE_SECONDS)


def good_traffic(
    attacked: int, control: int, warm: Event, stop: Event
) -> tuple[Answered, Answered]:
    """Ask both servers in turn until ``stop``; set ``warm`` when they have answered much."""
    clients = Client(attacked), Client(control)
    while not stop.is_set():
        for client in clients:
            client.round()
        if clients[0].answered.requests > WARM_REQUESTS:
            warm.set()
        stop.wait(PAUSE_SECONDS)
    for client in clients:
        client.close()
    return clients[0].answered, clients[1].answered
