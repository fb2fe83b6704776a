"""A workflow of a user's image: the example as it is written, and one that misbehaves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from checkrail_api.training_job import TrainingJobSpec
from harness import trainer

if TYPE_CHECKING:
    from harness.object_store import ObjectStoreServer

pytestmark = pytest.mark.images

EXAMPLE = Path(__file__).parents[2] / "examples" / "custom-workflow"
NOISY = """
import os, sys, warnings
print('{"event": "progress", "phase": "Publishing", "percent": 100}')
os.write(1, b"half a line")
warnings.warn("careful")

from delays.bayes import NaiveBayes

class Noisy(NaiveBayes):
    def fit(self, train):
        print("rows", len(train.labels))
        os.system("echo from a child")
        raise ValueError(f"{train.matrix[0]} is too much")
"""
LOUD = {"PYTHONWARNINGS": "default"}


def spec(lake: ObjectStoreServer, **train: Any) -> dict[str, Any]:
    """The example's run on the tables of the tests."""
    written = yaml.safe_load((EXAMPLE / "training-job.yaml").read_text())["spec"]
    example = TrainingJobSpec.model_validate(written).dump()
    data = {
        **example["data"],
        "sources": [{"name": "flights", "uri": "s3://lake/flights/*.parquet"}],
    }
    del data["objectStore"]
    return trainer.run_spec(
        lake,
        model=example["model"],
        data=data,
        train={"seed": 0, **example["train"], **train},
        evaluation=example["evaluation"],
    )


def test_the_example_is_trained_judged_and_published(
    lake: ObjectStoreServer, tmp_path: Path
) -> None:
    ended = trainer.train(spec(lake), lake, tmp_path, {"PYTHONPATH": str(EXAMPLE)})

    assert ended.code == 0, ended.log
    report = ended.report
    files = [key.rpartition("/")[2] for key in lake.keys(report["artifact"]["uri"])]
    assert "model.onnx" in files
    assert not any("native" in each for each in files)
    assert 0.55 < float(report["metrics"][0]["value"]) < 0.8
    assert report["parity"]["flips"] == 0
    assert report["parity"]["rows"] > 2000
    assert {each["name"] for each in report["versions"]} >= {"scikit-learn", "skl2onnx"}
    assert [(each["name"], each["datatype"]) for each in report["signature"]["inputs"]] == [
        ("scheduled", "FP64"),
        ("carrier", "BYTES"),
        ("origin", "BYTES"),
        ("distance", "FP32"),
    ]


def test_what_a_workflow_prints_is_no_progress_and_what_it_raises_is_final(
    lake: ObjectStoreServer, tmp_path: Path
) -> None:
    (tmp_path / "noisy.py").write_text(NOISY)
    path = {"PYTHONPATH": f"{EXAMPLE}:{tmp_path}", **LOUD}

    ended = trainer.train(spec(lake, workflow="noisy:Noisy"), lake, tmp_path, path)

    assert (ended.code, ended.report["reason"]) == (10, "BadWorkflow")
    assert "fit raised ValueError at fit, line" in ended.report["message"]
    assert "of noisy.py" in ended.report["message"]
    assert "too much" not in ended.report["message"]
    events = [json.loads(line) for line in ended.lines]
    assert {each["phase"] for each in events} == {"Fetching", "Training"}
    for said in ("half a line", "careful", "rows ", "from a child", "is too much"):
        assert said in ended.log
