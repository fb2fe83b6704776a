"""A model that has no answer to some rows, asked by several clients at once."""

from __future__ import annotations

import asyncio
import json
import re

from checkrail_server import model as models
from checkrail_server.artifact import Artifact
from checkrail_server.connection import Connection
from checkrail_server.exposition import Exposition
from checkrail_server.limits import Limits
from checkrail_server.service import Service
from harness.one_matrix import dropping_model
from harness.wire import SETTINGS, Wire


def post(value: float) -> bytes:
    tensor = {"name": "matrix", "datatype": "FP32", "shape": [1, 3], "data": [value, 0, 0]}
    body = json.dumps({"inputs": [tensor]}).encode()
    head = b"POST /v2/models/%b/infer HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
    return head % (SETTINGS.model.encode(), len(body)) + body


async def test_whoever_has_no_answer_is_told_so_and_all_others_get_their_own() -> None:
    service = Service(SETTINGS, Limits())
    model = models.load(SETTINGS.model, Artifact(dropping_model(7), None, None), threads=1)
    service.take_model(model, Exposition(service.metrics, SETTINGS))
    wires = {value: Wire(Connection(service)) for value in (1.0, 7.0, 2.0)}

    for value, wire in wires.items():
        await wire.feed([post(value)])
    async with asyncio.timeout(10):
        while service.bodies.held:  # noqa: ASYNC110 - nothing signals it
            await asyncio.sleep(0)

    answers = {
        value: (re.search(rb"HTTP/1.1 (\d+)", wire.written), wire.written.split(b"\r\n\r\n")[1])
        for value, wire in wires.items()
    }
    for value in (1.0, 2.0):
        assert json.loads(answers[value][1])["outputs"][0]["data"] == [value]
    status, body = answers[7.0]
    assert status
    assert status[1] == b"500"
    assert json.loads(body)["error"] == (
        "the model's output 'score' has 0 rows where its inputs have 1, and must have one for "
        "each: this version cannot answer what it was asked"
    )
    for wire in wires.values():
        await wire.end()
    assert service.bodies.held == 0
