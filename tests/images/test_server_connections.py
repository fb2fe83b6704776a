"""The server's HTTP/1.1 on real sockets: order, deadlines, and the end of the process."""

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

from attack.http_grammar import garbled
from harness.raw_http import LIVE, ROW, chunked, everything, post, read_answer, statuses
from harness.scoring_server import (
    MODEL,
    READY_SECONDS,
    ScoringServer,
    flight_files,
    serving,
    written,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.images


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
    for _ in range(300):
        data = garbled(chance).data
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            found = statuses(everything(connection))
        assert not [status for status in found if status >= 500], data

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
            "listening", "verified", "tried", "ready", "draining", "ended",
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
