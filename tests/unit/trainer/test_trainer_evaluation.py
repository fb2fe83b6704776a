"""Which metrics a run has, how they are told, and when there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from checkrail_api.evaluation import Evaluation
from checkrail_api.reasons import Reason
from checkrail_api.reports import Metric
from checkrail_api.workflows import Task
from checkrail_trainer.evaluate import evaluate, exponent, metrics_of, text
from checkrail_trainer.failures import RunFailedError

if TYPE_CHECKING:
    from checkrail_api.workflows import MetricName

LABELS = np.array([0, 0, 1, 1])
SCORES = np.array([[0.9, 0.1], [0.6, 0.4], [0.65, 0.35], [0.2, 0.8]])


def test_metrics_are_told_in_their_order_with_six_digits() -> None:
    assert evaluate(["accuracy", "roc_auc", "brier"], LABELS, SCORES) == [
        Metric(name="accuracy", value="0.750000"),
        Metric(name="roc_auc", value="0.750000"),
        Metric(name="brier", value="0.158125"),
    ]


def test_errors_of_a_regressor_are_told_in_units_of_the_label() -> None:
    labels = np.array([1e6, 2e6, 4e6])

    assert evaluate(["rmse", "mae", "r2"], labels, labels + np.array([3e3, -4e3, 0])) == [
        Metric(name="rmse", value="2886.751"),
        Metric(name="mae", value="2333.333"),
        Metric(name="r2", value="0.999995"),
    ]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        pytest.param("roc_auc", 0.7431499999, "0.743150", id="a share has six digits"),
        pytest.param("log_loss", -1e-9, "0.000000", id="nothing has no sign"),
        pytest.param("rmse", 12_345_678.9, "12345680", id="millions have seven digits"),
        pytest.param("mae", 0.00001234567891, "0.00001234568", id="millionths have seven digits"),
        pytest.param("mae", 0.0, "0.000000", id="no error at all"),
        pytest.param("rmse", 1e-40, "1.000000e-40", id="beyond reading it has an exponent"),
        pytest.param("r2", -1e40, "-1.000000e+40", id="far below 0 it has an exponent"),
    ],
)
def test_a_figure_is_told_with_the_digits_it_has(name: MetricName, value: float, told: str) -> None:
    assert text(value, exponent(name, value)) == told


@pytest.mark.parametrize(
    ("task", "metrics", "expected"),
    [
        pytest.param(Task.CLASSIFICATION, None, ["roc_auc"], id="a classifier has its roc_auc"),
        pytest.param(Task.REGRESSION, None, ["rmse"], id="a regressor has its rmse"),
        pytest.param(Task.REGRESSION, ["r2", "mae"], ["r2", "mae"], id="those of the spec"),
    ],
)
def test_metrics_default_by_task(
    task: Task, metrics: list[MetricName] | None, expected: list[MetricName]
) -> None:
    assert metrics_of(Evaluation(metrics=metrics), task) == expected


@pytest.mark.parametrize(
    ("evaluation", "message"),
    [
        pytest.param(
            {"metrics": ["rmse", "roc_auc"]},
            "spec.evaluation.metrics[1] is roc_auc, which does not judge this workflow: its task is"
            " regression; expected one of rmse, mae, r2",
            id="a metric",
        ),
        pytest.param(
            {"gates": [{"metric": "f1", "min": "0.5"}]},
            "spec.evaluation.gates[0].metric is f1, which does not judge this workflow: its task is"
            " regression; expected one of rmse, mae, r2",
            id="a gate's metric",
        ),
    ],
)
def test_a_metric_of_another_task_is_refused(evaluation: dict[str, Any], message: str) -> None:
    with pytest.raises(RunFailedError) as refused:
        metrics_of(Evaluation.model_validate(evaluation), Task.REGRESSION)

    assert (refused.value.reason, refused.value.message) == (Reason.INVALID_SPEC, message)


@pytest.mark.parametrize(
    ("name", "labels", "scores", "note"),
    [
        pytest.param("roc_auc", LABELS * 0, SCORES, "one class only", id="one class"),
        pytest.param(
            "r2", np.ones(3), np.arange(3.0), "one value of the label only", id="a flat label"
        ),
        pytest.param(
            "rmse",
            np.ones(2),
            np.array([1.0, np.inf]),
            "the model's answers are not finite",
            id="an infinite answer",
        ),
        pytest.param(
            "rmse",
            np.array([1e300, -1e300]),
            np.zeros(2),
            "the model's answers are not finite",
            id="an error beyond FP64",
        ),
    ],
)
def test_a_metric_that_the_rows_do_not_have_says_why(
    name: MetricName, labels: Any, scores: Any, note: str
) -> None:
    assert evaluate([name], labels, scores) == [Metric(name=name, value="", note=note)]
