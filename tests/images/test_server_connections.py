"""The server's HTTP/1.1 on real sockets: framing, limits, deadlines, and the end of the process."""

from __future__ import annotations

import json
import random
import re
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from harness.scoring_server import (
    MODEL,
    READY_SECONDS,
    ScoringServer,
    flight_files,
    serving,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.images

ROW = json.dumps({"distance": 500, "dep_hour": 7, "carrier": "UA"}).encode()
LIVE = b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n"


def post(body: bytes, *headers: bytes, path: bytes = b"/predict") -> bytes:
    lines = [b"POST %b HTTP/1.1" % path, b"Host: x", b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join([*lines, b"", body])


def chunked(*chunks: bytes) -> bytes:
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)


def everything(connection: socket.socket) -> bytes:
    """Read until the server closes."""
    received = b""
    while part := connection.recv(65_536):
        received += part
    return received


def statuses(received: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]


def read_answer(connection: socket.socket) -> tuple[int, bytes]:
    """Read one answer of a connection that stays open."""
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


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScoringServer]:
    folder = tmp_path_factory.mktemp("server")
    with serving(written(flight_files(), folder / "artifact"), folder) as running:
        yield running


@pytest.mark.parametrize(
    ("sent", "want"),
    [
        pytest.param(b"GET /v2/health/live HTTP/1.0\r\n\r\n", [200], id="HTTP 1.0 ends"),
        pytest.param(
            b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            [200],
            id="close is done",
        ),
        pytest.param(
            b"GET http://x/v2/health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            [200],
            id="an absolute target",
        ),
        pytest.param(b"GET /v2/health/live HTTP/1.1\r\n\r\n", [400], id="no Host"),
        pytest.param(LIVE.replace(b"x\r\n", b"x\r\nHost: y\r\n"), [400], id="two Hosts"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", [400], id="TLS"),
        pytest.param(b"GARBAGE\r\n\r\n", [400], id="garbage"),
        pytest.param(b"BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n", [400], id="an unknown method"),
        pytest.param(b"PRI * HTTP/1.1\r\nHost: x\r\n\r\n", [400], id="no preface of HTTP 2"),
        pytest.param(LIVE.replace(b"1.1", b"9.9"), [400], id="an unknown version"),
        pytest.param(LIVE.replace(b"Host: x", b"Ho st: x"), [400], id="a space in a field name"),
        pytest.param(
            LIVE.replace(b"x\r\n", b"x\r\nA: " + b"a" * 20_000 + b"\r\n"), [431], id="a long field"
        ),
        pytest.param(
            LIVE.replace(b"x\r\n", b"x\r\n" + b"A: a\r\n" * 101), [431], id="many fields"
        ),
        pytest.param(
            LIVE[:-2] + b"A: " + b"a" * 300_000, [431], id="a field without an end"
        ),
        pytest.param(b"GET /" + b"a" * 300_000, [431], id="a target without an end"),
        pytest.param(
            post(ROW, b"Content-Length: 3"), [400], id="two lengths"
        ),
        pytest.param(
            post(ROW, b"Transfer-Encoding: chunked"), [400], id="a length and chunks (smuggling)"
        ),
        pytest.param(
            post(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: cow"), [400], id="a coding"
        ),
        pytest.param(post(b"").replace(b"0", b"-1"), [400], id="a negative length"),
        pytest.param(post(b"").replace(b": 0", b": " + b"9" * 30), [400], id="a huge length"),
        pytest.param(chunked()[:-2] + b"\r\nzz\r\n", [400], id="a chunk of no size"),
        pytest.param(post(b"a" * 1_048_577), [413], id="a large body"),
        pytest.param(chunked(*[b"a" * 65_536] * 17), [413], id="a large body in chunks"),
        pytest.param(
            chunked()+ b"1;" + b"a" * 9_000_000, [413], id="a chunk extension without an end"
        ),
        pytest.param(
            LIVE.replace(b"x\r\n", b"x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"),
            [200],
            id="an upgrade is not taken",
        ),
        pytest.param(LIVE * 3 + b"GARBAGE\r\n\r\n", [200, 200, 200, 400], id="garbage at the end"),
        pytest.param(
            b"\r\n\r\n" + LIVE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
            [200],
            id="empty lines before",
        ),
    ],
)  # fmt: skip
def test_framing(server: ScoringServer, sent: bytes, want: list[int]) -> None:
    """The server answers and closes; nothing that is refused can be followed by a request."""
    connection = server.connect()
    connection.sendall(sent)

    received = everything(connection)

    assert statuses(received) == want
    if want[-1] >= 400:
        assert b"connection: close" in received
        assert json.loads(received.rpartition(b"\r\n\r\n")[2]).keys() == {"error"}


def test_pipelined_requests_are_answered_in_their_order(server: ScoringServer) -> None:
    early = json.dumps({"distance": 100, "dep_hour": 0, "carrier": None}).encode()
    connection = server.connect()

    connection.sendall((post(ROW) + LIVE + post(early) + post(b"{")) * 50)
    connection.shutdown(socket.SHUT_WR)
    received = everything(connection)

    assert statuses(received) == [200, 200, 200, 400] * 50
    told = re.findall(rb'"label":\d|live|not JSON', received)
    assert told == [b'"label":1', b"live", b'"label":0', b"not JSON"] * 50


def test_a_client_that_has_sent_its_last_byte_still_gets_its_answer(server: ScoringServer) -> None:
    connection = server.connect()
    connection.sendall(post(ROW))
    connection.shutdown(socket.SHUT_WR)

    assert statuses(everything(connection)) == [200]


def test_a_client_that_leaves_in_the_middle_is_forgotten(server: ScoringServer) -> None:
    connection = server.connect()
    connection.sendall(post(ROW)[:-3])
    connection.shutdown(socket.SHUT_WR)

    assert everything(connection) == b""


def test_bytes_may_come_one_by_one(server: ScoringServer) -> None:
    connection = server.connect()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in chunked(*(ROW[i : i + 1] for i in range(len(ROW))), b""):
        connection.send(bytes([byte]))

    assert read_answer(connection)[0] == 200


def test_a_body_is_asked_for_when_the_client_expects_that(server: ScoringServer) -> None:
    connection = server.connect()
    head, body = post(ROW, b"Expect: 100-continue").split(b"\r\n\r\n")
    connection.sendall(head + b"\r\n\r\n")

    assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.sendall(body)
    assert read_answer(connection)[0] == 200


def test_slow_clients_are_cut_and_others_do_not_notice(server: ScoringServer) -> None:
    """Header: 5 s. Whole request: 10 s. Both are refused; a client that says nothing is closed."""
    begun = time.monotonic()
    silent, header, body = (server.connect() for _ in range(3))
    header.sendall(LIVE[:-2])
    body.sendall(post(ROW)[:-1])

    def drip() -> None:
        while time.monotonic() < begun + 20:
            time.sleep(0.2)
            try:
                header.sendall(b"A")
            except OSError:
                return

    dripping = threading.Thread(target=drip)
    dripping.start()

    ended = {}
    for name, connection in (("silent", silent), ("header", header), ("body", body)):
        received = everything(connection)
        ended[name] = (statuses(received), round(time.monotonic() - begun))
        assert server.http.get("/v2/health/live").elapsed.total_seconds() < 1
        connection.close()
    dripping.join()

    # a second for the lingering close, one for the machine
    assert (ended["silent"][0], ended["header"][0], ended["body"][0]) == ([], [408], [408])
    assert 5 <= ended["silent"][1] <= 7
    assert 5 <= ended["header"][1] <= 7
    assert 10 <= ended["body"][1] <= 12


def test_random_bytes_never_stop_the_server(server: ScoringServer) -> None:
    """Valid requests with bytes changed, cut and doubled: each gets an answer or a close."""
    chance = random.Random(20261123)
    seeds = [LIVE, post(ROW), chunked(ROW, b""), post(ROW, b"Expect: 100-continue")]
    for _ in range(300):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(data))
            match chance.randrange(3):
                case 0:
                    data[at] = chance.randrange(256)
                case 1:
                    del data[at : at + chance.randrange(1, 20)]
                case _:
                    data[at:at] = data[at : at + chance.randrange(1, 20)]
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            found = statuses(everything(connection))
        assert not [status for status in found if status >= 500], bytes(data)

    assert server.http.get("/v2/health/ready").status_code == 200
    assert not [event for event in server.events() if event["level"] == "ERROR"]


class Client(threading.Thread):
    """A client as a gateway is one: it keeps its connection, and opens another when told to.

    Once the server is not ready, it opens no more; a request it has sent must be answered.
    """

    def __init__(self, server: ScoringServer, unready: threading.Event) -> None:
        super().__init__()
        self.server = server
        self.unready = unready
        self.answered = 0
        self.lost: list[str] = []

    def run(self) -> None:
        while not self.unready.is_set():
            with self.server.connect() as connection:
                try:
                    while self.request(connection):
                        pass
                except (OSError, EOFError) as error:
                    self.lost.append(repr(error))

    def request(self, connection: socket.socket) -> bool:
        """Answer whether the connection stays open."""
        connection.sendall(post(ROW))
        received = b""
        while b"predictions" not in received or not received.endswith(b"}"):
            part = connection.recv(65_536)
            if not part:
                raise EOFError(received)
            received += part
        self.answered += 1
        return b"connection: close" not in received


def test_no_request_is_lost_when_the_server_ends_under_load(tmp_path: Path) -> None:
    with serving(written(flight_files(), tmp_path / "artifact"), tmp_path) as server:
        unready = threading.Event()
        clients = [Client(server, unready) for _ in range(8)]
        for client in clients:
            client.start()
        server.child.wait_until(lambda: all(c.answered > 20 for c in clients), READY_SECONDS)

        begun = time.monotonic()
        server.child.send(signal.SIGTERM)
        server.child.wait_until(lambda: not server.is_ready(), READY_SECONDS)
        live = server.http.get("/v2/health/live").status_code
        unready.set()
        for client in clients:
            client.join(READY_SECONDS)
        server.child.wait_until(lambda: not server.child.running, READY_SECONDS)

        assert live == 200
        assert [client.lost for client in clients] == [[]] * 8
        assert server.child.stop() == 0
        assert 5 <= time.monotonic() - begun < 8
        assert [event["message"] for event in server.events()] == [
            "listening", "verified", "ready", "draining", "ended",
        ]  # fmt: skip


def test_a_request_under_way_is_finished_and_idle_connections_are_closed(tmp_path: Path) -> None:
    with serving(written(flight_files(), tmp_path / "artifact"), tmp_path) as server:
        idle, busy = server.connect(), server.connect()
        idle.sendall(LIVE)
        read_answer(idle)
        busy.sendall(post(ROW, path=b"/v2/models/" + MODEL.encode() + b"/infer")[:-1])

        server.child.send(signal.SIGINT)
        end_of_idle = everything(idle)
        busy.sendall(b"}")
        received = everything(busy)

        code = server.child.wait(READY_SECONDS)
        assert (end_of_idle, statuses(received), code) == (b"", [400], 0)
        assert b"connection: close" in received
