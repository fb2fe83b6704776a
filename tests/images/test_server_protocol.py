"""The server as a process: every path of the protocol, and every way to get it wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest

from checkrail_api.serving import DIGEST_HEADER, VERSION_HEADER
from harness.scoring_server import (
    CARRIERS,
    MODEL,
    NAMESPACE,
    VERSION,
    ScoringServer,
    flight_model,
)

pytestmark = pytest.mark.images

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "server.md"
INFER = f"/v2/models/{MODEL}/infer"
PARAMETERS = {"trace": 7, "share": 0.5, "shadow": True, "team": "a"}
ROW = {"distance": 500, "dep_hour": 7, "carrier": "UA"}


def tensor(name: str, datatype: str, *data: object) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": [len(data), 1], "data": list(data)}


def flight(*changes: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A request for one row, with the tensors in ``changes`` instead of ours."""
    tensors = {
        "distance": tensor("distance", "FP32", 500),
        "dep_hour": tensor("dep_hour", "FP32", 7),
        "carrier": tensor("carrier", "BYTES", "UA"),
    }
    tensors.update({change["name"]: change for change in changes})
    return {"inputs": list(tensors.values()), **fields}


def nested(depth: int) -> list[Any]:
    """A list in a list in a list."""
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("path", "want"),
    [
        pytest.param("/v2/health/live", {"live": True}, id="it lives"),
        pytest.param("/v2/health/ready", {"ready": True}, id="it is ready"),
        pytest.param(
            f"/v2/models/{MODEL}/ready", {"name": MODEL, "ready": True}, id="the model is ready"
        ),
        pytest.param(
            f"/v2/models/{MODEL}/versions/{VERSION}/ready",
            {"name": MODEL, "ready": True},
            id="the version is ready",
        ),
        pytest.param(
            "/v2",
            {
                "name": "checkrail",
                "version": "0.1.0",
                "extensions": ["binary_tensor_data", "statistics"],
            },
            id="who it is",
        ),
    ],
)
def test_the_protocols_readers(server: ScoringServer, path: str, want: object) -> None:
    answer = server.http.get(path)

    assert (answer.status_code, answer.json()) == (200, want)


@pytest.mark.parametrize("path", [f"/v2/models/{MODEL}", f"/v2/models/{MODEL}/versions/{VERSION}"])
def test_metadata_says_what_the_model_takes_and_which_it_is(
    server: ScoringServer, path: str, digest: str
) -> None:
    answer = server.http.get(path)

    assert answer.json() == {
        "name": MODEL,
        "versions": [VERSION],
        "platform": "onnx_onnxruntime",
        "inputs": [
            {"name": "distance", "datatype": "FP32", "shape": [-1, 1]},
            {"name": "dep_hour", "datatype": "FP32", "shape": [-1, 1]},
            {"name": "carrier", "datatype": "BYTES", "shape": [-1, 1]},
        ],
        "outputs": [
            {"name": "label", "datatype": "INT64", "shape": [-1]},
            {"name": "probabilities", "datatype": "FP32", "shape": [-1, 2]},
        ],
        "parameters": {"sha256": digest},
    }
    assert (answer.headers[DIGEST_HEADER], answer.headers[VERSION_HEADER]) == (digest, VERSION)


@pytest.fixture(scope="module")
def digest(server: ScoringServer) -> str:
    events = server.events()
    return str(next(event["sha256"] for event in events if event["message"] == "ready"))


def test_predictions_are_onnxruntimes_to_the_bit(server: ScoringServer) -> None:
    session = ort.InferenceSession(flight_model())
    random = np.random.default_rng(7)
    distance = random.uniform(50, 3000, (500, 1)).astype(np.float32)
    dep_hour = random.integers(0, 24, (500, 1)).astype(np.float32)
    carrier = random.choice([*CARRIERS, "", "XX"], (500, 1)).astype(object)
    feeds = {"distance": distance, "dep_hour": dep_hour, "carrier": carrier}
    label, probabilities = session.run(None, feeds)
    columns = {name: values.ravel().tolist() for name, values in feeds.items()}

    request = {
        "inputs": [
            tensor("distance", "FP32", *columns["distance"]),
            tensor("dep_hour", "FP32", *columns["dep_hour"]),
            tensor("carrier", "BYTES", *columns["carrier"]),
        ]
    }
    outputs = server.http.post(INFER, json=request).json()["outputs"]
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    predicted = server.http.post("/predict", json={"rows": rows}).json()["predictions"]

    assert outputs[0] == {
        "name": "label", "datatype": "INT64", "shape": [500], "data": label.tolist(),
    }  # fmt: skip
    answered = np.array(outputs[1]["data"], dtype=np.float32).reshape(outputs[1]["shape"])
    np.testing.assert_array_equal(answered, probabilities)
    assert [row["label"] for row in predicted] == label.tolist()
    pairs = [[row["probabilities"]["0"], row["probabilities"]["1"]] for row in predicted]
    np.testing.assert_array_equal(np.array(pairs, dtype=np.float32), probabilities)


def test_one_row_needs_no_list(server: ScoringServer, digest: str) -> None:
    alone = server.http.post("/predict", json=ROW)
    listed = server.http.post("/predict", json={"rows": [ROW]})

    assert alone.json() == listed.json()
    assert alone.json() == {
        "model": MODEL,
        "version": VERSION,
        "sha256": digest,
        "predictions": [
            {
                "label": 1,
                "probabilities": {"0": 0.15446525812149048, "1": 0.8455347418785095},
            }
        ],
    }
    assert alone.headers[DIGEST_HEADER] == digest


def test_the_request_of_the_documentation_is_answered_as_it_says(server: ScoringServer) -> None:
    page = DOCUMENTATION.read_text()
    (request,) = re.findall(r"curl --json '(.*)' http://flight-delays/predict", page)
    (answer,) = re.findall(r'"predictions": (\[.*\])}', page)

    found = server.http.post("/predict", json=json.loads(request)).json()["predictions"]

    for row in found:
        row["probabilities"] = {name: round(p, 3) for name, p in row["probabilities"].items()}
    assert found == json.loads(answer)


def test_id_and_parameters_come_back_and_outputs_are_chosen(server: ScoringServer) -> None:
    asked = flight(id="r-1", parameters=PARAMETERS, outputs=[{"name": "label"}])

    answer = server.http.post(f"/v2/models/{MODEL}/versions/{VERSION}/infer", json=asked)

    assert answer.json() == {
        "model_name": MODEL,
        "model_version": VERSION,
        "id": "r-1",
        "parameters": PARAMETERS,
        "outputs": [{"name": "label", "datatype": "INT64", "shape": [1], "data": [1]}],
    }


@pytest.mark.parametrize(
    ("path", "request_", "row"),
    [
        pytest.param("/predict", {"rows": [ROW, {**ROW, "dep_hour": None}]}, 1, id="a row"),
        pytest.param(INFER, flight(tensor("dep_hour", "FP32", None)), 0, id="tensors"),
        pytest.param(
            INFER,
            flight(tensor("dep_hour", "FP32", None), outputs=[{"name": "label"}]),
            0,
            id="only the label, which is chosen from the probabilities",
        ),
    ],
)
def test_a_score_that_is_no_number_is_no_answer(
    server: ScoringServer, path: str, request_: dict[str, Any], row: int
) -> None:
    answer = server.http.post(path, json=request_)

    assert answer.status_code == 500
    assert answer.json() == {
        "error": f"the model's output 'probabilities' is nan in row {row}, and a prediction is a "
        "finite number: this version cannot answer what it was asked"
    }
    told = [e for e in server.events() if e["message"] == "output is not finite"]
    assert [(e["output"], e["value"]) for e in told] == [("probabilities", "nan")]


def test_head_has_the_header_of_get_and_no_body(server: ScoringServer) -> None:
    head = server.http.head("/v2")

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == server.http.get("/v2").headers["content-length"]


def test_a_query_does_not_change_the_path(server: ScoringServer) -> None:
    assert server.http.get("/v2/health/live?verbose=1").status_code == 200


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


def test_metrics_count_answers_and_scores_of_scoring_requests_only(
    server: ScoringServer, digest: str
) -> None:
    before = server.http.get("/metrics").text
    server.http.post("/predict", json={"rows": [ROW, {**ROW, "distance": 3000}]})
    server.http.post("/predict", json={})
    server.http.get("/v2/health/ready")
    after = server.http.get("/metrics").text

    labels = f'model_deployment="{MODEL}",model_version="{digest[:8]}",namespace="{NAMESPACE}"'

    def grown(sample: str) -> float:
        return sample_value(after, sample) - sample_value(before, sample)

    assert grown(f'checkrail_requests_total{{code="200",{labels}}}') == 1
    assert grown(f'checkrail_requests_total{{code="422",{labels}}}') == 1
    assert grown(f"checkrail_request_duration_seconds_count{{{labels}}}") == 2
    assert grown(f"checkrail_inference_duration_seconds_count{{{labels}}}") == 1
    score = f'{labels},output="probabilities"'
    assert grown(f'checkrail_score_bucket{{le="0.75",{score}}}') == 0
    assert grown(f'checkrail_score_bucket{{le="0.9",{score}}}') == 1
    assert grown(f'checkrail_score_bucket{{le="+Inf",{score}}}') == 2
    assert grown(f"checkrail_score_count{{{score}}}") == 2


def sample_value(text: str, sample: str) -> float:
    return next(
        (float(line.removeprefix(sample)) for line in text.splitlines() if line.startswith(sample)),
        0.0,
    )
