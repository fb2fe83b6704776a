"""The statistics extension of a real server: what was asked is what is told."""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING, Any

import pytest

from checkrail_server import open_inference_pb2 as pb
from harness.grpc_client import SERVICE, GrpcClient
from harness.grpc_requests import INFER, flight
from harness.scoring_server import (
    MODEL,
    ROW,
    VERSION,
    ScoringServer,
    flight_files,
    serving,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.images

PATHS = [
    "/v2/models/stats",
    f"/v2/models/{MODEL}/stats",
    f"/v2/models/{MODEL}/versions/{VERSION}/stats",
]


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScoringServer]:
    folder = tmp_path_factory.mktemp("server")
    with serving(written(flight_files(), folder / "artifact"), folder) as running:
        yield running


def without_times(model: dict[str, Any]) -> dict[str, Any]:
    """Take the nanoseconds out, which a test cannot know."""
    durations = model["inference_stats"]
    return {**model, "inference_stats": {name: d["count"] for name, d in durations.items()}}


def test_statistics_are_of_what_was_asked(server: ScoringServer) -> None:
    (fresh,) = server.http.get(PATHS[0]).json()["model_stats"]
    before = time.time()
    server.http.post("/predict", json={"rows": [ROW] * 3})
    server.http.post("/predict", json={})
    with GrpcClient(server.port) as client:
        client.call(INFER, flight(rows=2))
        client.call(INFER, flight(raw_input_contents=[struct.pack("<f", 1)] * 3))
        told = client.call(f"{SERVICE}ModelStatistics", pb.ModelStatisticsRequest(name=MODEL))
        wrong = client.call(f"{SERVICE}ModelStatistics", pb.ModelStatisticsRequest(name="iris"))

    (model,) = server.http.get(PATHS[0]).json()["model_stats"]
    assert fresh["last_inference"] == fresh["inference_count"] == 0
    assert before - 1 < model["last_inference"] / 1e3 < time.time() + 1
    assert without_times(model) == {
        "name": MODEL,
        "version": VERSION,
        "last_inference": model["last_inference"],
        "inference_count": 5,
        "execution_count": 2,
        "inference_stats": {
            "success": 2,
            "fail": 2,
            "queue": 0,
            "compute_input": 0,
            "compute_infer": 2,
            "compute_output": 0,
        },
    }
    times = model["inference_stats"]
    assert times["success"]["ns"] > times["compute_infer"]["ns"] > 0
    assert times["fail"]["ns"] > 0
    assert [server.http.get(path).json()["model_stats"] for path in PATHS] == [[model]] * 3
    want = pb.ModelStatisticsResponse(model_stats=[model])
    assert told.message(pb.ModelStatisticsResponse) == want
    assert wrong.refusal[0] == "5"
