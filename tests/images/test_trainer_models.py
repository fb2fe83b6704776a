"""Each workflow on real tables: faithful in ONNX, the same bytes twice, and clear refusals."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from checkrail_api.training_job import Train
from checkrail_api.workflows import BUILT_IN, Task
from checkrail_trainer.evaluate import metric
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.training import labels_of
from checkrail_trainer.workflow import Frame
from checkrail_trainer.workflows import trees, workflow_class
from harness.datasets import breast_cancer
from harness.trained_models import FEW, LOGISTIC, XGBOOST, fitted, toy

if TYPE_CHECKING:
    from checkrail_trainer.table import Table

pytestmark = pytest.mark.images
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
