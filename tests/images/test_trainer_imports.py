"""What the processes of a run load, and what they have no use for."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.images


def test_the_parity_process_loads_nothing_that_trains() -> None:
    code = "import json, sys, checkrail_trainer.parity_process; print(json.dumps([*sys.modules]))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert {"numpy", "onnxruntime"} <= loaded
    assert loaded & {"xgboost", "sklearn", "onnx", "skl2onnx", "duckdb"} == set()


def test_xgboost_trains_without_scikit_learn_and_onnx_runtime() -> None:
    """6 s of every run for an interface that is not used, and 18 MiB for a matrix that is there."""
    code = (
        "import json, sys, numpy as np\n"
        "from checkrail_trainer.workflow import Frame\n"
        "from checkrail_trainer.workflows import workflow_class\n"
        "rows = np.eye(8, dtype=np.float32)\n"
        "frame = Frame(rows, (), np.arange(8) % 2, 2, seed=7, threads=1, advance=lambda _: None)\n"
        "workflow_class('xgboost-classifier')({'n_estimators': 2}).fit(frame).onnx()\n"
        "print(json.dumps([*sys.modules]))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert "xgboost" in loaded
    assert loaded & {"sklearn", "skl2onnx", "onnxruntime", "pandas"} == set()
