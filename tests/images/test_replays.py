"""``checkrail replay``: the same model again, nearly the same, or another one, and why."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from checkrail_api.artifact import Manifest
from checkrail_api.kind import API_VERSION
from checkrail_api.names import model_version_name
from checkrail_trainer.commands import carry_out, parser
from harness import trainer
from harness.control_plane import free_ports

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.object_store import ObjectStoreServer

pytestmark = pytest.mark.images

ROWS = 1200
SHIFTED = """
import os
import numpy as np
from onnx import TensorProto, helper, numpy_helper
from checkrail_trainer.workflow import Fitted, Numbers, Task, Workflow

class Shifted(Workflow):
    task = Task.REGRESSION
    numbers = Numbers.IMPUTED

    def fit(self, train):
        return FittedShifted(train.matrix.shape[1], np.float32(os.environ["SHIFT"]))

class FittedShifted(Fitted):
    def __init__(self, columns, shift):
        self.columns, self.shift = columns, shift

    def scores(self, matrix):
        return np.full(len(matrix), self.shift, np.float64)

    def onnx(self):
        zero = numpy_helper.from_array(np.zeros((self.columns, 1), np.float32), "zero")
        shift = numpy_helper.from_array(np.asarray([self.shift]), "shift")
        nodes = [
            helper.make_node("MatMul", ["matrix", "zero"], ["flat"]),
            helper.make_node("Add", ["flat", "shift"], ["prediction"]),
        ]
        kind = TensorProto.FLOAT
        inputs = [helper.make_tensor_value_info("matrix", kind, [None, self.columns])]
        outputs = [helper.make_tensor_value_info("prediction", kind, [None, 1])]
        graph = helper.make_graph(nodes, "shifted", inputs, outputs, [zero, shift])
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)])
"""
"""A workflow that a variable of its pod decides about."""
EXAMPLE = yaml.safe_load((Path(__file__).parents[2] / "examples" / "replay.yaml").read_text())


def measurements(seed: int) -> bytes:
    """Answer rows of two numbers and a text that decide a label, with noise."""
    random = np.random.default_rng(seed)
    first, second = random.normal(size=ROWS), random.normal(size=ROWS)
    group = random.choice(["a", "b", "c"], ROWS)
    late = first + 0.5 * second + (group == "a") + random.normal(size=ROWS) > 0
    table = pa.table(
        {"id": np.arange(ROWS), "first": first, "second": second, "group": group, "late": late}
    )
    body = io.BytesIO()
    pq.write_table(table, body)
    return body.getvalue()


@pytest.fixture(scope="module")
def spec(lake: ObjectStoreServer) -> dict[str, Any]:
    lake.put("s3://lake/replay/measurements.parquet", measurements(1))
    lake.put("s3://lake/replay/kept.csv", b"group\na\nb\n")
    resolved = trainer.run_spec(
        lake,
        data={
            "sources": [
                {"name": "measured", "uri": "s3://lake/replay/measurements.parquet"},
                {"name": "kept", "uri": "s3://lake/replay/kept.csv"},
            ],
            "query": 'SELECT m.* FROM measured m JOIN kept k USING ("group")',
            "filters": [{"column": "first", "op": "Gt", "value": "-2"}],
            "label": "late",
            "key": "id",
            "holdout": {"strategy": "Hash", "fraction": "0.4"},
        },
        train={
            "workflow": "xgboost-classifier",
            "params": {"n_estimators": 20, "max_depth": 4, "subsample": 0.8},
            "seed": 7,
        },
        evaluation={"metrics": ["roc_auc"], "gates": [{"metric": "roc_auc", "min": "0.6"}]},
    )
    return {**resolved, "store": {**resolved["store"], "uri": "s3://models/replay"}}


@pytest.fixture(scope="module")
def published(
    spec: dict[str, Any], lake: ObjectStoreServer, tmp_path_factory: pytest.TempPathFactory
) -> trainer.Ended:
    ended = trainer.train(spec, lake, tmp_path_factory.mktemp("published"))
    assert ended.code == 0, ended.log
    return ended


@pytest.fixture
def replay(
    lake: ObjectStoreServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., tuple[int, dict[str, Any]]]:
    """A function that runs the command within this process and answers code and result."""
    for key, value in lake.credentials.items():
        for prefix in ("CHECKRAIL_DATA_", "CHECKRAIL_STORE_", "CHECKRAIL_SOURCE_1_"):
            monkeypatch.setenv(f"{prefix}{key}", value)
    monkeypatch.setenv("CHECKRAIL_SCRATCH_DIR", str(tmp_path / "scratch"))
    there = [f"--endpoint={lake.endpoint}", f"--region={lake.region}", "--addressing-style=Path"]

    def run(source: str, *options: str) -> tuple[int, dict[str, Any]]:
        out = io.StringIO()
        code = carry_out(parser().parse_args(["replay", source, *there, *options]), out)
        return code, json.loads(out.getvalue())

    return run


def uri(published: trainer.Ended) -> str:
    return str(published.report["artifact"]["uri"])


def model_version(published: trainer.Ended) -> dict[str, Any]:
    """The ModelVersion of a run, as the operator would write it."""
    artifact, record = published.report["artifact"], published.record
    assert record is not None
    return {
        "apiVersion": API_VERSION,
        "kind": "ModelVersion",
        "metadata": {"name": model_version_name("model", artifact["sha256"])},
        "spec": {
            "model": "model",
            "artifact": artifact,
            "components": [each.dump() for each in record.components],
            "store": {"credentialsSecretRef": {"name": "s3"}},
        },
    }


def test_the_same_run_gives_the_same_bytes(
    published: trainer.Ended, lake: ObjectStoreServer, tmp_path: Path
) -> None:
    """The command of examples/replay.yaml, with the ModelVersion as kubectl would pipe it."""
    container = EXAMPLE["spec"]["template"]["spec"]["containers"][0]
    here = {
        "checkrail": str(Path(sys.executable).with_name("checkrail")),
        "/replay/version.yaml": "-",
        "--endpoint=http://s3.default.svc:9000": f"--endpoint={lake.endpoint}",
    }
    command = container["command"]
    prefixes = [each["prefix"] for each in container["envFrom"]]
    variables = {
        **os.environ,
        "CHECKRAIL_SCRATCH_DIR": str(tmp_path),
        **{
            f"{prefix}{key}": value
            for prefix in prefixes
            for key, value in lake.credentials.items()
        },
    }

    done = subprocess.run(
        [here.get(each, each) for each in command],
        input=json.dumps(model_version(published)),
        capture_output=True,
        text=True,
        check=False,
        env=variables,
    )

    sha256 = published.report["artifact"]["sha256"]
    assert here.keys() < set(command)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "verdict": "BitIdentical",
        "uri": uri(published),
        "sha256": sha256,
        "replayedSha256": sha256,
        "differences": [],
    }
    assert list(tmp_path.iterdir()) == []


def test_variables_of_the_run_are_those_of_its_replay(
    spec: dict[str, Any],
    replay: Any,
    lake: ObjectStoreServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "shifted.py").write_text(SHIFTED)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("SHIFT", "2")
    shifted = {
        **spec,
        "data": {**spec["data"], "label": "second"},
        "train": {"workflow": "shifted:Shifted"},
        "evaluation": {},
        "env": {"SHIFT": "0.5"},
    }
    variables = {"PYTHONPATH": str(tmp_path), **shifted["env"]}
    before = trainer.train(shifted, lake, tmp_path / "run", variables)
    assert before.code == 0, before.log

    code, said = replay(uri(before))

    assert (code, said["verdict"]) == (0, "BitIdentical")


def test_another_number_of_threads_gives_other_bytes_that_say_the_same(
    published: trainer.Ended, replay: Any, tmp_path: Path
) -> None:
    """Threads are part of what defines a run: they may change sums, and so a digest."""
    path = tmp_path / "version.yaml"
    path.write_text(yaml.safe_dump(model_version(published)))

    code, said = replay(str(path), "--threads=2")

    assert (code, said["verdict"]) == (0, "WithinTolerance")
    assert said["firstDifference"] == "threads: 1 recorded, 2 here"
    assert said["replayedSha256"] != said["sha256"] == published.report["artifact"]["sha256"]
    assert said["rows"] == published.report["rows"]["holdout"]
    assert (float(said["maxAbsDiff"]) <= 1e-4, said["flips"]) == (True, 0)


def test_a_model_that_its_provenance_did_not_make_is_told_by_its_first_row(
    published: trainer.Ended,
    spec: dict[str, Any],
    replay: Any,
    lake: ObjectStoreServer,
    tmp_path: Path,
) -> None:
    """The files of two runs under one manifest: every digest is right, the claim is not."""
    other = trainer.train({**spec, "train": {**spec["train"], "seed": 8}}, lake, tmp_path)
    assert other.code == 0, other.log
    statement = lake.get(f"{uri(published)}/provenance.intoto.jsonl")
    claimed = swapped(lake, uri(other), statement)

    code, said = replay(claimed)

    assert (code, said["verdict"]) == (1, "Diverged")
    assert said["firstDifference"].startswith("row ")
    assert "in the run's order: its score differs by" in said["firstDifference"]
    assert float(said["maxAbsDiff"]) > 1e-4
    assert said["differences"] == []


def swapped(lake: ObjectStoreServer, model: str, statement: bytes) -> str:
    """Publish the model of an artifact with another provenance."""
    manifest = Manifest.model_validate_json(lake.get(f"{model}/manifest.json"))
    claimed = f"s3://models/claimed/{manifest.sha256}"
    components = [
        each.model_copy(
            update={"sha256": hashlib.sha256(statement).hexdigest(), "size_bytes": len(statement)}
        )
        if each.name == "provenance.intoto.jsonl"
        else each
        for each in manifest.components
    ]
    body = manifest.model_copy(update={"components": components}).model_dump_json(by_alias=True)
    lake.put(f"{claimed}/manifest.json", body.encode())
    lake.put(f"{claimed}/model.onnx", lake.get(f"{model}/model.onnx"))
    lake.put(f"{claimed}/provenance.intoto.jsonl", statement)
    return claimed


def test_variables_that_no_run_may_set_are_not_set_for_a_claim(
    published: trainer.Ended, replay: Any, lake: ObjectStoreServer
) -> None:
    statement = json.loads(lake.get(f"{uri(published)}/provenance.intoto.jsonl"))
    parameters = statement["predicate"]["buildDefinition"]["externalParameters"]
    parameters["env"] = {"A": "1", "https_proxy": "http://elsewhere"}

    code, answer = replay(swapped(lake, uri(published), json.dumps(statement).encode()))

    assert (code, answer["reason"]) == (10, "ArtifactConflict")
    assert "the variable https_proxy, which no run may set" in answer["message"]
    assert "A" not in os.environ


def test_a_source_that_has_changed_is_named_before_anything_is_read(
    published: trainer.Ended, replay: Any, lake: ObjectStoreServer
) -> None:
    before = lake.get("s3://lake/replay/measurements.parquet")
    lake.put("s3://lake/replay/measurements.parquet", measurements(2))

    code, said = replay(uri(published))
    lake.put("s3://lake/replay/measurements.parquet", before)

    etag = published.report["data"][0]["etag"]
    assert (code, said["verdict"]) == (1, "Diverged")
    assert said["firstDifference"].startswith(
        "source `measured` (s3://lake/replay/measurements.parquet) has changed: "
        f"ETag {etag} of {len(before)} bytes recorded, "
    )
    assert "replayedSha256" not in said


def test_a_source_that_is_gone_is_named(
    published: trainer.Ended, replay: Any, lake: ObjectStoreServer
) -> None:
    before = lake.get("s3://lake/replay/kept.csv")
    lake.client().delete_object(Bucket="lake", Key="replay/kept.csv")

    code, said = replay(uri(published))
    lake.put("s3://lake/replay/kept.csv", before)

    assert (code, said["verdict"]) == (1, "Diverged")
    assert said["firstDifference"].startswith(
        "a source is gone: s3://lake/replay/kept.csv matches no object"
    )


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        pytest.param({"kind": "TrainingJob"}, "holds TrainingJob; expected one", id="kind"),
        pytest.param({"spec": {"model": "m"}}, "that this release cannot read", id="spec"),
        pytest.param(
            {"components": [{"name": "model.onnx", "sha256": "0" * 64}]},
            "another manifest than its ModelVersion: it was replaced",
            id="components",
        ),
    ],
)
def test_what_is_not_the_model_version_that_was_published_is_refused(
    published: trainer.Ended, replay: Any, tmp_path: Path, changed: dict[str, Any], said: str
) -> None:
    version = model_version(published)
    if components := changed.pop("components", None):
        version["spec"]["components"] = [version["spec"]["components"][0] | components[0]]
    path = tmp_path / "version.json"
    path.write_text(json.dumps(version | changed))

    code, answer = replay(str(path))

    assert (code, answer["outcome"]) == (10, "Failed")
    assert said in answer["message"]


def test_an_artifact_that_is_none_is_refused(replay: Any) -> None:
    code, answer = replay(f"s3://models/replay/model/{'0' * 64}")

    assert (code, answer["reason"]) == (10, "ArtifactConflict")
    assert "holds no manifest.json, so no artifact is published there" in answer["message"]


def test_a_file_that_was_replaced_is_refused(
    published: trainer.Ended, replay: Any, lake: ObjectStoreServer
) -> None:
    """The model of another run, with that run's manifest, under the digest of this one."""
    replaced = f"s3://models/replaced/{published.report['artifact']['sha256']}"
    lake.put(f"{replaced}/manifest.json", lake.get(f"{uri(published)}/manifest.json"))
    lake.put(f"{replaced}/model.onnx", b"another model")

    code, answer = replay(replaced)

    assert (code, answer["reason"]) == (10, "ArtifactConflict")
    assert "no model.onnx of the digest that its manifest states" in answer["message"]


def test_a_store_that_is_away_says_nothing_about_the_model(
    published: trainer.Ended, replay: Any
) -> None:
    nobody = f"http://127.0.0.1:{free_ports(1)[0]}"

    code, answer = replay(uri(published), f"--source-endpoint=kept={nobody}")

    assert (code, answer["reason"]) == (20, "StoreUnavailable")
    assert "verdict" not in answer


def test_a_source_that_the_run_does_not_have_is_refused(
    published: trainer.Ended, replay: Any
) -> None:
    code, answer = replay(uri(published), "--source-endpoint=keep=http://elsewhere:9000")

    assert (code, answer["reason"]) == (10, "InvalidSpec")
    assert "has no source `keep`: did you mean `kept`?" in answer["message"]
