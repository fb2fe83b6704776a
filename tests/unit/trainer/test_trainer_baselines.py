"""Which published versions can be compared with, by the limited process that opens them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from checkrail_api.reasons import Reason
from checkrail_trainer import baselines
from checkrail_trainer.baseline_files import read_column, write_column
from checkrail_trainer.baseline_scores import rivals
from checkrail_trainer.baselines import open_baselines, without_credentials
from checkrail_trainer.environment import Environment
from checkrail_trainer.failures import RunFailedError
from harness.baseline_models import (
    FLOAT,
    PLACES,
    REGRESSION,
    SHARES,
    baseline,
    classifier,
    onnx_model,
)
from harness.run_files import small_run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "model", [b"", classifier()[:-40]], ids=["nothing", "the beginning of a model"]
)
def test_what_onnx_runtime_cannot_open_is_a_bad_baseline(model: bytes, tmp_path: Path) -> None:
    with pytest.raises(RunFailedError, match="ONNX Runtime cannot describe") as refused:
        baseline(model, tmp_path)

    assert refused.value.reason is Reason.BAD_BASELINE


def test_a_model_cannot_read_files_beside_it(tmp_path: Path) -> None:
    """Weights in a file of their own could be any file that the process may read."""
    (tmp_path / "secret").write_bytes(SHARES.tobytes())
    (tmp_path / "model").mkdir()
    model = onnx.load_from_string(classifier())
    weight = next(each for each in model.graph.initializer if each.name == "one")
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="../secret")
    weight.external_data.add(key="length", value="4")

    with pytest.raises(RunFailedError) as refused:
        baseline(model.SerializeToString(), tmp_path / "model")

    assert refused.value.reason is Reason.BAD_BASELINE


def test_a_model_that_needs_more_memory_than_is_left_asks_for_the_next_rung(
    tmp_path: Path,
) -> None:
    huge = onnx_model(
        [
            helper.make_node("Expand", ["x", "shape"], ["wide"]),
            helper.make_node("ReduceSum", ["wide", "axis"], ["prediction"], keepdims=1),
        ],
        [helper.make_tensor_value_info("x", FLOAT, ["rows", 1])],
        [helper.make_tensor_value_info("prediction", FLOAT, ["rows", 1])],
        {"shape": np.array([1, 10**9]), "axis": np.array([1])},
    )

    with pytest.raises(RunFailedError) as refused:
        rivals([baseline(huge, tmp_path, memory_bytes=2**29)], REGRESSION, threads=1)

    assert refused.value.reason is Reason.OOM_KILLED
    assert "needs more than the 536870912 bytes that are left for it" in refused.value.message


def test_a_model_that_takes_too_long_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baselines, "SECONDS", 0.01)

    with pytest.raises(RunFailedError, match=r"took more than 0\.01 s to describe") as refused:
        baseline(classifier(), tmp_path)

    assert refused.value.reason is Reason.BAD_BASELINE


def test_the_process_meets_no_credentials() -> None:
    variables = {
        "PATH": "/usr/bin",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/token",
        "CHECKRAIL_STORE_AWS_SECRET_ACCESS_KEY": "secret",
    }

    assert without_credentials(variables) == {"PATH": "/usr/bin"}


def test_text_survives_the_way_to_the_process(tmp_path: Path) -> None:
    write_column(tmp_path, "0", PLACES)

    read = read_column(tmp_path, "0", "tensor(string)")

    assert read(slice(1, 4)).tolist() == ["", "Zürich \N{AIRPLANE}", "JFK"]


def test_what_serves_is_not_taken_for_nothing_where_the_run_file_does_not_say(
    tmp_path: Path,
) -> None:
    run = small_run(evaluation={"gates": [{"metric": "roc_auc", "notWorseThan": "Serving"}]})
    environment = Environment(tmp_path, tmp_path, tmp_path, None, None, {})
    told = run.model_copy(update={"baselines": []})

    with (
        pytest.raises(RunFailedError, match="the run file has no baselines") as failed,
        open_baselines(run, environment),
    ):
        pass
    with open_baselines(told, environment) as found:
        assert (failed.value.reason, found) == (Reason.INVALID_SPEC, [])
