"""Which published versions can be compared with, by the limited process that opens them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from checkrail_api.object_store import ObjectStore
from checkrail_api.reasons import Reason
from checkrail_api.run import BaselineModel, Run
from checkrail_api.workflows import Task
from checkrail_trainer import baselines
from checkrail_trainer.baseline_files import read_column, write_column
from checkrail_trainer.baseline_scores import rivals
from checkrail_trainer.baselines import (
    MEMORY_BYTES,
    Baseline,
    Port,
    open_baselines,
    opened,
    without_credentials,
)
from checkrail_trainer.classes import Classes
from checkrail_trainer.environment import Environment
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.prepared import Prepared
from checkrail_trainer.table import Categories, Table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FLOAT, TEXT, INT = TensorProto.FLOAT, TensorProto.STRING, TensorProto.INT64
GIVEN = BaselineModel(
    reference="Serving",
    version="model-11111111",
    uri="s3://models/model",
    sha256="1" * 64,
    store=ObjectStore(),
)
SHARES = np.array([0.9, 0.2, 0.4, 0.7], dtype=np.float32)
PLACES = Categories(
    codes=np.array([0, 1, 2, 0], dtype=np.int32),
    values=np.array(["JFK", "", "Zürich \N{AIRPLANE}"], dtype=object),
)


def classifier(
    inputs: Mapping[str, tuple[int, list[Any]]] | None = None, labels: list[Any] | None = None
) -> bytes:
    """Return a model that answers 1 - x and x, and their labels; it reads its first input only."""
    asked = inputs or {"x": (FLOAT, ["rows", 1])}
    values = np.array([0, 1] if labels is None else labels)
    first = next(iter(asked))
    nodes = [
        helper.make_node("Cast", [first], ["cast"], to=FLOAT),
        helper.make_node("Reshape", ["cast", "column"], ["share"]),
        helper.make_node("Sub", ["one", "share"], ["rest"]),
        helper.make_node("Concat", ["rest", "share"], ["probabilities"], axis=1),
        helper.make_node("ArgMax", ["probabilities"], ["best"], axis=1, keepdims=0),
        helper.make_node("Gather", ["names", "best"], ["label"], axis=0),
    ]
    kind = INT if values.dtype == np.int64 else TEXT
    return _model(
        nodes,
        [helper.make_tensor_value_info(name, *each) for name, each in asked.items()],
        [
            helper.make_tensor_value_info("label", kind, ["rows"]),
            helper.make_tensor_value_info("probabilities", FLOAT, ["rows", 2]),
        ],
        {
            "one": np.ones(1, dtype=np.float32),
            "column": np.array([-1, 1]),
            "names": values if kind == INT else values.astype(object),
        },
    )


def regressor() -> bytes:
    """Return a model that answers x, without labels."""
    return _model(
        [helper.make_node("Identity", ["x"], ["prediction"])],
        [helper.make_tensor_value_info("x", FLOAT, ["rows", 1])],
        [helper.make_tensor_value_info("prediction", FLOAT, ["rows", 1])],
        {},
    )


def _model(nodes: Any, inputs: Any, outputs: Any, constants: dict[str, Any]) -> bytes:
    tensors = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    return bytes(model.SerializeToString())


def baseline(model: bytes, folder: Path, memory_bytes: int = MEMORY_BYTES) -> Baseline:
    (folder / "model.onnx").write_bytes(model)
    return opened(GIVEN, folder, memory_bytes)


def prepared(**columns: Any) -> Prepared:
    """Return a binary classification whose hold-out has these columns."""
    holdout = Table(features=(), columns=columns, labels=np.array([1, 0, 0, 1]))
    return Prepared(
        train=holdout,
        holdout=holdout,
        task=Task.CLASSIFICATION,
        classes_found=Classes((0, 1)),
        used=[],
        filters=[],
        origins={},
    )


PREPARED = prepared(x=SHARES)
REGRESSION = replace(PREPARED, task=Task.REGRESSION, classes_found=None)
PROBABILITIES = np.stack([1 - SHARES, SHARES], axis=1).astype(np.float64)


def test_a_classifier_is_scored_on_the_columns_that_have_the_names_of_its_inputs(
    tmp_path: Path,
) -> None:
    asked = {"x": (FLOAT, ["rows", 1]), "place": (TEXT, ["rows", 1])}
    held = prepared(x=SHARES, place=PLACES, other=SHARES)

    (found,) = rivals([baseline(classifier(asked), tmp_path)], held, threads=1)

    assert (found.reference, found.version) == ("Serving", "model-11111111")
    np.testing.assert_array_equal(found.scores, PROBABILITIES)


def test_inputs_that_are_no_features_come_from_the_columns_beside_them(tmp_path: Path) -> None:
    held = replace(
        PREPARED, holdout=replace(PREPARED.holdout, columns={"y": SHARES}, extra={"x": SHARES})
    )

    (found,) = rivals([baseline(classifier(), tmp_path)], held, threads=1)

    np.testing.assert_array_equal(found.scores, PROBABILITIES)


def test_a_regressor_is_scored_whether_it_answers_one_column_or_a_vector(tmp_path: Path) -> None:
    (found,) = rivals([baseline(regressor(), tmp_path)], REGRESSION, threads=1)

    np.testing.assert_array_equal(found.scores, SHARES.astype(np.float64))


@pytest.mark.parametrize(
    "shape", [["rows", 1], ["rows"], [None, 1]], ids=["a column", "a vector", "nameless rows"]
)
def test_an_input_may_be_a_column_or_a_vector(shape: list[Any], tmp_path: Path) -> None:
    model = classifier({"x": (FLOAT, shape)})

    (found,) = rivals([baseline(model, tmp_path)], PREPARED, threads=1)

    np.testing.assert_array_equal(found.scores, PROBABILITIES)


def test_whole_numbers_are_given_as_such(tmp_path: Path) -> None:
    held = prepared(x=np.array([0, 1, 1, 0], dtype=np.float32))

    (found,) = rivals([baseline(classifier({"x": (INT, ["rows", 1])}), tmp_path)], held, threads=1)

    np.testing.assert_array_equal(found.scores[:, 1], [0, 1, 1, 0])


GAPS = np.array([0, 1, np.nan, 0], dtype=np.float32)
X = Port("x", "tensor(float)", ("rows", 1))
ANSWERS = (Port("label", "tensor(int64)", ("rows",)), Port("probabilities", "tensor(float)", ()))


def refusal(version: Baseline, held: Prepared) -> str:
    """Return what is wrong with a version, and check what every message says beside it."""
    with pytest.raises(RunFailedError) as refused:
        rivals([version], held, threads=1)

    before = "ModelVersion model-11111111, which a gate compares with (notWorseThan Serving), "
    after = (
        ". Nothing was trained. If that cannot be mended, name another ModelVersion in "
        "notWorseThan, or leave the gate out"
    )
    assert refused.value.reason is Reason.BAD_BASELINE
    assert refused.value.message.startswith(before)
    assert refused.value.message.endswith(after)
    return refused.value.message.removeprefix(before).removesuffix(after)


@pytest.mark.parametrize(
    ("inputs", "outputs", "held", "what"),
    [
        pytest.param(
            (X,),
            (Port("prediction", "tensor(float)", ("rows",)),),
            PREPARED,
            "answers prediction; a classification is compared by label and probabilities",
            id="of another task",
        ),
        pytest.param(
            (X,),
            (Port("scores", "tensor(float)", ("rows", 2)),),
            REGRESSION,
            "answers scores; a regression is compared by prediction",
            id="with an output of another name",
        ),
        pytest.param(
            (X,),
            ANSWERS,
            prepared(y=SHARES),
            "asks for the input `x`, which is no column of the joined table that a model can read. "
            "Select it in spec.data.query; it need not be among spec.data.features",
            id="with an input that is no column",
        ),
        pytest.param(
            (X,),
            ANSWERS,
            prepared(x=PLACES),
            "asks for the input `x` of type tensor(float), and the column of that name holds text",
            id="with a number that is text now",
        ),
        pytest.param(
            (replace(X, type="tensor(string)"),),
            ANSWERS,
            PREPARED,
            "asks for the input `x` of type tensor(string), and the column of that name holds "
            "numbers",
            id="with a text that is a number now",
        ),
        pytest.param(
            (replace(X, shape=("rows", 3)),),
            ANSWERS,
            PREPARED,
            "asks for the input `x` of shape ['rows', 3]; expected one value per row",
            id="with an input of three columns",
        ),
        pytest.param(
            (replace(X, type="tensor(int64)"),),
            ANSWERS,
            prepared(x=GAPS),
            "asks for the input `x` of type tensor(int64), which cannot be missing, and the column "
            "of that name has missing values. Fill them in spec.data.query",
            id="with gaps where it takes whole numbers",
        ),
    ],
)
def test_a_version_that_does_not_fit_the_data_says_why_before_it_is_asked(
    inputs: tuple[Port, ...],
    outputs: tuple[Port, ...],
    held: Prepared,
    what: str,
    tmp_path: Path,
) -> None:
    assert refusal(Baseline(GIVEN, tmp_path, MEMORY_BYTES, inputs, outputs), held) == what


@pytest.mark.parametrize(
    ("labels", "held", "what"),
    [
        pytest.param(
            ["no", "yes"],
            PREPARED,
            "has other classes: its label differs from the run's class of its largest probability "
            "in 4 of 4 rows held out",
            id="with text classes for numbers",
        ),
        pytest.param(
            [1, 0],
            PREPARED,
            "has other classes: its label differs from the run's class of its largest probability "
            "in 4 of 4 rows held out",
            id="with the same classes in another order",
        ),
        pytest.param(
            [0, 1],
            replace(PREPARED, classes_found=Classes((0, 1, 2))),
            "answers scores of shape [4, 2]; expected [4, 3], because the label has 3 classes here",
            id="with fewer classes",
        ),
        pytest.param(
            [0, 1],
            prepared(x=GAPS * 3),
            "answers what are no probabilities in 2 of 4 rows held out",
            id="with answers that are no probabilities",
        ),
    ],
)
def test_a_version_whose_answers_do_not_fit_says_why(
    labels: list[Any], held: Prepared, what: str, tmp_path: Path
) -> None:
    (tmp_path / "model.onnx").write_bytes(classifier(labels=labels))

    assert refusal(Baseline(GIVEN, tmp_path, MEMORY_BYTES, (X,), ANSWERS), held) == what


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
    huge = _model(
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
    gates = {"gates": [{"metric": "roc_auc", "notWorseThan": "Serving"}]}
    run = Run.model_validate(
        {
            "job": {"namespace": "team-a", "name": "run", "uid": "0-0", "generation": 1},
            "attempt": 1,
            "model": "model",
            "data": {
                "sources": [{"name": "t", "uri": "s3://lake/t.parquet"}],
                "label": "late",
                "holdout": {"strategy": "Fraction", "fraction": "0.2"},
            },
            "train": {"workflow": "xgboost-classifier", "seed": 7},
            "evaluation": gates,
            "store": {"uri": "s3://models/a"},
            "threads": 1,
            "image": "trainer:1",
        }
    )
    environment = Environment(tmp_path, tmp_path, tmp_path, None, None, {})
    told = run.model_copy(update={"baselines": []})

    with (
        pytest.raises(RunFailedError, match="the run file has no baselines") as failed,
        open_baselines(run, environment),
    ):
        pass
    with open_baselines(told, environment) as found:
        assert (failed.value.reason, found) == (Reason.INVALID_SPEC, [])
