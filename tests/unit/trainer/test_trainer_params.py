"""Parameters are refused before data is read, and the message says what to write."""

from __future__ import annotations

from typing import Any

import pytest
import xgboost
from sklearn import ensemble, linear_model

from checkrail_api.reasons import Reason
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.params import ALLOWED, REFUSED, check_params


@pytest.mark.parametrize("workflow", list(ALLOWED))
def test_no_parameter_is_needed(workflow: str) -> None:
    check_params(workflow, {})


@pytest.mark.parametrize("workflow", list(ALLOWED))
def test_every_allowed_name_is_a_parameter_of_the_library(workflow: str) -> None:
    estimators = {
        "xgboost-classifier": xgboost.XGBClassifier,
        "xgboost-regressor": xgboost.XGBRegressor,
        "logistic-regression": linear_model.LogisticRegression,
        "linear-regression": linear_model.LinearRegression,
        "random-forest-classifier": ensemble.RandomForestClassifier,
        "random-forest-regressor": ensemble.RandomForestRegressor,
        "hist-gradient-boosting-classifier": ensemble.HistGradientBoostingClassifier,
        "hist-gradient-boosting-regressor": ensemble.HistGradientBoostingRegressor,
    }

    assert ALLOWED[workflow] - set(estimators[workflow]().get_params()) == set()


def test_nothing_is_both_allowed_and_refused() -> None:
    assert [name for names in ALLOWED.values() for name in names if name in REFUSED] == []


@pytest.mark.parametrize(
    ("workflow", "params", "said"),
    [
        pytest.param("xgboost-classifier", {"max_dept": 3}, "did you mean `max_depth`", id="typo"),
        pytest.param("xgboost-classifier", {"eta": 0.1}, "write learning_rate", id="alias"),
        pytest.param("xgboost-classifier", {"booster": "dart"}, "only gbtree", id="dart"),
        pytest.param("xgboost-classifier", {"objective": "reg:logistic"}, "label", id="objective"),
        pytest.param("xgboost-classifier", {"num_parallel_tree": 4}, "ONNX", id="forest"),
        pytest.param("xgboost-classifier", {"random_state": 1}, "spec.train.seed", id="seed"),
        pytest.param("xgboost-classifier", {"n_jobs": 4}, "spec.resources", id="threads"),
        pytest.param("xgboost-classifier", {"n_estimators": 0}, "at least 1", id="no tree"),
        pytest.param("xgboost-classifier", {"n_estimators": "9"}, "whole number", id="a text"),
        pytest.param("logistic-regression", {"c": 1}, "did you mean `C`", id="case"),
        pytest.param("logistic-regression", {"solver": "saga"}, "lbfgs", id="random solver"),
        pytest.param("logistic-regression", {"max_depth": 3}, "there are `C`", id="of another"),
        pytest.param("xgboost-regressor", {"scale_pos_weight": 2}, "there are", id="of classes"),
        pytest.param("xgboost-regressor", {"objective": "reg:gamma"}, "squared", id="another loss"),
        pytest.param("linear-regression", {"alpha": 1}, "there are `fit_int", id="no penalty"),
        pytest.param("random-forest-regressor", {"max_dept": 3}, "`max_depth`", id="forest typo"),
        pytest.param("random-forest-classifier", {"n_jobs": -1}, "resources", id="forest threads"),
        pytest.param("random-forest-classifier", {"oob_score": True}, "hold-out", id="out of bag"),
        pytest.param("random-forest-classifier", {"warm_start": True}, "once", id="warm start"),
        pytest.param(
            "random-forest-regressor", {"criterion": "absolute_error"}, "missing", id="criterion"
        ),
        pytest.param(
            "hist-gradient-boosting-classifier", {"n_estimators": 9}, "write max_iter", id="its"
        ),
        pytest.param(
            "hist-gradient-boosting-regressor", {"monotonic_cst": 1}, "columns", id="monotonic"
        ),
        pytest.param(
            "hist-gradient-boosting-regressor", {"scoring": "r2"}, "the loss", id="scoring"
        ),
    ],
)
def test_a_parameter_is_refused(workflow: str, params: dict[str, Any], said: str) -> None:
    with pytest.raises(RunFailedError) as caught:
        check_params(workflow, params)

    assert caught.value.reason is Reason.BAD_PARAMS
    assert next(iter(params)) in caught.value.message
    assert said in caught.value.message
