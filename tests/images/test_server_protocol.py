"""The server as a process: every path of the protocol, and what it answers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest

from checkrail_api.serving import DIGEST_HEADER, VERSION_HEADER
from harness.json_requests import INFER, flight, tensor
from harness.scoring_server import (
    CARRIERS,
    MODEL,
    NAMESPACE,
    ROW,
    VERSION,
    ScoringServer,
    flight_digest,
    flight_model,
)

pytestmark = pytest.mark.images
DOCUMENTATION = Path(__file__).parents[2] / "docs" / "server.md"
DIGEST = flight_digest()
PARAMETERS = {"trace": 7, "share": 0.5, "shadow": True, "team": "a"}


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
            f"/v2/models/{MODEL}/versions/{DIGEST}/ready",
            {"name": MODEL, "ready": True},
            id="the version of that digest is ready",
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


@pytest.mark.parametrize(
    "path",
    [f"/v2/models/{MODEL}", *(f"/v2/models/{MODEL}/versions/{v}" for v in (VERSION, DIGEST))],
)
def test_metadata_says_what_the_model_takes_and_which_it_is(
    server: ScoringServer, path: str, digest: str
) -> None:
    answer = server.http.get(path)

    assert answer.json() == {
        "name": MODEL,
        "versions": [VERSION, digest],
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
