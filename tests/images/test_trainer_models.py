"""Each workflow on real tables: faithful in ONNX, the same bytes twice, and clear refusals."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from checkrail_api.evaluation import Parity
from checkrail_api.training_job import Train
from checkrail_api.workflows import BUILT_IN, Task
from checkrail_trainer.classes import Classes
from checkrail_trainer.columns import Column
from checkrail_trainer.encoding import fit_encoding
from checkrail_trainer.evaluate import metric
from checkrail_trainer.export import export
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.parity import Compared, check_parity
from checkrail_trainer.preprocessor import encode
from checkrail_trainer.table import Categories, Table
from checkrail_trainer.training import labels_of
from checkrail_trainer.workflow import Frame
from checkrail_trainer.workflows import trees, workflow_class
from harness.datasets import breast_cancer, diabetes, wine, write_flights

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from checkrail_trainer.table import Values

pytestmark = pytest.mark.images

BOUNDS = Parity()
FEW = {"n_estimators": 20}
XGBOOST = Train(workflow="xgboost-classifier", params={**FEW, "subsample": 0.8}, seed=7)
LOGISTIC = Train(workflow="logistic-regression", seed=7)


@dataclass(frozen=True)
class Trained:
    """A workflow after its training, and what it was trained on."""

    compared: Compared
    train: Table
    holdout: Table

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(each.name for each in self.train.features)

    def export(self, inputs_digest: str = "0" * 64) -> bytes:
        parts = self.compared
        model = parts.fitted.onnx()
        return export(parts.encoding, self.names, parts.classes, model, inputs_digest)

    def parity(self, model: bytes, bounds: Parity = BOUNDS) -> Any:
        return check_parity(model, self.holdout, self.compared, bounds)


def fitted(settings: Train, table: Table, threads: int = 1) -> Trained:
    """Train on the rows with an even number, hold out the others."""
    train, holdout = (chosen(table, slice(first, None, 2)) for first in (0, 1))
    workflow = workflow_class(settings.workflow)
    is_classifier = workflow.task is Task.CLASSIFICATION
    classes = Classes(tuple(sorted(set(train.labels.tolist())))) if is_classifier else None
    encoding = fit_encoding(train, workflow.numbers)
    frame = Frame(
        matrix=encode(train, encoding, threads),
        columns=tuple(encoding.column_names),
        labels=labels_of(train, classes),
        classes=len(classes.values) if classes else None,
        seed=settings.seed,
        threads=threads,
        advance=lambda _: None,
    )
    found = workflow(settings.params).fit(frame)
    return Trained(Compared(encoding, found, classes), train, holdout)


def chosen(table: Table, rows: slice | NDArray[np.bool_]) -> Table:
    def part(column: Values) -> Values:
        if isinstance(column, Categories):
            return Categories(column.codes[rows], column.values)
        return column[rows]

    columns = {name: part(column) for name, column in table.columns.items()}
    return Table(table.features, columns, table.labels[rows])


def toy(source: Callable[[], Any]) -> Table:
    found = source()
    names = [f"f{number}" for number in range(found["data"].shape[1])]
    values = found["data"].astype(np.float32).T
    labels = (
        np.asarray([str(found["target_names"][each]) for each in found["target"]], object)
        if "target_names" in found
        else found["target"].astype(np.float64)
    )
    return Table(
        features=tuple(Column(name, "DOUBLE") for name in names),
        columns={
            name: np.ascontiguousarray(each) for name, each in zip(names, values, strict=True)
        },
        labels=labels,
    )


FLIGHTS = """
SELECT arr_delay, air_time, hour, distance, epoch(time_hour)::DOUBLE AS hour_of, carrier,
CASE WHEN flight_id % 5 > 0 THEN dest ELSE '' END AS dest,
CASE WHEN flight_id % 5 < 4 THEN dep_delay END AS dep_delay,
FROM '{path}' WHERE arr_delay IS NOT NULL OR flight_id % 3 = 0 ORDER BY flight_id
"""
KINDS = {
    "hour": "DOUBLE",
    "distance": "DOUBLE",
    "dep_delay": "DOUBLE",
    "hour_of": "TIMESTAMP",
    "carrier": "VARCHAR",
    "dest": "VARCHAR",
}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Table]:
    """Tables by name; of flights about 3,400, with missing numbers, texts and instants."""
    path, _ = write_flights(tmp_path_factory.mktemp("flights"), every=96)
    found = duckdb.sql(FLIGHTS.format(path=path)).to_arrow_table()
    columns: dict[str, Values] = {}
    for name, kind in KINDS.items():
        values = found[name].to_numpy()
        if kind == "VARCHAR":
            known, codes = np.unique(values.astype(object), return_inverse=True)
            columns[name] = Categories(codes.astype(np.int32), known)
        elif kind == "TIMESTAMP":
            columns[name] = np.where(np.arange(len(values)) % 7, values, np.nan)
        else:
            columns[name] = values.astype(np.float32)
    late = (found["arr_delay"].to_numpy() > LATE).astype(np.int64)
    minutes = found["air_time"].to_numpy().astype(np.float64)
    flights = Table(tuple(Column(*each) for each in KINDS.items()), columns, late)
    return {
        "late flights": flights,
        "air times": chosen(replace(flights, labels=minutes), ~np.isnan(minutes)),
        "breast cancer": toy(breast_cancer),
        "wine": toy(wine),
        "diabetes": toy(diabetes),
    }


LATE = 15
TABLES = {
    Task.CLASSIFICATION: ("late flights", "breast cancer", "wine"),
    Task.REGRESSION: ("air times", "diabetes"),
}
PARAMS: dict[str, dict[str, Any]] = {
    "xgboost-classifier": {**FEW, "subsample": 0.8},
    "xgboost-regressor": FEW,
    "random-forest-classifier": FEW,
    "random-forest-regressor": {"n_estimators": 20, "min_samples_leaf": 5},
    "hist-gradient-boosting-classifier": {"max_iter": 20},
    "hist-gradient-boosting-regressor": {"max_iter": 20},
}
LEAST = {
    "late flights": 0.6,
    "breast cancer": 0.97,
    "wine": 0.97,
    "air times": 0.95,
    "diabetes": 0.15,
}
"""roc_auc, r2 of a regression."""
EVERY = pytest.mark.parametrize(
    ("settings", "name"),
    [
        pytest.param(
            Train(workflow=workflow, params=PARAMS.get(workflow, {}), seed=7),
            name,
            id=f"{workflow} on {name}",
        )
        for workflow, task in BUILT_IN.items()
        for name in TABLES[task]
    ],
)


@EVERY
def test_a_workflow_learns_and_its_export_says_the_same(
    settings: Train, name: str, tables: dict[str, Table]
) -> None:
    trained = fitted(settings, tables[name])
    holdout, classes = trained.holdout, trained.compared.classes
    says = trained.compared.says(holdout.tensors(slice(None)))["scores"]

    report = trained.parity(trained.export())

    assert report.flips == 0
    assert report.rows > holdout.rows
    assert float(report.max_abs_diff) < (2e-6 if classes else 1e-5)
    measured = metric("roc_auc" if classes else "r2", labels_of(holdout, classes), says)
    assert measured > LEAST[name]


EMPTY = pytest.mark.parametrize(
    "workflow", [pytest.param(each, id=each) for each in BUILT_IN if each.endswith("regressor")]
)


@EMPTY
def test_a_feature_that_is_missing_in_all_of_training_decides_nothing(
    workflow: str, tables: dict[str, Table]
) -> None:
    table = tables["diabetes"]
    values = np.where(np.arange(table.rows) % 2, table.columns["f0"], np.nan).astype(np.float32)  # type: ignore[arg-type]  # an array
    partly = replace(table, columns={**table.columns, "f0": values})

    trained = fitted(Train(workflow=workflow, params=PARAMS[workflow], seed=7), partly)

    assert trained.parity(trained.export()).rows > 0
    assert 0 not in trained.compared.fitted.thresholds()


@pytest.mark.parametrize(
    "params",
    [
        pytest.param({"n_estimators": 33}, id="in steps"),
        pytest.param({"n_estimators": 5, "class_weight": "balanced"}, id="at once"),
    ],
)
def test_a_forest_is_scikit_learns_and_tells_its_progress(
    params: dict[str, Any], tables: dict[str, Table]
) -> None:
    told: list[float] = []
    rows = np.hstack([*tables["wine"].tensors(slice(None)).values()])
    labels = np.unique(tables["wine"].labels.astype(str), return_inverse=True)[1]
    frame = Frame(rows, (), labels, 3, seed=7, threads=2, advance=told.append)

    found = workflow_class("random-forest-classifier")(params).fit(frame)

    plain = RandomForestClassifier(**params, random_state=7).fit(rows, labels)
    np.testing.assert_array_equal(found.scores(rows), plain.predict_proba(rows))
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_trees_beyond_what_a_server_loads_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trees, "MAX_MODEL_BYTES", 2**10)

    with pytest.raises(RunFailedError, match=r"20 trees have .* 0\. Bound") as caught:
        fitted(XGBOOST, toy(breast_cancer)).export()

    assert caught.value.reason.value == "BadParams"


def test_another_seed_grows_other_trees(tables: dict[str, Table]) -> None:
    table, other = tables["late flights"], XGBOOST.model_copy(update={"seed": 8})

    assert fitted(XGBOOST, table).export() != fitted(other, table).export()


def test_other_inputs_never_share_a_digest(tables: dict[str, Table]) -> None:
    trained = fitted(LOGISTIC, tables["late flights"])

    assert trained.export("a" * 64) != trained.export("b" * 64)


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


def test_a_tampered_export_fails_parity(tables: dict[str, Table]) -> None:
    """Move every threshold of the exported trees a little: labels flip, and the run ends."""
    trained = fitted(XGBOOST, tables["late flights"])
    model = onnx.load_from_string(trained.export())
    trees = next(node for node in model.graph.node if node.op_type == "TreeEnsembleRegressor")
    values = next(each for each in trees.attribute if each.name == "nodes_values_as_tensor").t
    values.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(values) * 1.1))

    with pytest.raises(RunFailedError) as caught:
        trained.parity(model.SerializeToString())

    assert (caught.value.reason.value, caught.value.exit_code) == ("ParityFailed", 12)
    assert re.search(
        r"Worst row: number \d+ of these, with [^=\d]*\. Nothing", caught.value.message
    )


def test_a_wrong_category_in_the_export_fails_parity(tables: dict[str, Table]) -> None:
    trained = fitted(LOGISTIC, tables["late flights"])
    model = onnx.load_from_string(trained.export())
    encoder = next(node for node in model.graph.node if node.op_type == "OneHotEncoder")
    known = next(each for each in encoder.attribute if each.name == "cats_strings")
    swapped = [known.strings[1], known.strings[0], *known.strings[2:]]
    del known.strings[:]
    known.strings.extend(swapped)

    with pytest.raises(RunFailedError, match="the ONNX model differs"):
        trained.parity(model.SerializeToString())


CULTIVARS = ("class_0", "class_1", "class_2")


def test_swapped_labels_fail_parity_although_the_scores_agree() -> None:
    trained = fitted(LOGISTIC, toy(wine))
    model = onnx.load_from_string(trained.export())
    constant = next(each for each in model.graph.node if each.name == "checkrail_classes")
    backwards = np.asarray([*reversed(CULTIVARS)], dtype=object)
    constant.attribute[0].t.CopyFrom(numpy_helper.from_array(backwards, "checkrail_classes"))

    with pytest.raises(RunFailedError, match="labels differ, allowed 0"):
        trained.parity(model.SerializeToString())


@pytest.mark.parametrize(
    ("workflow", "params", "said"),
    [
        pytest.param("xgboost-classifier", {"max_depth": "six"}, "max_depth", id="no number"),
        pytest.param("xgboost-classifier", {"max_depth": -3}, "-3", id="out of its range"),
        pytest.param("logistic-regression", {"C": "x"}, "'C'", id="no strength"),
        pytest.param("logistic-regression", {"class_weight": "x"}, "class", id="no class"),
        pytest.param("random-forest-classifier", {"max_depth": 0.5}, "max_depth", id="half deep"),
        pytest.param("hist-gradient-boosting-classifier", {"tol": -1}, "tol", id="below zero"),
    ],
)
def test_a_value_that_the_library_refuses_is_a_bad_parameter(
    workflow: str, params: dict[str, Any], said: str
) -> None:
    with pytest.raises(RunFailedError) as caught:
        fitted(Train(workflow=workflow, params=params), toy(breast_cancer))

    assert (caught.value.reason.value, caught.value.exit_code) == ("BadParams", 10)
    assert said in caught.value.message


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
