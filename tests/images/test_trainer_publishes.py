"""The trainer as a process on real flights: what it publishes, and that it does so once."""

from __future__ import annotations

import hashlib
import json
import signal
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnxruntime
import pytest
import xgboost

from checkrail_api.artifact import Manifest, Metrics, Profile
from checkrail_api.reports import Phase, Signature
from harness import trainer
from harness.training_world import TrainingWorld
from harness.training_world import spec as run_of

if TYPE_CHECKING:
    from pathlib import Path

    from harness.object_store import ObjectStoreServer

pytestmark = pytest.mark.images

FLIGHTS: dict[str, Any] = {
    "sources": [
        {"name": "flights", "uri": "s3://lake/flights/*.parquet"},
        {"name": "weather", "uri": "s3://lake/weather.csv"},
    ],
    "query": """
        SELECT f.*, f.arr_delay > 15 AS late, TRY_CAST(w.wind_gust AS DOUBLE) AS wind_gust
        FROM flights f LEFT JOIN weather w USING (origin, time_hour)
    """,
    "filters": [{"column": "late", "op": "NotNull"}],
    "label": "late",
    "features": ["hour", "carrier", "distance", "wind_gust", "origin"],
    "key": "flight_id",
    "timeColumn": "time_hour",
    "holdout": {"strategy": "DateRange", "from": "2013-06-01", "to": "2013-07-01"},
}
METRICS = ["roc_auc", "pr_auc", "log_loss", "brier", "accuracy", "f1"]


@pytest.fixture(scope="module")
def spec(lake: ObjectStoreServer) -> dict[str, Any]:
    return trainer.run_spec(
        lake,
        model="flight-delays",
        data=FLIGHTS,
        train={
            "workflow": "xgboost-classifier",
            "params": {"n_estimators": 40, "max_depth": 4, "subsample": 0.8},
            "seed": 7,
        },
        evaluation={"metrics": METRICS},
    )


@pytest.fixture(scope="module")
def published(
    spec: dict[str, Any], lake: ObjectStoreServer, tmp_path_factory: pytest.TempPathFactory
) -> trainer.Ended:
    return trainer.publish(spec, lake, tmp_path_factory.mktemp("published"))


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


def test_progress_visits_every_phase_and_only_grows(published: trainer.Ended) -> None:
    phases = [each["phase"] for each in published.progress]
    percents = [each["percent"] for each in published.progress]

    assert list(dict.fromkeys(phases)) == [each.value for each in Phase]
    assert percents == sorted(percents)
    assert all(each["event"] == "progress" for each in published.progress)


def test_the_log_says_how_much_memory_the_run_took(published: trainer.Ended) -> None:
    said = {each["message"]: each for each in map(json.loads, published.log.splitlines())}
    rows = published.report["rows"]["train"]

    # Three numbers, 15 carriers and 3 origins are the columns of the matrix.
    assert said["trained"]["matrix_bytes"] == rows * 21 * 4
    assert 100 * 2**20 < said["run ended"]["peak_rss_bytes"] < 2 * 2**30


def test_no_library_reports_the_model_to_its_maker(published: trainer.Ended) -> None:
    """With its telemetry on, ONNX Runtime warns that it has no home to keep an identity in."""
    assert "telemetry" not in published.log


def test_a_repeated_run_finds_its_own_bytes_and_writes_nothing(
    spec: dict[str, Any], published: trainer.Ended, lake: ObjectStoreServer, tmp_path: Path
) -> None:
    """Another job, another attempt, the same inputs: the same digest."""
    other = {**spec, "attempt": 3, "job": {**spec["job"], "name": "again", "uid": "1-1"}}
    before = lake.modified("s3://models/")

    ended = trainer.train(other, lake, tmp_path)

    assert ended.report == published.report
    assert lake.modified("s3://models/") == before


def test_sigterm_ends_a_run_at_once(
    spec: dict[str, Any], lake: ObjectStoreServer, tmp_path: Path
) -> None:
    params = {"n_estimators": 5000, "max_depth": 10}
    endless = {**spec, "train": {"workflow": "xgboost-classifier", "params": params, "seed": 7}}
    process = trainer.start(endless, lake, tmp_path)
    trainer.wait_for_phase(process, Phase.TRAINING, percent=21)

    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=5)

    assert process.returncode == 128 + signal.SIGTERM
    assert not (tmp_path / "termination-log").exists()


def test_an_export_beyond_the_bounds_publishes_nothing(
    spec: dict[str, Any], lake: ObjectStoreServer, tmp_path: Path
) -> None:
    """No two implementations agree to the last bit, so a bound of 0 must fail."""
    strict = {
        **spec,
        "evaluation": {"metrics": ["roc_auc"], "parity": {"maxAbsDiff": "0", "maxFlips": 0}},
        "store": {**spec["store"], "uri": "s3://models/strict"},
    }

    ended = trainer.train(strict, lake, tmp_path)

    found = ended.report["parity"]
    assert ended.failure == (12, "ParityFailed")
    assert f"a score {found['maxAbsDiff']}, allowed 0; 0 labels differ" in ended.report["message"]
    assert found["rows"] > found["flips"] == 0
    assert [each["name"] for each in ended.report["metrics"]] == ["roc_auc"]
    assert lake.keys("s3://models/strict/") == []


async def test_the_operator_writes_the_whole_version_from_what_the_trainer_left(
    published: trainer.Ended,
) -> None:
    world = TrainingWorld()
    world.apply(run_of(model="flight-delays"))
    await world.run_pass()
    pod = world.pod_ends(0, json.dumps(published.report))
    world.cluster.logs[pod["metadata"]["name"]] = "\n".join(published.lines)

    await world.run_pass()

    (version,) = world.cluster.of_kind("ModelVersion")
    left = published.record
    assert left is not None
    told = json.loads(left.model_dump_json(by_alias=True, exclude_none=True))
    spec, provenance = version["spec"], version["spec"]["provenance"]
    judged, made = ("signature", "components", "features", "gates", "metrics"), ("data", "filters")
    assert {part: spec[part] for part in judged} == {part: told[part] for part in judged}
    assert {part: provenance[part] for part in made} == {part: told[part] for part in made}
    assert provenance["versions"] == told["versions"]
    assert world.condition("Complete") == ("True", "Published")
    assert [event.reason for event in world.cluster.events] == ["Published"]
