"""The decision log of a real server, read back with DuckDB from a real object store."""

from __future__ import annotations

import datetime as dt
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from checkrail_api import serving as env
from checkrail_server.binary_tensors import encoded
from harness.binary_requests import BINARY, binary, post
from harness.decision_logs import POD, REVISION, decision_log, recording
from harness.grpc_client import GrpcClient
from harness.grpc_requests import INFER as GRPC_INFER
from harness.grpc_requests import RAW, flight
from harness.json_requests import INFER
from harness.scoring_server import (
    MODEL,
    NAMESPACE,
    ROW,
    VERSION,
    artifact_files,
    flight_files,
    logged,
    serving,
    started,
    written,
)
from harness.typed_model import MATRIX, datatype_of, extremes, typed_model

if TYPE_CHECKING:
    from harness.object_store import ObjectStoreServer
    from harness.scoring_server import ScoringServer

pytestmark = pytest.mark.images
ROWS = [
    ROW,
    {"distance": 2_475, "dep_hour": 18.5, "carrier": "ünknown"},
]


def ended(server: ScoringServer) -> dict[str, Any]:
    """Have the server end without its drain, and return its last word on the log."""
    server.child.send(signal.SIGINT)
    assert server.child.wait(30) == 0
    return next(e for e in server.events() if e["message"] == "decision log ended")


def documented_query() -> str:
    """Return the query of docs/decision-log.md for a month that is not over."""
    page = (Path(__file__).parents[2] / "docs" / "decision-log.md").read_text()
    (query,) = re.findall(r"```sql\n(.*?)```", page, flags=re.DOTALL)
    return str(query).replace("2026-11-01", "2026-01-01").replace("2026-11-30", "2999-12-31")


def test_every_answer_is_in_the_store_with_all_that_led_to_it(
    object_store: ObjectStoreServer, tmp_path: Path
) -> None:
    variables = written(flight_files(), tmp_path / "artifact")
    log = decision_log(object_store, tmp_path)
    before = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    with serving(variables | log.environment, tmp_path) as server:
        answer = server.http.post("/predict", json={"rows": ROWS}, headers={"x-request-id": "a"})
        refused = server.http.post("/predict", json={"rows": []})
        told = ended(server)

    assert (answer.status_code, refused.status_code) == (200, 422)
    assert {key: told[key] for key in ("written", "dropped", "not_written")} == {
        "written": 1,
        "dropped": 0,
        "not_written": 0,
    }
    digest = variables[env.ENV_ARTIFACT_SHA256]
    records = log.records()
    assert records == [
        {
            "time": records[0]["time"],
            "request_id": "a",
            "row": row,
            "latency_us": records[0]["latency_us"],
            "model": MODEL,
            "digest": digest,
            "revision": REVISION,
            "namespace": NAMESPACE,
            "pod": POD,
            "inputs": ROWS[row],
            "outputs": {
                "label": prediction["label"],
                "probabilities": pytest.approx(list(prediction["probabilities"].values())),
            },
            "date": records[0]["time"].date(),
            "version": digest[:8],
        }
        for row, prediction in enumerate(answer.json()["predictions"])
    ]
    assert log.asked(documented_query()) == [
        (record["time"], "a", digest[:8], record["inputs"], record["outputs"])
        for record in records[:1]
    ]
    assert before < records[0]["time"] < dt.datetime.now(dt.UTC).replace(tzinfo=None)
    assert 0 < records[0]["latency_us"] < 10e6


def tensors() -> list[dict[str, Any]]:
    """Return the first of ``ROWS`` as tensors, in another order than the model's."""
    datatypes = {"carrier": "BYTES", "distance": "FP32", "dep_hour": "FP32"}
    return [
        {"name": name, "datatype": datatype, "shape": [1, 1], "data": [ROWS[0][name]]}
        for name, datatype in datatypes.items()
    ]


def test_every_way_to_ask_is_recorded_alike(
    object_store: ObjectStoreServer, tmp_path: Path
) -> None:
    asked = {"inputs": tensors(), "id": "json", "outputs": [{"name": "label"}]}
    raw = [
        binary(each["name"], each["datatype"], [1, 1], len(content))
        for each, content in zip(tensors(), [RAW[2], RAW[0], RAW[1]], strict=True)
    ]
    with recording(object_store, tmp_path) as (server, log):
        http = server.http
        http.post("/predict", json=ROWS[0], headers={"x-request-id": "rows"})
        http.post(INFER, json=asked, headers={"x-request-id": "not this one"})
        post(server, {"inputs": raw, "id": "bytes"}, RAW[2] + RAW[0] + RAW[1])
        http.post("/predict", json=ROWS[0], headers={env.PICK_HEADER: VERSION, "x-request-id": "p"})
        http.post("/predict", json=ROWS[0])
        with GrpcClient(server.port) as client:
            client.call(GRPC_INFER, flight(id="grpc raw"))
            client.call(GRPC_INFER, flight(id="grpc typed", raw=False))
        assert ended(server)["written"] == 7

    records = log.records()
    names = [record["request_id"] for record in records]
    assert names[:4] + names[5:] == ["rows", "json", "bytes", "p", "grpc raw", "grpc typed"]
    assert names[4].endswith("-4")  # nobody gave it a name: its place in its segment
    assert [record["inputs"] for record in records] == [ROWS[0]] * 7
    assert [record["outputs"] for record in records] == [records[0]["outputs"]] * 7


def test_every_datatype_is_recorded_as_it_is(
    object_store: ObjectStoreServer, tmp_path: Path
) -> None:
    items, content = [], b""
    for name, values in extremes().items():
        part = encoded(values, datatype_of(name))
        items.append(binary(f"in_{name}", datatype_of(name), list(values.shape), len(part)))
        content += part
    with recording(object_store, tmp_path, artifact_files(typed_model())) as (server, log):
        assert post(server, {"inputs": items, "parameters": BINARY}, content).status_code == 200
        ended(server)

    records = log.records()
    for side in ("in", "out"):
        found = {
            name: [record[f"{side}puts"][f"{side}_{name}"] for record in records]
            for name in extremes()
        }
        assert found == {
            name: (values if name == MATRIX else values.ravel()).tolist()
            for name, values in extremes().items()
        }
    assert [record["row"] for record in records] == [0, 1, 2]


def test_only_the_inputs_that_are_named_leave_the_server(
    object_store: ObjectStoreServer, tmp_path: Path
) -> None:
    with recording(object_store, tmp_path, columns=["dep_hour", "tail_number"]) as (server, log):
        server.http.post("/predict", json={"rows": ROWS})
        ended(server)
        (warning,) = (e for e in server.events() if e["level"] == "WARNING")

    assert [record["inputs"] for record in log.records()] == [
        {"dep_hour": row["dep_hour"]} for row in ROWS
    ]
    assert warning["columns"] == ["tail_number"]
    assert "ünknown".encode() not in b"".join(
        log.store.get(f"{log.settings.uri}/{f}") for f in log.files()
    )


def test_of_a_long_id_the_beginning_is_recorded(
    object_store: ObjectStoreServer, tmp_path: Path
) -> None:
    long = "".join(map(str, range(1000)))
    with recording(object_store, tmp_path) as (server, log):
        answer = server.http.post(INFER, json={"inputs": tensors(), "id": long})
        server.http.post("/predict", json={"rows": ROWS[:1]}, headers={"x-request-id": long})
        assert ended(server)["written"] == 2

    assert answer.json()["id"] == long
    assert {record["request_id"] for record in log.records()} == {long[:256]}


def test_a_share_of_the_requests_is_recorded_whole(
    object_store: ObjectStoreServer, tmp_path: Path
) -> None:
    with recording(object_store, tmp_path, sample_ratio="0.5", columns=[]) as (server, log):
        for number in range(200):
            name = {"x-request-id": f"r-{number}"}
            server.http.post("/predict", json={"rows": ROWS}, headers=name)
        count = ended(server)["written"]

    records = log.records()
    assert 60 < count < 140  # of 200; outside once in 10^8 runs
    assert [record["row"] for record in records] == [0, 1] * count
    assert len({record["request_id"] for record in records}) == count
    assert "inputs" not in records[0]


def test_settings_that_are_none_end_the_server(tmp_path: Path) -> None:
    variables = written(flight_files(), tmp_path / "artifact")
    variables[env.ENV_DECISION_LOG] = '{"uri": "s3://audit", "maxDelaySeconds": 0}'
    child = started(variables, tmp_path / "server.log")

    assert child.wait(30) == 1
    assert logged(child)[-1]["reason"].startswith("CHECKRAIL_DECISION_LOG is not valid: ")
