"""Which parameters each workflow takes; checked before any data is read, without its library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checkrail_api.reasons import Reason
from checkrail_trainer.failures import RunFailedError, nearest
from checkrail_trainer.workflows import workflow_class

if TYPE_CHECKING:
    from collections.abc import Mapping

_XGBOOST = frozenset(
    {
        "base_score",
        "colsample_bylevel",
        "colsample_bynode",
        "colsample_bytree",
        "gamma",
        "grow_policy",
        "learning_rate",
        "max_bin",
        "max_delta_step",
        "max_depth",
        "max_leaves",
        "min_child_weight",
        "n_estimators",
        "reg_alpha",
        "reg_lambda",
        "subsample",
    }
)
_FOREST = frozenset(
    {
        "bootstrap",
        "ccp_alpha",
        "criterion",
        "max_depth",
        "max_features",
        "max_leaf_nodes",
        "max_samples",
        "min_impurity_decrease",
        "min_samples_leaf",
        "min_samples_split",
        "min_weight_fraction_leaf",
        "n_estimators",
    }
)
_BOOSTING = frozenset(
    {
        "early_stopping",
        "interaction_cst",
        "l2_regularization",
        "learning_rate",
        "max_bins",
        "max_depth",
        "max_features",
        "max_iter",
        "max_leaf_nodes",
        "min_samples_leaf",
        "n_iter_no_change",
        "tol",
        "validation_fraction",
    }
)
ALLOWED: dict[str, frozenset[str]] = {
    "xgboost-classifier": _XGBOOST | {"scale_pos_weight"},
    "xgboost-regressor": _XGBOOST,
    "logistic-regression": frozenset(
        {"C", "class_weight", "fit_intercept", "max_iter", "solver", "tol"}
    ),
    "linear-regression": frozenset({"fit_intercept", "positive"}),
    "random-forest-classifier": _FOREST | {"class_weight"},
    "random-forest-regressor": _FOREST,
    "hist-gradient-boosting-classifier": _BOOSTING | {"class_weight"},
    "hist-gradient-boosting-regressor": _BOOSTING | {"loss", "quantile"},
}
"""By the libraries' own names, of scikit-learn's interface. An allow-list, because some of what
XGBoost takes converts to ONNX silently wrong (measured)."""

CHOICES: dict[str, tuple[str, tuple[str, ...], str]] = {
    "logistic-regression": (
        "solver",
        ("lbfgs", "newton-cg", "newton-cholesky"),
        "the solvers that draw nothing at random",
    ),
    "random-forest-regressor": (
        "criterion",
        ("squared_error", "poisson"),
        "the criteria that know what to do with missing values",
    ),
}
"""Parameters whose values are limited further than by the library, and why."""

_SEED = "the seed is spec.train.seed"
_THREADS = "threads come from spec.resources"
_WRONG = "such models do not convert to ONNX faithfully"
_HOLDOUT = "the hold-out judges the model and must not steer its training"
_COLUMNS = "it counts columns of the encoded matrix, which are not the features"
_ALL_AT_ONCE = "a run trains once, from the beginning"
_LOG = "the log of a run is the trainer's"
_L2 = "the penalty is L2; its strength is C"
_LABEL = "it follows from the label"
REFUSED = {
    "random_state": _SEED,
    "seed": _SEED,
    "n_jobs": _THREADS,
    "nthread": _THREADS,
    "booster": f"only gbtree is trained: with dart or gblinear {_WRONG}",
    "objective": f"a classifier's follows from the label, a regressor's is squared error: {_WRONG}"
    " with another one",
    "num_parallel_tree": _WRONG,
    "multi_strategy": _WRONG,
    "early_stopping_rounds": f"{_HOLDOUT}; fix n_estimators",
    "eval_metric": "metrics are spec.evaluation.metrics",
    "tree_method": "it is hist, for a result that does not depend on the size of the data",
    "device": "the trainer image computes on processors",
    "missing": "null and NaN are missing",
    "enable_categorical": "text features are one-hot encoded in the model",
    "categorical_features": "text features are one-hot encoded in the model",
    "max_cat_to_onehot": "text features are one-hot encoded in the model",
    "max_cat_threshold": "text features are one-hot encoded in the model",
    "feature_types": "text features are one-hot encoded in the model",
    "num_class": _LABEL,
    "penalty": _L2,
    "l1_ratio": _L2,
    "multi_class": _LABEL,
    "monotone_constraints": _COLUMNS,
    "interaction_constraints": _COLUMNS,
    "feature_weights": _COLUMNS,
    "monotonic_cst": _COLUMNS,
    "oob_score": "the hold-out judges the model",
    "scoring": "early stopping looks at the loss; metrics are spec.evaluation.metrics",
    "warm_start": _ALL_AT_ONCE,
    "callbacks": _ALL_AT_ONCE,
    "verbose": _LOG,
    "verbosity": _LOG,
    "validate_parameters": "names are checked before any data is read",
    "importance_type": "it changes nothing about the model",
    "sampling_method": "it is uniform: the other one needs a GPU",
    "copy_X": "the data is the run's own",
    "dual": "only liblinear has it, which draws at random",
    "intercept_scaling": "only liblinear has it, which draws at random",
}
"""Names that exist and are refused, and what takes their place."""
ALIASES = {
    "eta": "learning_rate",
    "alpha": "reg_alpha",
    "lambda": "reg_lambda",
    "reg_lambda": "l2_regularization",
    "l2_regularization": "reg_lambda",
    "min_split_loss": "gamma",
    "num_boost_round": "n_estimators",
    "n_estimators": "max_iter",
    "max_iter": "n_estimators",
    "max_bin": "max_bins",
    "max_bins": "max_bin",
    "max_leaves": "max_leaf_nodes",
    "max_leaf_nodes": "max_leaves",
}
"""What the same thing is called elsewhere."""


def check_params(workflow: str, params: Mapping[str, Any]) -> None:
    """Refuse what the workflow does not take; values are checked by its library in training.

    Raises:
        RunFailedError: BadParams; or BadWorkflow, a custom one has no such class.
    """
    built_in = ALLOWED.get(workflow)
    allowed = workflow_class(workflow).allowed if built_in is None else built_in
    for name in sorted(params):
        if name in allowed:
            continue
        alias = ALIASES.get(name)
        why = f"write {alias}" if alias in allowed else built_in and REFUSED.get(name)
        raise RunFailedError(
            Reason.BAD_PARAMS,
            f"spec.train.params.{name} is not taken by {workflow}: {why or nearest(name, allowed)}",
        )
    if built_in is not None:
        _check_values(workflow, params)


def _check_values(workflow: str, params: Mapping[str, Any]) -> None:
    rounds = params.get("n_estimators", 1)
    if not isinstance(rounds, int) or isinstance(rounds, bool) or rounds < 1:
        raise RunFailedError(
            Reason.BAD_PARAMS,
            f"spec.train.params.n_estimators is {rounds!r}; expected a whole number of at least 1",
        )
    name, known, why = CHOICES.get(workflow, ("", ("",), ""))
    value = params.get(name, known[0])
    if value not in known:
        raise RunFailedError(
            Reason.BAD_PARAMS,
            f"spec.train.params.{name} is {value!r}; expected one of {', '.join(known)}, {why}",
        )
