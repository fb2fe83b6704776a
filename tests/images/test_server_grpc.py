"""gRPC on the port of REST: every method, and every way to get a call wrong."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from checkrail_api.serving import DIGEST_HEADER, VERSION_HEADER
from checkrail_server import grpc_health_pb2 as health
from checkrail_server import open_inference_pb2 as pb
from harness.grpc_client import SERVICE, GrpcClient, framed
from harness.grpc_requests import CHECK, INFER, flight
from harness.scoring_server import MODEL, ROW, VERSION, ScoringServer, flight_digest

pytestmark = pytest.mark.images
DIGEST = flight_digest()


@pytest.mark.parametrize(
    ("path", "request_", "want"),
    [
        pytest.param(
            f"{SERVICE}ServerLive", pb.ServerLiveRequest(), pb.ServerLiveResponse(live=True),
            id="it lives",
        ),
        pytest.param(
            f"{SERVICE}ServerReady", pb.ServerReadyRequest(), pb.ServerReadyResponse(ready=True),
            id="it is ready",
        ),
        pytest.param(
            f"{SERVICE}ModelReady", pb.ModelReadyRequest(name=MODEL, version=VERSION),
            pb.ModelReadyResponse(ready=True), id="the model is ready",
        ),
        pytest.param(
            f"{SERVICE}ModelReady", pb.ModelReadyRequest(name=MODEL, version=DIGEST),
            pb.ModelReadyResponse(ready=True), id="the version of that digest is ready",
        ),
        pytest.param(
            CHECK, health.HealthCheckRequest(), health.HealthCheckResponse(status="SERVING"),
            id="the server's health",
        ),
        pytest.param(
            CHECK, health.HealthCheckRequest(service="inference.GRPCInferenceService"),
            health.HealthCheckResponse(status="SERVING"), id="the service's health",
        ),
    ],
)  # fmt: skip
def test_the_protocols_readers(client: GrpcClient, path: str, request_: Any, want: Any) -> None:
    assert client.call(path, request_).message(type(want)) == want


def test_metadata_are_those_of_rest(server: ScoringServer, client: GrpcClient) -> None:
    asked = pb.ModelMetadataRequest(name=MODEL)

    model = client.call(f"{SERVICE}ModelMetadata", asked).message(pb.ModelMetadataResponse)
    told = client.call(f"{SERVICE}ServerMetadata", pb.ServerMetadataRequest())

    rest = server.http.get(f"/v2/models/{MODEL}").json()
    rest.pop("parameters")
    assert model == pb.ModelMetadataResponse(**rest)
    assert told.message(pb.ServerMetadataResponse) == pb.ServerMetadataResponse(
        **server.http.get("/v2").json()
    )


@pytest.mark.parametrize("raw", [True, False], ids=["raw contents", "typed contents"])
def test_an_inference_is_the_one_of_rest(
    server: ScoringServer, client: GrpcClient, *, raw: bool
) -> None:
    parameters = {
        "trace": pb.InferParameter(int64_param=7),
        "team": pb.InferParameter(string_param="a"),
    }
    asked = flight(raw=raw, id="r-1", parameters=parameters, model_version=VERSION)

    reply = client.call(INFER, asked)

    answer = reply.message(pb.ModelInferResponse)
    rest = server.http.post("/predict", json=ROW)
    (probabilities,) = [row["probabilities"].values() for row in rest.json()["predictions"]]
    label: dict[str, Any] = {"name": "label", "datatype": "INT64", "shape": [1]}
    scores: dict[str, Any] = {"name": "probabilities", "datatype": "FP32", "shape": [1, 2]}
    want: dict[str, Any] = {"raw_output_contents": [struct.pack("<q", 1), b""]}
    want["raw_output_contents"][1] = struct.pack("<2f", *probabilities)
    if not raw:
        want = {}
        label["contents"] = {"int64_contents": [1]}
        scores["contents"] = {"fp32_contents": list(probabilities)}
    assert answer == pb.ModelInferResponse(
        model_name=MODEL,
        model_version=VERSION,
        id="r-1",
        parameters=parameters,
        outputs=[label, scores],
        **want,
    )
    told = {name: reply.headers[name] for name in (DIGEST_HEADER, VERSION_HEADER)}
    assert told == {name: rest.headers[name] for name in told}


def test_outputs_are_chosen(client: GrpcClient) -> None:
    reply = client.call(INFER, flight(outputs=[{"name": "label"}]))

    answer = reply.message(pb.ModelInferResponse)
    assert [output.name for output in answer.outputs] == ["label"]
    assert list(answer.raw_output_contents) == [struct.pack("<q", 1)]


def test_messages_may_be_larger_than_the_window_of_either_side(client: GrpcClient) -> None:
    asked = flight(rows=8192)

    answer = client.call(INFER, asked).message(pb.ModelInferResponse)

    assert min(asked.ByteSize(), answer.ByteSize()) > 65_535
    assert answer.raw_output_contents[0] == struct.pack("<q", 1) * 8192


def test_calls_of_one_connection_are_answered_each_on_its_stream(client: GrpcClient) -> None:
    streams = [client.begin(INFER, framed(flight(rows=n + 1, id=f"r-{n}"))) for n in range(64)]

    answers = [client.wait(stream).message(pb.ModelInferResponse) for stream in streams]

    assert [answer.id for answer in answers] == [f"r-{n}" for n in range(64)]
    assert [answer.outputs[0].shape[0] for answer in answers] == list(range(1, 65))


def test_a_call_that_is_cancelled_leaves_the_others_alone(client: GrpcClient) -> None:
    cancelled = client.begin(INFER, b"\0\0", end=False)
    client.h2.reset_stream(cancelled)

    assert client.call(INFER, flight()).refusal == ("0", "")


def test_inferences_are_counted_as_scoring_requests(
    server: ScoringServer, client: GrpcClient
) -> None:
    def counted() -> tuple[float, float]:
        text = server.http.get("/metrics").text
        codes = [f'checkrail_requests_total{{code="{code}"' for code in (200, 422)]
        lines = text.splitlines()
        found = [sum(float(x.split()[-1]) for x in lines if x.startswith(code)) for code in codes]
        return found[0], found[1]

    before = counted()
    client.call(INFER, flight())
    client.call(INFER, flight(inputs=[], raw_input_contents=[]))
    client.call(f"{SERVICE}ServerLive", pb.ServerLiveRequest())

    assert counted() == (before[0] + 1, before[1] + 1)
