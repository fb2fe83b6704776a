"""Requests that share a run of the model, asked over the wire."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from checkrail_api.serving import ENV_MAX_BATCH_SIZE
from harness.one_matrix import sum_model
from harness.scoring_server import MODEL, artifact_files, serving, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.scoring_server import ScoringServer

LARGE = 3e38


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScoringServer]:
    """A server whose runs have four rows at most."""
    folder = tmp_path_factory.mktemp("server")
    variables = written(artifact_files(sum_model()), folder / "artifact")
    with serving({**variables, ENV_MAX_BATCH_SIZE: "4"}, folder) as running:
        yield running


def message(*rows: list[float], **members: Any) -> bytes:
    tensor = {"name": "matrix", "datatype": "FP32", "shape": [len(rows), 3], "data": list(rows)}
    if len(rows) == 1:
        tensor["data"] = rows[0]
    body = json.dumps({"inputs": [tensor], **members}).encode()
    head = b"POST /v2/models/%b/infer HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
    return head % (MODEL.encode(), len(body)) + body


def answers(server: ScoringServer, *messages: bytes) -> list[tuple[int, Any]]:
    """Send all ``messages`` in one write, and return the status and body of every answer."""
    connection = server.connect()
    connection.sendall(b"".join(messages))
    found: list[tuple[int, Any]] = []
    received = b""
    while len(found) < len(messages):
        part = connection.recv(65_536)
        assert part, received
        received += part
        while whole := re.match(rb"HTTP/1.1 (\d+) .*?length: (\d+)\r\n\r\n", received, re.DOTALL):
            end = whole.end() + int(whole[2])
            if len(received) < end:
                break
            found.append((int(whole[1]), json.loads(received[whole.end() : end])))
            received = received[end:]
    return found


def counted(server: ScoringServer) -> tuple[int, int]:
    """Return how many rows were inferred, in how many runs."""
    [stats] = server.http.get("/v2/models/stats").json()["model_stats"]
    return stats["inference_count"], stats["execution_count"]


def scores(answer: tuple[int, Any]) -> list[float]:
    status, body = answer
    assert status == 200, body
    [output] = body["outputs"]
    assert output["shape"] == [len(output["data"]), 1]
    return list(output["data"])


def test_requests_that_come_together_share_runs_of_few_rows(server: ScoringServer) -> None:
    before = counted(server)

    found = answers(server, *(message([number, 1, 0]) for number in range(10)))

    assert [scores(each) for each in found] == [[number + 1] for number in range(10)]
    rows, runs = (after - was for after, was in zip(counted(server), before, strict=True))
    assert (rows, runs) == (10, 3)


def test_a_row_that_cannot_be_answered_fails_its_own_request_alone(server: ScoringServer) -> None:
    good, other, bad = message([1, 2, 3]), message([1, 1, 1], [2, 2, 2]), message([LARGE] * 3)

    first, refused, last = answers(server, good, bad, other)

    assert scores(first) == [6]
    assert scores(last) == [3, 6]
    assert refused[0] == 500
    assert refused[1]["error"].startswith("the model's output 'score' is inf in row 0")


def test_each_request_of_a_run_gets_what_it_asked_for(server: ScoringServer) -> None:
    found = answers(
        server,
        message([1, 2, 3], id='a "%s"'),
        message([1, 2, 3], parameters={"tenant": 7}),
        message([1, 2, 3], outputs=[{"name": "score"}], id="c"),
        message([1, 2, 3], inputs=[]),
    )

    told = [
        (status, body.get("id"), body.get("parameters"), body.get("error"))
        for status, body in found
    ]
    assert told == [
        (200, 'a "%s"', None, None),
        (200, None, {"tenant": 7}, None),
        (200, "c", None, None),
        (422, None, None, "missing inputs: matrix"),
    ]
