"""What a server tells who asks for something wrong, over HTTP and in JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.json_requests import INFER, flight, tensor
from harness.scoring_server import MODEL, ROW, VERSION, ScoringServer

pytestmark = pytest.mark.images


def nested(depth: int) -> list[Any]:
    """A list in a list in a list."""
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


BAD_INFERS = [
    pytest.param(b"{", 400, "the body is not JSON", id="no JSON"),
    pytest.param(b"[]", 400, "must be a JSON object", id="a list"),
    pytest.param(b'{"inputs": [NaN]}', 400, "the body is not JSON", id="NaN is not JSON"),
    pytest.param(b'{"inputs": [1e999]}', 400, "infinity", id="no infinity by overflow"),
    pytest.param(b"[" * 100_000, 400, "depth limit", id="very deep"),
    pytest.param({}, 400, "inputs must be a list of objects", id="no inputs"),
    pytest.param({"inputs": [7]}, 400, "inputs must be a list of objects", id="inputs of numbers"),
    pytest.param({"inputs": [{}]}, 400, "needs a name", id="a tensor without a name"),
    pytest.param({"inputs": []}, 422, "missing inputs: distance, dep_hour, carrier", id="missing"),
    pytest.param(flight(id=7), 400, "id must be a string", id="a number as id"),
    pytest.param(flight(parameters=[]), 400, "parameters must be an object", id="parameters"),
    pytest.param(
        flight(parameters={"a": nested(260)}),
        400,
        "parameter 'a' must be a string, a number or a boolean",
        id="a parameter deeper than JSON is written",
    ),
    pytest.param(
        flight(parameters={"a" * 100: None}), 400, f"parameter '{'a' * 64}' must", id="null"
    ),
    pytest.param(
        flight(tensor("carier", "BYTES", "UA")), 422, "did you mean 'carrier'", id="a misspelt name"
    ),
    pytest.param(
        {"inputs": [tensor("distance", "FP32", 1)] * 2}, 400, "given twice", id="a tensor twice"
    ),
    pytest.param(
        flight(tensor("distance", "FP16", 1)), 400, "unknown datatype 'FP16'", id="a datatype"
    ),
    pytest.param(
        flight(tensor("distance", "BYTES", "1")),
        422,
        "is FP32, the request sends BYTES",
        id="a string for a number",
    ),
    pytest.param(
        flight(tensor("distance", "FP32", "1")), 422, 'the string "1" is not', id="a quoted number"
    ),
    pytest.param(
        flight(tensor("carrier", "BYTES", 7)), 422, "the number 7 is not", id="a bare number"
    ),
    pytest.param(
        flight(tensor("distance", "FP32", 1e300)), 422, "outside the range of FP32", id="too large"
    ),
    pytest.param(
        flight(tensor("distance", "FP64", 0.1)), 422, "no exact FP32 form", id="a lossy double"
    ),
    pytest.param(
        flight(tensor("distance", "INT64", 16_777_217)), 422, "no exact FP32", id="a lossy integer"
    ),
    pytest.param(
        flight(tensor("distance", "INT64", 1.5)), 422, "not a whole number", id="half an integer"
    ),
    pytest.param(
        flight(tensor("distance", "INT64", -(2**63) - 1)),
        422,
        "-9.223372036854776e+18 was read as a float",
        id="an integer of over 64 bits, which is read as the float beside it",
    ),
    pytest.param(
        flight({**tensor("distance", "FP32", 1), "shape": [1]}), 422, "the shape [1]", id="a rank"
    ),
    pytest.param(
        flight({**tensor("distance", "FP32", 1), "shape": [-1, 1]}), 400, "whole", id="negative"
    ),
    pytest.param(
        flight({**tensor("distance", "FP32", 1), "shape": [2, 1]}), 422, "1 values", id="too few"
    ),
    pytest.param(
        flight(tensor("distance", "FP32", 1, 2)), 422, "has 1 rows", id="different numbers of rows"
    ),
    pytest.param(
        flight({**tensor("distance", "FP32"), "data": [[1, 2]], "shape": [1, 1]}),
        422,
        "not nested as the shape",
        id="nested otherwise",
    ),
    pytest.param(
        flight({**tensor("distance", "FP32", 1), "parameters": {"binary_data_size": 4}}),
        400,
        "inference-header-content-length",
        id="a binary tensor without its header",
    ),
    pytest.param(
        flight({**tensor("distance", "FP32", 1), "parameters": 7}),
        400,
        "input 'distance': parameters must be an object",
        id="a number as parameters of an input",
    ),
    pytest.param(flight(outputs=""), 400, "outputs must be a list of objects", id="no outputs"),
    pytest.param(
        flight(outputs=[{"name": "labels"}]), 422, "did you mean 'label'", id="an unknown output"
    ),
    pytest.param(
        {
            "inputs": [
                {"name": name, "datatype": kind, "shape": [0, 1], "data": []}
                for name, kind in (("distance", "FP32"), ("dep_hour", "FP32"), ("carrier", "BYTES"))
            ]
        },
        422,
        "0 rows",
        id="no rows",
    ),
]


@pytest.mark.parametrize(("body", "status", "message"), BAD_INFERS)
def test_a_wrong_inference_is_told_what_is_wrong(
    server: ScoringServer, body: object, status: int, message: str
) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    answer = server.http.post(INFER, content=content)

    assert (answer.status_code, list(answer.json())) == (status, ["error"])
    assert message in answer.json()["error"]


BAD_ROWS = [
    pytest.param(
        {**ROW, "dep_hours": 7}, "no feature 'dep_hours'; did you mean 'dep_hour'?", id="unknown"
    ),
    pytest.param(
        {"rows": [ROW, {"carrier": "UA"}]},
        "row 1: missing distance, dep_hour (null says that a value is unknown)",
        id="missing",
    ),
    pytest.param({"rows": []}, "0 rows", id="no row"),
    pytest.param({"rows": [ROW] * 8193}, "8193 rows in one request", id="too many rows"),
    pytest.param({**ROW, "distance": "500"}, 'the string "500" is not', id="a quoted number"),
    pytest.param({**ROW, "carrier": 7}, "the number 7 is not a value of BYTES", id="a bare number"),
    pytest.param({**ROW, "carrier": ["UA"]}, "a list is not a value of BYTES", id="a list"),
]


@pytest.mark.parametrize(("body", "message"), BAD_ROWS)
def test_a_wrong_row_is_told_what_is_wrong(
    server: ScoringServer, body: object, message: str
) -> None:
    answer = server.http.post("/predict", json=body)

    assert answer.status_code == 422
    assert message in answer.json()["error"]


def test_nothing_is_read_beside_rows(server: ScoringServer) -> None:
    answer = server.http.post("/predict", json={"rows": [ROW], "carrier": "AA"})

    assert answer.status_code == 400
    assert answer.json() == {"error": "'carrier' stands beside rows, which is all that is read"}


@pytest.mark.parametrize(
    ("request_line", "headers", "status", "message"),
    [
        pytest.param("GET /nowhere", {}, 404, "go to /predict or", id="an unknown path"),
        pytest.param("GET /v2/models/other", {}, 404, f"has the model '{MODEL}'", id="a model"),
        pytest.param(f"GET /v2/models/{MODEL}/versions/1", {}, 404, VERSION, id="a version"),
        pytest.param("GET /predict", {}, 405, "use POST", id="reading a score"),
        pytest.param("DELETE /v2", {}, 405, "use GET, HEAD", id="deleting the server"),
        pytest.param(
            "POST /predict", {"content-type": "text/csv"}, 415, "text/csv is not", id="CSV"
        ),
        pytest.param("POST /predict", {"content-encoding": "gzip"}, 415, "plain JSON", id="gzip"),
        pytest.param("POST /predict", {"expect": "cake"}, 417, "100-continue", id="expectation"),
    ],
)
def test_a_wrong_request_is_told_where_to_go(
    server: ScoringServer,
    request_line: str,
    headers: dict[str, str],
    status: int,
    message: str,
) -> None:
    answer = server.http.request(*request_line.split(), headers=headers)

    assert answer.status_code == status
    assert message in answer.json()["error"]


def test_a_wrong_method_is_told_the_right_ones(server: ScoringServer) -> None:
    assert server.http.get("/predict").headers["allow"] == "POST"
