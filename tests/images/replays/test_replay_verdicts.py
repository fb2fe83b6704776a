"""``checkrail replay``: the same model again, nearly the same, or another one, and why."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from harness import trainer
from harness.replays import measurements, model_version, swapped, uri

if TYPE_CHECKING:
    from harness.object_store import ObjectStoreServer

pytestmark = pytest.mark.images
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
EXAMPLE = yaml.safe_load((Path(__file__).parents[3] / "examples" / "replay.yaml").read_text())


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
    before = trainer.publish(shifted, lake, tmp_path / "run", variables)

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
    other = trainer.publish({**spec, "train": {**spec["train"], "seed": 8}}, lake, tmp_path)
    statement = lake.get(f"{uri(published)}/provenance.intoto.jsonl")
    claimed = swapped(lake, uri(other), statement)

    code, said = replay(claimed)

    assert (code, said["verdict"]) == (1, "Diverged")
    assert said["firstDifference"].startswith("row ")
    assert "in the run's order: its score differs by" in said["firstDifference"]
    assert float(said["maxAbsDiff"]) > 1e-4
    assert said["differences"] == []


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
