"""Which workflows are built in, what they predict, and which metrics judge that."""

from enum import StrEnum
from typing import Literal, get_args


class Task(StrEnum):
    """What a model predicts."""

    CLASSIFICATION = "Classification"
    """One of the label's classes, with a probability each."""
    REGRESSION = "Regression"
    """A number."""


BUILT_IN: dict[str, Task] = {
    "xgboost-classifier": Task.CLASSIFICATION,
    "xgboost-regressor": Task.REGRESSION,
    "logistic-regression": Task.CLASSIFICATION,
    "linear-regression": Task.REGRESSION,
    "random-forest-classifier": Task.CLASSIFICATION,
    "random-forest-regressor": Task.REGRESSION,
    "hist-gradient-boosting-classifier": Task.CLASSIFICATION,
    "hist-gradient-boosting-regressor": Task.REGRESSION,
}
"""The workflows of the trainer image. Any other name is ``package.module:Class``."""

CUSTOM_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]*([.][A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*$"
"""``package.module:Class``, found in an image built from the trainer's."""

ClassificationMetric = Literal["roc_auc", "pr_auc", "log_loss", "brier", "accuracy", "f1"]
RegressionMetric = Literal["rmse", "mae", "r2"]
MetricName = Literal[ClassificationMetric, RegressionMetric]

METRICS: dict[Task, tuple[MetricName, ...]] = {
    Task.CLASSIFICATION: get_args(ClassificationMetric),
    Task.REGRESSION: get_args(RegressionMetric),
}
"""The metrics of each task; the first is the default."""

HIGHER_IS_BETTER: frozenset[MetricName] = frozenset({"roc_auc", "pr_auc", "accuracy", "f1", "r2"})
"""Metrics that grow with quality; the others shrink."""
