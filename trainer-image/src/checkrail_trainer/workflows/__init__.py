"""Estimators, one module each, loaded late: their libraries take 8 to 10 s to import."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from checkrail_api.training_job import Train
    from checkrail_trainer.workflows.workflow import Workflow

CLASSES = {
    "xgboost-classifier": ("xgboost_classifier", "XGBoostClassifier"),
    "logistic-regression": ("logistic_regression", "LogisticRegressionClassifier"),
}
"""Module and class by the name in the spec."""


def load(train: Train, threads: int) -> Workflow:
    """Import the workflow of the spec and hand it its settings."""
    module, name = CLASSES[train.workflow]
    found: type[Workflow] = getattr(import_module(f"{__name__}.{module}"), name)
    return found(train.params, seed=train.seed, threads=threads)
