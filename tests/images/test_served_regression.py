"""A regressor with instants among its features, from the trainer's process to the server's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime
import pytest

from checkrail_api import serving as env
from checkrail_api.artifact import Profile
from harness import trainer
from harness.scoring_server import ScoringServer, environment, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.object_store import ObjectStoreServer

pytestmark = pytest.mark.images

DATA: dict[str, Any] = {
    "sources": [{"name": "flights", "uri": "s3://lake/flights/*.parquet"}],
    "query": """
        SELECT *, time_hour AS scheduled, CASE WHEN flight_id % 5 < 4 THEN distance END AS miles
        FROM flights
    """,
    "filters": [{"column": "air_time", "op": "NotNull"}],
    "label": "air_time",
    "features": ["scheduled", "miles", "origin", "dest"],
    "key": "flight_id",
    "holdout": {"strategy": "Fraction", "fraction": "0.3"},
}
MORNING, EVENING = 1_370_080_800.0, 1_370_127_600.0
ROWS = [
    {"scheduled": MORNING, "miles": 500, "origin": "JFK", "dest": "RDU"},
    {"scheduled": EVENING, "miles": None, "origin": "EWR", "dest": "LAX"},
    {"scheduled": None, "miles": None, "origin": None, "dest": "nowhere"},
]


@pytest.fixture(
    scope="module",
    params=[
        pytest.param({"workflow": "linear-regression"}, id="linear"),
        pytest.param(
            {"workflow": "hist-gradient-boosting-regressor", "params": {"max_iter": 40}}, id="trees"
        ),
    ],
)
def published(
    request: pytest.FixtureRequest,
    lake: ObjectStoreServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> trainer.Ended:
    spec = trainer.run_spec(
        lake,
        model="air-times",
        data=DATA,
        train={"seed": 7, "params": {}, **request.param},
        evaluation={"metrics": ["r2", "rmse", "mae"]},
    )
    return trainer.publish(spec, lake, tmp_path_factory.mktemp("regression"))


@pytest.fixture(scope="module")
def server(
    published: trainer.Ended, lake: ObjectStoreServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ScoringServer]:
    artifact = published.report["artifact"]
    variables = {
        **environment(artifact["uri"], artifact["sha256"]),
        **lake.credentials,
        env.ENV_STORE_ENDPOINT: lake.endpoint,
        env.ENV_STORE_REGION: lake.region,
    }
    with serving(variables, tmp_path_factory.mktemp("server")) as found:
        yield found


def test_the_report_speaks_of_a_regression(published: trainer.Ended) -> None:
    report = published.report

    assert [each["name"] for each in report["metrics"]] == ["r2", "rmse", "mae"]
    assert float(report["metrics"][0]["value"]) > 0.9
    assert report["parity"]["flips"] == 0
    assert report["signature"]["inputs"][0] == {
        "name": "scheduled",
        "datatype": "FP64",
        "shape": [-1, 1],
    }
    assert report["signature"]["outputs"] == [
        {"name": "prediction", "datatype": "FP32", "shape": [-1]}
    ]


def test_the_server_predicts_with_missing_instants_numbers_and_texts(
    server: ScoringServer, published: trainer.Ended, lake: ObjectStoreServer
) -> None:
    session = onnxruntime.InferenceSession(
        lake.get(f"{published.report['artifact']['uri']}/model.onnx")
    )
    columns = {
        "scheduled": np.asarray([MORNING, EVENING, np.nan]),
        "miles": np.asarray([500, np.nan, np.nan], np.float32),
        "origin": np.asarray(["JFK", "EWR", ""], object),
        "dest": np.asarray(["RDU", "LAX", "nowhere"], object),
    }
    wanted = session.run(None, {name: each.reshape(-1, 1) for name, each in columns.items()})[0]

    answer = server.http.post("/predict", json={"rows": ROWS})

    assert answer.status_code == 200, answer.text
    found = [each["prediction"] for each in answer.json()["predictions"]]
    np.testing.assert_array_equal(np.asarray(found, np.float32), wanted)
    assert 30 < found[0] < 150
    assert found[1] > found[0]


def test_the_protocol_takes_instants_as_fp64_and_null(server: ScoringServer) -> None:
    def tensor(name: str, datatype: str, values: list[Any]) -> dict[str, Any]:
        return {"name": name, "datatype": datatype, "shape": [len(values), 1], "data": values}

    body = {
        "inputs": [
            tensor("scheduled", "FP64", [MORNING, None]),
            tensor("miles", "FP32", [500.0, None]),
            tensor("origin", "BYTES", ["JFK", ""]),
            tensor("dest", "BYTES", ["RDU", "nowhere"]),
        ]
    }

    answer = server.http.post("/v2/models/flight-delays/infer", json=body)

    assert answer.status_code == 200, answer.text
    (output,) = answer.json()["outputs"]
    assert (output["name"], output["datatype"], output["shape"]) == ("prediction", "FP32", [2])
    rows = server.http.post("/predict", json={"rows": [ROWS[0], ROWS[2]]}).json()["predictions"]
    np.testing.assert_array_equal(
        np.asarray(output["data"], np.float32),
        np.asarray([each["prediction"] for each in rows], np.float32),
    )


def test_predictions_are_counted_between_the_edges_of_the_profile(
    server: ScoringServer, published: trainer.Ended, lake: ObjectStoreServer
) -> None:
    uri = published.report["artifact"]["uri"]
    profile = Profile.model_validate_json(lake.get(f"{uri}/profile.json"))
    before = counted(server)

    server.http.post("/predict", json={"rows": ROWS})

    assert profile.score_output == "prediction"
    assert len(profile.score_edges) >= 10
    assert counted(server) == before + len(ROWS)


def counted(server: ScoringServer) -> int:
    lines = server.http.get("/metrics").text.splitlines()
    (line,) = [
        each
        for each in lines
        if each.startswith("checkrail_score_count") and 'output="prediction"' in each
    ]
    return int(float(line.rpartition(" ")[2]))
