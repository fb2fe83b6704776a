"""Parameters are refused before data is read, and the message says what to write."""

from __future__ import annotations

from typing import Any

import pytest

from checkrail_api.reasons import Reason
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.params import ALLOWED, REFUSED, check_params


@pytest.mark.parametrize("workflow", list(ALLOWED))
def test_no_parameter_is_needed(workflow: str) -> None:
    check_params(workflow, {})


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
    ],
)
def test_a_parameter_is_refused(workflow: str, params: dict[str, Any], said: str) -> None:
    with pytest.raises(RunFailedError) as caught:
        check_params(workflow, params)

    assert caught.value.reason is Reason.BAD_PARAMS
    assert next(iter(params)) in caught.value.message
    assert said in caught.value.message
