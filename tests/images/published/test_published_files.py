"""What the trainer publishes of real flights: every file, and what each says of the others."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np
import onnx
import onnxruntime
import pytest
import xgboost

from checkrail_api.artifact import Manifest, Metrics, Profile
from checkrail_api.reports import Signature
from harness import trainer
from harness.flight_delays import FLIGHTS, METRICS

if TYPE_CHECKING:
    from harness.object_store import ObjectStoreServer

pytestmark = pytest.mark.images


def prefix(published: trainer.Ended) -> str:
    return f"{published.report['artifact']['uri']}/"


def test_the_artifact_is_whole_and_the_manifest_describes_every_file(
    published: trainer.Ended, lake: ObjectStoreServer
) -> None:
    folder = prefix(published)
    manifest = Manifest.model_validate_json(lake.get(f"{folder}manifest.json"))
    bodies = {each.name: lake.get(f"{folder}{each.name}") for each in manifest.components}

    assert lake.keys(folder) == trainer.FILES
    assert sorted([*bodies, "manifest.json"]) == trainer.FILES
    assert {each.name: (each.sha256, each.size_bytes) for each in manifest.components} == {
        name: (hashlib.sha256(body).hexdigest(), len(body)) for name, body in bodies.items()
    }
    assert manifest.sha256 == hashlib.sha256(bodies["model.onnx"]).hexdigest()
    assert folder == f"s3://models/team-a/flight-delays/{manifest.sha256}/"


def test_the_report_says_what_the_files_say(
    published: trainer.Ended, lake: ObjectStoreServer
) -> None:
    report, folder = published.report, prefix(published)
    metrics = Metrics.model_validate_json(lake.get(f"{folder}metrics.json"))
    signature = Signature.model_validate_json(lake.get(f"{folder}signature.json"))

    assert published.message_bytes <= 4096
    assert [each["name"] for each in report["metrics"]] == METRICS
    assert report["metrics"] == [each.dump() for each in metrics.metrics]
    assert report["signature"] == signature.dump()
    assert 0.6 < float(report["metrics"][0]["value"]) < 0.8
    assert report["rows"]["train"] > report["rows"]["holdout"] > 1000
    assert report["parity"]["flips"] == 0
    assert report["parity"]["rows"] > report["rows"]["holdout"]
    assert [(each["source"], each["rows"]) for each in report["data"]] == [
        ("flights", 14_032),
        ("weather", 26_115),
    ]


def test_the_inputs_of_the_model_are_the_raw_features(
    published: trainer.Ended, lake: ObjectStoreServer
) -> None:
    session = onnxruntime.InferenceSession(lake.get(f"{prefix(published)}model.onnx"))
    kinds = {"tensor(float)": "FP32", "tensor(string)": "BYTES", "tensor(int64)": "INT64"}

    assert published.report["signature"]["inputs"] == [
        {"name": each.name, "datatype": kinds[each.type], "shape": [-1, 1]}
        for each in session.get_inputs()
    ]
    assert [each.name for each in session.get_inputs()] == FLIGHTS["features"]
    assert [(each.name, kinds[each.type], len(each.shape)) for each in session.get_outputs()] == [
        ("label", "INT64", 1),
        ("probabilities", "FP32", 2),
    ]


def test_only_operators_that_the_server_takes_are_used(
    published: trainer.Ended, lake: ObjectStoreServer
) -> None:
    model = onnx.load_from_string(lake.get(f"{prefix(published)}model.onnx"))

    assert {node.domain for node in model.graph.node} <= {"", "ai.onnx.ml"}
    assert {each.domain: each.version for each in model.opset_import} == {"": 21, "ai.onnx.ml": 3}
    assert published.report["artifact"]["opset"] == 21


def test_the_published_model_answers_as_the_native_one(
    published: trainer.Ended, lake: ObjectStoreServer
) -> None:
    """Score rows that no test of the trainer has seen, encoded here by hand."""
    folder = prefix(published)
    profile = Profile.model_validate_json(lake.get(f"{folder}profile.json"))
    known = {each.name: each.categories for each in profile.features}
    carriers, origins = known["carrier"], known["origin"]
    random = np.random.default_rng(1)
    rows = 500
    numbers = {
        "hour": random.integers(0, 24, rows),
        "distance": random.uniform(80, 5000, rows),
        "wind_gust": np.where(random.random(rows) < 0.5, np.nan, random.uniform(10, 60, rows)),
    }
    texts = {
        "carrier": random.choice([*carriers, "ZZ"], rows).astype(object),
        "origin": random.choice([*origins, ""], rows).astype(object),
    }
    inputs = {name: each.astype(np.float32)[:, None] for name, each in numbers.items()}
    matrix = np.hstack(
        [
            *inputs.values(),
            texts["carrier"][:, None] == np.asarray(carriers),
            texts["origin"][:, None] == np.asarray(origins),
        ]
    ).astype(np.float32)
    booster = xgboost.Booster(model_file=bytearray(lake.get(f"{folder}native/model.ubj")))
    session = onnxruntime.InferenceSession(lake.get(f"{folder}model.onnx"))

    labels, scores = session.run(None, inputs | {key: each[:, None] for key, each in texts.items()})

    native = booster.predict(xgboost.DMatrix(matrix))
    np.testing.assert_allclose(scores[:, 1], native, atol=1e-6)
    np.testing.assert_array_equal(labels, (native > 0.5).astype(np.int64))
    assert 0 < labels.sum() < rows


def test_the_provenance_names_every_file_and_input_and_nothing_of_the_attempt(
    published: trainer.Ended, lake: ObjectStoreServer
) -> None:
    line = lake.get(f"{prefix(published)}provenance.intoto.jsonl")
    statement = json.loads(line)
    definition = statement["predicate"]["buildDefinition"]

    assert line.count(b"\n") == 1
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    assert [each["name"] for each in statement["subject"]] == [
        name for name in trainer.FILES if name not in ("manifest.json", "provenance.intoto.jsonl")
    ]
    assert definition["externalParameters"]["train"]["seed"] == 7
    assert definition["internalParameters"] == {"threads": 1, "workers": 1, "shardRule": "all"}
    assert [each["uri"] for each in definition["resolvedDependencies"][:3]] == [
        "s3://lake/flights/*.parquet",
        "s3://lake/weather.csv",
        "checkrail-trainer:test",
    ]
    assert b'"attempt"' not in line
    assert b'"uid"' not in line


def test_the_record_holds_what_the_files_say_of_every_feature_and_file(
    published: trainer.Ended, lake: ObjectStoreServer
) -> None:
    folder, record = prefix(published), published.record
    manifest = lake.get(f"{folder}manifest.json")
    profile = Profile.model_validate_json(lake.get(f"{folder}profile.json"))
    metrics = Metrics.model_validate_json(lake.get(f"{folder}metrics.json"))

    assert record is not None
    assert published.report["manifestSha256"] == hashlib.sha256(manifest).hexdigest()
    assert record.components == Manifest.model_validate_json(manifest).components
    assert record.metrics == metrics.metrics
    assert record.signature.dump() == published.report["signature"]
    assert [each.dump() for each in record.data] == published.report["data"]
    assert [each.dump() for each in record.versions] == published.report["versions"]
    assert [(each.column, each.op) for each in record.filters] == [("late", "NotNull")]
    assert sum(published.report["rows"].values()) < record.filters[0].rows < 14_032
    assert [(each.name, each.null_rate, each.min, each.max) for each in record.features] == [
        (each.name, each.null_rate, each.min, each.max) for each in profile.features
    ]
    assert {each.name: each.category_count for each in record.features} == {
        "hour": None,
        "carrier": 15,
        "distance": None,
        "wind_gust": None,
        "origin": 3,
    }
    assert record.features[4].categories == ["EWR", "JFK", "LGA"]
    assert record.scores is not None
    assert record.scores.output == profile.score_output
    assert [float(edge) for edge in record.scores.edges] == profile.score_edges
