"""Wrong requests of the binary tensor extension: each is told what is wrong with it."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

import pytest

from harness.binary_requests import BINARY, SIZE, binary, post
from harness.json_requests import INFER

if TYPE_CHECKING:
    from harness.scoring_server import ScoringServer

pytestmark = pytest.mark.images

UA = struct.pack("<I", 2) + b"UA"
ROW = [
    binary("distance", "FP32", [1, 1], 4),
    binary("dep_hour", "FP32", [1, 1], 4),
    binary("carrier", "BYTES", [1, 1], 6),
]
CONTENT = struct.pack("<ff", 500, 7) + UA
NUMBERS = CONTENT[:8]


def row(*changes: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """One row, with the inputs in ``changes`` instead of ours."""
    changed = {change["name"]: change for change in changes}
    return {"inputs": [changed.get(item["name"], item) for item in ROW], **fields}


def distance(size: object, **more: Any) -> dict[str, Any]:
    return binary("distance", "FP32", [1, 1], size, **more)


def outputs(**parameters: Any) -> list[dict[str, Any]]:
    return [{"name": "label", "parameters": parameters}]


def test_a_score_that_is_no_number_is_no_answer_in_bytes_either(server: ScoringServer) -> None:
    content = struct.pack("<ff", 500, float("nan"))

    answer = post(server, {"inputs": ROW, "parameters": BINARY}, content + UA)

    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/json")


@pytest.mark.parametrize(
    ("document", "content", "status", "message"),
    [
        pytest.param(row(), CONTENT[:-1], 400, "size is 6, 5 bytes are left", id="cut"),
        pytest.param(row(), CONTENT + b"x", 400, "1 bytes at the end", id="a byte too many"),
        pytest.param(row(), b"", 400, "size is 4, 0 bytes are left", id="no bytes"),
        pytest.param(row(distance(-4)), CONTENT, 400, "whole number", id="a negative size"),
        pytest.param(row(distance("4")), CONTENT, 400, "whole number", id="a size in quotes"),
        pytest.param(row(distance(4.0)), CONTENT, 400, "whole number", id="a size of 4.0"),
        pytest.param(row(distance(size=True)), CONTENT, 400, "whole number", id="a size of true"),
        pytest.param(row(distance(2**70)), CONTENT, 400, "binary_data_size", id="a huge size"),
        pytest.param(row(distance(4, data=[1])), CONTENT, 400, "one of them", id="data too"),
        pytest.param(
            row(distance(8)), b"1234" + CONTENT, 422, "8 bytes of", id="not the shape's size"
        ),
        pytest.param(
            row(binary("distance", "FP16", [1, 1], 4)), CONTENT, 400, "'FP16'", id="a datatype"
        ),
        pytest.param(
            row(binary("distance", "FP32", [1], 4)), CONTENT, 422, "the shape [1]", id="a rank"
        ),
        pytest.param(
            row(binary("carrier", "BYTES", [1, 1], 5)),
            NUMBERS + UA[:5],
            400,
            "ends within element 0",
            id="half a text",
        ),
        pytest.param(row(), NUMBERS + b"\x02\0\0\0\xff\xff", 422, "not UTF-8", id="not UTF-8"),
        pytest.param(
            row(), struct.pack("<f", float("inf")) + CONTENT[4:], 422, "infinity", id="infinity"
        ),
        pytest.param(
            row(parameters={"binary_data_output": 1}), CONTENT, 400, "true or false", id="no flag"
        ),
        pytest.param(
            row(outputs=outputs(binary_data="yes")), CONTENT, 400, "true or false", id="a word"
        ),
        pytest.param(
            row(outputs=[{"name": "label", "parameters": 7}]), CONTENT, 400, "an object", id="7"
        ),
        pytest.param(
            row(outputs=[{"name": "label"}] * 2), CONTENT, 400, "asked for twice", id="twice"
        ),
        pytest.param(
            row(outputs=outputs(classification=2)), CONTENT, 400, "not answered", id="top classes"
        ),
        pytest.param({"inputs": []}, b"", 422, "missing inputs", id="no inputs"),
        pytest.param([], CONTENT, 400, "must be a JSON object", id="a list"),
        pytest.param(
            row(binary("carrier", "BYTES", [8193, 1], 6)), CONTENT, 422, "8193 rows", id="rows"
        ),
    ],
)
def test_wrong_bytes_are_told_what_is_wrong(
    server: ScoringServer, document: object, content: bytes, status: int, message: str
) -> None:
    answer = post(server, document, content)

    assert (answer.status_code, list(answer.json())) == (status, ["error"])
    assert message in answer.json()["error"]


@pytest.mark.parametrize(
    ("size", "message"),
    [
        pytest.param("-1", "'-1'; it must be the size", id="negative"),
        pytest.param("1e2", "'1e2'; it must be the size", id="no whole number"),
        pytest.param("100000", "up to", id="larger than the body"),
        pytest.param("9" * 5000, "it must be the size", id="5,000 digits"),
        pytest.param("0", "the body is not JSON", id="no JSON"),
        pytest.param("40", "the body is not JSON", id="within the JSON"),
    ],
)
def test_a_wrong_size_of_the_json_is_told(server: ScoringServer, size: str, message: str) -> None:
    answer = post(server, row(), CONTENT, **{SIZE: size})

    assert (answer.status_code, message in answer.json()["error"]) == (400, True)


def test_the_size_of_the_json_is_said_once(server: ScoringServer) -> None:
    text = json.dumps(row()).encode()
    fields = [(SIZE, str(len(text)))] * 2

    answer = server.http.post(INFER, content=text + CONTENT, headers=fields)

    assert answer.status_code == 400
    assert answer.json() == {"error": f"two {SIZE} header fields"}


def test_a_size_of_a_tensor_needs_the_size_of_the_json(server: ScoringServer) -> None:
    answer = server.http.post(INFER, json=row())

    assert (answer.status_code, f"no header {SIZE}" in answer.json()["error"]) == (400, True)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        pytest.param(INFER, f"needs the header {SIZE}", id="of an inference"),
        pytest.param("/predict", "send JSON", id="of rows"),
    ],
)
def test_octets_without_that_size_are_no_media_type(
    server: ScoringServer, path: str, message: str
) -> None:
    answer = server.http.post(path, headers={"content-type": "application/octet-stream"})

    assert (answer.status_code, message in answer.json()["error"]) == (415, True)


def test_bytes_count_as_the_body_that_they_are_in(server: ScoringServer) -> None:
    answer = post(server, row(), bytes(2**20))

    assert answer.status_code == 413
    assert answer.json() == {"error": "the body is larger than 1048576 bytes"}
