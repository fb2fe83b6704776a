"""The end of a run: answers go out before anything else is done with its rows."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import TYPE_CHECKING, Any

import pytest
import uvloop

from checkrail_server import model as models
from checkrail_server.artifact import Artifact
from checkrail_server.connection import Connection
from checkrail_server.exposition import Exposition
from checkrail_server.limits import Limits
from checkrail_server.service import Service
from harness import small_models
from harness.wire import SETTINGS, Wire

if TYPE_CHECKING:
    from collections.abc import Callable

VALUES = [0.25, 0.5, 0.75]


class Broken:
    """Stands for what takes the rows of a run: sees what is answered by then, and fails."""

    def __init__(self, seen: Callable[[], object]) -> None:
        self._seen = seen
        self.seen: list[object] = []
        self.log = self  # a recording's

    def __call__(self, *_: object) -> None:
        self.seen.append(self._seen())
        raise LookupError("broken")

    take = __call__
    tick = __call__


def post(value: float) -> bytes:
    tensor = {"name": "x", "datatype": "FP32", "shape": [1, 1], "data": [value]}
    body = json.dumps({"inputs": [tensor]}).encode()
    head = b"POST /v2/models/%b/infer HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
    return head % (SETTINGS.model.encode(), len(body)) + body


def score(written: bytes) -> float | None:
    """Return the score of an answer 200; None: there is none yet."""
    head, _, body = written.partition(b"\r\n\r\n")
    if not head:
        return None
    assert head.startswith(b"HTTP/1.1 200 "), written
    found: float = json.loads(body)["outputs"][0]["data"][0]
    return found


def served(bugs: list[BaseException]) -> Service:
    """Return a service with a model, which appends to ``bugs`` what it would log."""
    service = Service(SETTINGS, Limits())
    model = models.load(SETTINGS.model, Artifact(small_models.good(1), None, None), threads=1)
    service.take_model(model, Exposition(service.metrics, SETTINGS))
    service.report_bug = bugs.append  # type: ignore[method-assign, assignment]
    return service


@pytest.mark.parametrize("place", ["recording", "metrics.inferred", "metrics.all_scored", "shadow"])
async def test_what_comes_after_the_answers_sees_them_sent_and_fails_none(place: str) -> None:
    bugs: list[BaseException] = []
    service = served(bugs)
    wires = [Wire(Connection(service)) for _ in VALUES]
    broken: Any = Broken(lambda: [score(wire.written) for wire in wires])
    match place:
        case "recording":
            service.recording = broken
        case "metrics.inferred":
            service.metrics.inferred = broken  # type: ignore[method-assign]
        case "metrics.all_scored":
            service.metrics.all_scored = broken  # type: ignore[method-assign]
        case _:
            service.shadow.offer = broken  # type: ignore[method-assign]

    for wire, value in zip(wires, VALUES, strict=True):
        await wire.feed([post(value)])
    for wire in wires:
        await wire.end()

    assert broken.seen == [VALUES]
    assert [score(wire.written) for wire in wires] == VALUES
    assert [repr(bug) for bug in bugs] == ["LookupError('broken')"]
    assert (service.bodies.held, service.connections) == (0, set())


def test_an_answer_is_on_its_way_before_anything_comes_after_it() -> None:
    async def ask() -> float | None:
        service = served([])
        loop = asyncio.get_running_loop()
        after: asyncio.Future[float | None] = loop.create_future()
        client, accepted = socket.socketpair()
        with client:
            seen = Broken(
                lambda: after.set_result(score(client.recv(1 << 16, socket.MSG_DONTWAIT)))
            )
            service.shadow.offer = seen  # type: ignore[method-assign, assignment]
            transport, _ = await loop.connect_accepted_socket(lambda: Connection(service), accepted)
            client.sendall(post(VALUES[0]))
            found = await asyncio.wait_for(after, 30)
            transport.close()
        return found

    # the loop decides when it writes; this is the server's
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(ask()) == VALUES[0]
