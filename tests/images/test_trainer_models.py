"""Each workflow on real tables: faithful in ONNX, the same bytes twice, and clear refusals."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper
from sklearn.linear_model import LogisticRegression

from checkrail_api.evaluation import Parity
from checkrail_api.training_job import Train
from checkrail_trainer.classes import Classes
from checkrail_trainer.columns import Column
from checkrail_trainer.encoding import Encoding, fit_encoding
from checkrail_trainer.evaluate import metric
from checkrail_trainer.export import export
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.parity import check_parity, parity_rows
from checkrail_trainer.preprocessor import encode
from checkrail_trainer.table import Categories, Table, Values
from checkrail_trainer.workflows import load
from harness.datasets import breast_cancer, wine, write_flights

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from checkrail_trainer.workflows.workflow import Workflow

pytestmark = pytest.mark.images

XGBOOST: dict[str, Any] = {
    "workflow": "xgboost-classifier",
    "params": {"n_estimators": 20, "subsample": 0.8},
}
LOGISTIC: dict[str, Any] = {"workflow": "logistic-regression"}
BOUNDS = Parity()


@dataclass(frozen=True)
class Trained:
    """A workflow after its training, and what it was trained on."""

    workflow: Workflow
    encoding: Encoding
    classes: Classes
    train: Table
    holdout: Table

    def export(self) -> bytes:
        names = tuple(each.name for each in self.train.features)
        return export(self.encoding, names, self.classes, self.workflow.model(), "0" * 64)

    def parity(self, model: bytes, bounds: Parity = BOUNDS) -> Any:
        rows = parity_rows(self.holdout, self.encoding, self.workflow)
        return check_parity(model, rows, self.encoding, self.workflow, self.classes, bounds)


def fitted(settings: dict[str, Any], frame: Table) -> Trained:
    """Train on the rows with an even number, hold out the others."""
    train, holdout = (every_second(frame, first) for first in (0, 1))
    classes = Classes(tuple(sorted(set(train.labels.tolist()))))
    workflow = load(Train.model_validate({"seed": 7, **settings}), threads=1)
    encoding = fit_encoding(train, standardise=workflow.standardises)
    matrix = encode(train, encoding, 1)
    workflow.fit(matrix, classes.numbers(train.labels), lambda _: None)
    return Trained(workflow, encoding, classes, train, holdout)


def every_second(frame: Table, first: int) -> Table:
    def half(column: Values) -> Values:
        if isinstance(column, Categories):
            return Categories(column.codes[first::2], column.values)
        return column[first::2]

    columns = {name: half(column) for name, column in frame.columns.items()}
    return Table(frame.features, columns, frame.labels[first::2])


def toy(source: Callable[[], Any]) -> Table:
    found = source()
    names = [f"f{number}" for number in range(found["data"].shape[1])]
    values = found["data"].astype(np.float32).T
    return Table(
        features=tuple(Column(name, "DOUBLE") for name in names),
        columns={
            name: np.ascontiguousarray(each) for name, each in zip(names, values, strict=True)
        },
        labels=np.asarray([str(found["target_names"][each]) for each in found["target"]], object),
    )


@pytest.fixture(scope="module")
def flights(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """About 3,400 real flights with missing numbers and missing texts."""
    path, _ = write_flights(tmp_path_factory.mktemp("flights"), every=96)
    table = duckdb.sql(
        "SELECT arr_delay > 15 AS late, hour, distance, air_time, carrier, "  # noqa: S608 - a path
        f"CASE WHEN flight_id % 5 > 0 THEN dest ELSE '' END AS dest FROM '{path}' "
        "WHERE arr_delay IS NOT NULL OR flight_id % 3 = 0 ORDER BY flight_id"
    ).to_arrow_table()
    texts = {name: np.asarray(table[name].to_pylist(), object) for name in ("carrier", "dest")}
    columns: dict[str, NDArray[np.float32] | Categories] = {
        name: table[name].cast("float").to_numpy() for name in ("hour", "distance", "air_time")
    }
    for name, values in texts.items():
        known, codes = np.unique(values, return_inverse=True)
        columns[name] = Categories(codes.astype(np.int32), known)
    kinds = {name: "VARCHAR" if name in texts else "DOUBLE" for name in columns}
    return Table(
        features=tuple(Column(*each) for each in kinds.items()),
        columns=columns,
        labels=np.asarray([int(bool(each)) for each in table["late"].to_pylist()]),
    )


@pytest.fixture
def frame(request: pytest.FixtureRequest, flights: Table) -> Table:
    """The table that the row of a test names."""
    return {"flights": flights, "breast cancer": toy(breast_cancer), "wine": toy(wine)}[
        request.param
    ]


EVERY = pytest.mark.parametrize(
    ("settings", "frame", "least"),
    [
        pytest.param(XGBOOST, "flights", 0.6, id="xgboost on text and missing values"),
        pytest.param(XGBOOST, "breast cancer", 0.98, id="xgboost on text labels"),
        pytest.param(XGBOOST, "wine", 0.98, id="xgboost on three classes"),
        pytest.param(LOGISTIC, "flights", 0.6, id="logistic on text and missing values"),
        pytest.param(LOGISTIC, "breast cancer", 0.98, id="logistic on text labels"),
        pytest.param(LOGISTIC, "wine", 0.98, id="logistic on three classes"),
    ],
    indirect=["frame"],
)


@EVERY
def test_a_workflow_learns_and_its_export_says_the_same(
    settings: dict[str, Any], frame: Table, least: float
) -> None:
    trained = fitted(settings, frame)
    scores = trained.workflow.scores(encode(trained.holdout, trained.encoding, 1))

    report = trained.parity(trained.export())

    assert report.flips == 0
    assert report.rows > trained.holdout.rows
    assert float(report.max_abs_diff) < 2e-6
    assert metric("roc_auc", trained.classes.numbers(trained.holdout.labels), scores) > least


@EVERY
def test_the_same_rows_give_the_same_bytes(
    settings: dict[str, Any], frame: Table, least: float
) -> None:
    del least
    first, second = fitted(settings, frame), fitted(settings, frame)

    assert first.export() == second.export()
    assert first.workflow.native_files() == second.workflow.native_files()


def test_another_seed_grows_other_trees(flights: Table) -> None:
    assert fitted(XGBOOST, flights).export() != fitted({**XGBOOST, "seed": 8}, flights).export()


def test_other_inputs_never_share_a_digest(flights: Table) -> None:
    trained = fitted(LOGISTIC, flights)
    names = tuple(each.name for each in flights.features)
    parts = (trained.encoding, names, trained.classes, trained.workflow.model())

    assert len({hashlib.sha256(export(*parts, each * 64)).digest() for each in "ab"}) == 2


def test_logistic_regression_is_scikit_learns() -> None:
    """The whole way, from raw rows, against an encoding and a fit made here."""
    trained = fitted(LOGISTIC, toy(breast_cancer))
    table = np.hstack([*trained.train.tensors(slice(None)).values()]).astype(np.float64)
    standard = (table - table.mean(axis=0)) / table.std(axis=0)
    reference = LogisticRegression(max_iter=1000).fit(standard, trained.train.labels.astype(str))
    session = onnxruntime.InferenceSession(trained.export())

    labels, scores = session.run(None, trained.train.tensors(slice(None)))

    np.testing.assert_allclose(scores, reference.predict_proba(standard), atol=1e-3)
    assert labels.tolist() == reference.predict(standard).tolist()


def test_a_tampered_export_fails_parity(flights: Table) -> None:
    """Move every threshold of the exported trees a little: labels flip, and the run ends."""
    trained = fitted(XGBOOST, flights)
    model = onnx.load_from_string(trained.export())
    trees = next(node for node in model.graph.node if node.op_type == "TreeEnsembleClassifier")
    values = next(each for each in trees.attribute if each.name == "nodes_values")
    moved = [each * 1.1 for each in values.floats]
    del values.floats[:]
    values.floats.extend(moved)

    with pytest.raises(RunFailedError) as caught:
        trained.parity(model.SerializeToString())

    assert (caught.value.reason.value, caught.value.exit_code) == ("ParityFailed", 12)
    assert re.search(
        r"Worst row: number \d+ of these, with [^=\d]*\. Nothing", caught.value.message
    )


def test_a_wrong_category_in_the_export_fails_parity(flights: Table) -> None:
    trained = fitted(LOGISTIC, flights)
    model = onnx.load_from_string(trained.export())
    encoder = next(node for node in model.graph.node if node.op_type == "OneHotEncoder")
    known = next(each for each in encoder.attribute if each.name == "cats_strings")
    swapped = [known.strings[1], known.strings[0], *known.strings[2:]]
    del known.strings[:]
    known.strings.extend(swapped)

    with pytest.raises(RunFailedError, match="the ONNX model differs"):
        trained.parity(model.SerializeToString())


def test_swapped_labels_fail_parity_although_the_scores_agree() -> None:
    trained = fitted(LOGISTIC, toy(wine))
    model = onnx.load_from_string(trained.export())
    constant = next(each for each in model.graph.node if each.name == "checkrail_classes")
    backwards = np.asarray(trained.classes.array[::-1], dtype=object)
    constant.attribute[0].t.CopyFrom(numpy_helper.from_array(backwards, "checkrail_classes"))

    with pytest.raises(RunFailedError, match="labels differ, allowed 0"):
        trained.parity(model.SerializeToString())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        pytest.param({**XGBOOST, "params": {"max_depth": "six"}}, "max_depth", id="no number"),
        pytest.param({**XGBOOST, "params": {"max_depth": -3}}, "-3", id="out of its range"),
        pytest.param({**LOGISTIC, "params": {"C": "x"}}, "'C'", id="no strength"),
        pytest.param({**LOGISTIC, "params": {"class_weight": "x"}}, "class", id="no class"),
    ],
)
def test_a_value_that_the_library_refuses_is_a_bad_parameter(
    settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(RunFailedError) as caught:
        fitted(settings, toy(breast_cancer))

    assert (caught.value.reason.value, caught.value.exit_code) == ("BadParams", 10)
    assert said in caught.value.message


def test_the_parity_process_loads_nothing_that_trains() -> None:
    code = "import json, sys, checkrail_trainer.parity_process; print(json.dumps([*sys.modules]))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert {"numpy", "onnxruntime"} <= loaded
    assert loaded & {"xgboost", "sklearn", "onnx", "skl2onnx", "onnxmltools", "duckdb"} == set()
