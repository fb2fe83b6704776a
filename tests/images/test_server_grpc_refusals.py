"""Wrong calls of gRPC: each is told what is wrong with it, and no other call is touched."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from checkrail_server import grpc_health_pb2 as health
from checkrail_server import open_inference_pb2 as pb
from harness.grpc_client import SERVICE, GrpcClient, Reply, framed
from harness.grpc_requests import CHECK, INFER, RAW, flight

if TYPE_CHECKING:
    from harness.scoring_server import ScoringServer

pytestmark = pytest.mark.images


def refused(reply: Reply) -> tuple[str, str]:
    status, sentence = reply.refusal
    assert reply.headers[":status"] == "200"
    return status, sentence


def carrier(**contents: Any) -> list[dict[str, Any]]:
    """Typed inputs, of which the last has ``contents``."""
    items = [item for item in _typed_inputs() if item["name"] != "carrier"]
    last = {"name": "carrier", "datatype": "BYTES", "shape": [1, 1], "contents": contents}
    return [*items, last]


def _typed_inputs() -> list[dict[str, Any]]:
    return [
        {
            "name": item.name,
            "datatype": item.datatype,
            "shape": list(item.shape),
            "contents": item.contents,
        }
        for item in flight(raw=False).inputs
    ]


def distance(**changes: Any) -> list[dict[str, Any]]:
    """Typed inputs, of which the first has ``changes``."""
    first, *others = _typed_inputs()
    return [{**first, **changes}, *others]


def typed(inputs: list[dict[str, Any]]) -> Any:
    return flight(raw=False, inputs=inputs)


INFINITY = {"fp32_contents": [float("inf")]}


@pytest.mark.parametrize(
    ("path", "message", "status", "sentence"),
    [
        pytest.param(f"{SERVICE}ModelLoad", b"", "12", "ModelLoad is not here", id="a method"),
        pytest.param(
            "/grpc.health.v1.Health/Watch",
            health.HealthCheckRequest(),
            "12",
            "Watch is not here",
            id="a watch",
        ),
        pytest.param(
            INFER, flight(model_name="iris"), "5", "the model 'flight-delays'", id="a model"
        ),
        pytest.param(
            INFER, flight(model_version="1"), "5", "version '1' is not here", id="a version"
        ),
        pytest.param(
            f"{SERVICE}ModelReady", pb.ModelReadyRequest(name="x"), "5", "'x'", id="its readiness"
        ),
        pytest.param(
            CHECK, health.HealthCheckRequest(service="x"), "5", "no service 'x'", id="a service"
        ),
        pytest.param(INFER, b"\xff", "3", "is not a inference.ModelInferRequest", id="garbage"),
        pytest.param(INFER, flight(raw_input_contents=RAW[:2]), "3", "2 raw_input", id="two raws"),
        pytest.param(
            INFER, flight(raw_input_contents=[RAW[0][:3], *RAW[1:]]), "3", "3 bytes of", id="cut"
        ),
        pytest.param(
            INFER,
            flight(inputs=_typed_inputs()),
            "3",
            "beside its raw_input_contents",
            id="raw and typed",
        ),
        pytest.param(
            INFER, flight(inputs=[{"name": "x"}] * 4), "3", "4 inputs", id="too many inputs"
        ),
        pytest.param(
            INFER, flight(outputs=[{"name": "label"}] * 3), "3", "3 outputs", id="too many outputs"
        ),
        pytest.param(
            INFER, typed(distance(name="distanc")), "3", "did you mean 'distance'", id="a name"
        ),
        pytest.param(INFER, typed(distance(datatype="FP16")), "3", "'FP16'", id="a datatype"),
        pytest.param(
            INFER,
            typed(distance(datatype="INT64")),
            "3",
            "those of INT64 are int64_contents",
            id="other contents",
        ),
        pytest.param(INFER, typed(distance(contents={})), "3", "0 values", id="no contents"),
        pytest.param(INFER, typed(distance(contents=INFINITY)), "3", "infinity", id="infinity"),
        pytest.param(INFER, typed(distance(shape=[-1, 1])), "3", "whole numbers", id="negative"),
        pytest.param(
            INFER, typed(carrier(bytes_contents=[b"\xff"])), "3", "not UTF-8", id="no text"
        ),
        pytest.param(
            INFER, flight(parameters={"a": pb.InferParameter()}), "3", "no value", id="a parameter"
        ),
        pytest.param(
            INFER,
            flight(
                outputs=[{"name": "label", "parameters": {"classification": {"int64_param": 1}}}]
            ),
            "3",
            "classification is not answered",
            id="top classes",
        ),
        pytest.param(
            INFER,
            typed(distance(contents={"fp32_contents": [float("nan")]})),
            "13",
            "a prediction is a finite number",
            id="a score that is no number",
        ),
    ],
)
def test_a_wrong_call_is_told_what_is_wrong(
    client: GrpcClient, path: str, message: Any, status: str, sentence: str
) -> None:
    found, told = refused(client.call(path, message))

    assert (found, sentence in told) == (status, True), told


@pytest.mark.parametrize(
    ("content", "status", "sentence"),
    [
        pytest.param(b"", "3", "one message", id="no message"),
        pytest.param(framed(flight())[:-1], "3", "one message", id="cut"),
        pytest.param(framed(flight()) * 2, "3", "one message", id="two"),
        pytest.param(b"\1" + framed(flight())[1:], "12", "compressed", id="compressed"),
        pytest.param(bytes(2**20 + 1), "8", "larger than 1048576 bytes", id="too large"),
    ],
)
def test_a_wrong_frame_is_told_what_is_wrong(
    client: GrpcClient, content: bytes, status: str, sentence: str
) -> None:
    found, told = refused(client.wait(client.begin(INFER, content)))

    assert (found, sentence in told) == (status, True), told
    assert client.call(INFER, flight()).refusal == ("0", "")


def test_a_sentence_of_any_letters_arrives(client: GrpcClient) -> None:
    _, told = refused(client.call(INFER, flight(model_name="Zürich\n100%")))

    assert "Z%C3%BCrich\\n100%25" in told


def test_http2_without_grpc_is_refused_as_http(client: GrpcClient) -> None:
    body = json.dumps({"distance": 500}).encode()

    reply = client.wait(client.begin("/predict", body, media_type="application/json"))

    assert reply.headers[":status"] == "415"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 100, id="frames"),
        pytest.param(b"PRI * HTTP/2.0\r\nHost: x\r\n\r\n", id="a header after the preface"),
    ],
)
def test_what_is_no_http2_ends_its_connection_and_no_other(
    server: ScoringServer, client: GrpcClient, data: bytes
) -> None:
    assert client.call(INFER, flight()).refusal == ("0", "")
    broken = server.connect()
    broken.sendall(data)
    while broken.recv(65_536):
        pass

    assert client.call(INFER, flight()).refusal == ("0", "")
