"""Built-in workflows, one module each, and the way to those of users.

All are imported late: what they need takes seconds to import, and most failures need none of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from checkrail_api.workflows import BUILT_IN, Task
from checkrail_trainer.workflows.custom import custom_class

if TYPE_CHECKING:
    from checkrail_trainer.workflow import Workflow

CLASSES = {
    "xgboost-classifier": ("xgboost_trees", "XGBoostClassifier"),
    "xgboost-regressor": ("xgboost_trees", "XGBoostRegressor"),
    "logistic-regression": ("linear", "LogisticRegressionClassifier"),
    "linear-regression": ("linear", "LinearRegressor"),
    "random-forest-classifier": ("random_forest", "ForestClassifier"),
    "random-forest-regressor": ("random_forest", "ForestRegressor"),
    "hist-gradient-boosting-classifier": ("hist_gradient_boosting", "BoostingClassifier"),
    "hist-gradient-boosting-regressor": ("hist_gradient_boosting", "BoostingRegressor"),
}
"""Module and class by the name in the spec."""


def task_of(workflow: str) -> Task:
    """Return what ``spec.train.workflow`` predicts, before any data is read.

    A custom one is imported to find out, a built-in one is not.

    Raises:
        RunFailedError: BadWorkflow; there is no such class, or it is no workflow.
    """
    return BUILT_IN.get(workflow) or custom_class(workflow).task


def workflow_class(workflow: str) -> type[Workflow]:
    """Import the class that ``spec.train.workflow`` names.

    Raises:
        RunFailedError: BadWorkflow.
    """
    if workflow not in CLASSES:
        return custom_class(workflow)
    module, name = CLASSES[workflow]
    found: type[Workflow] = getattr(import_module(f"{__name__}.{module}"), name)
    return found
