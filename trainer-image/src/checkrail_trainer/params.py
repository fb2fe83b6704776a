"""Which parameters each workflow takes; checked before any data is read, without its library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checkrail_api.reasons import Reason
from checkrail_trainer.failures import RunFailedError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

ALLOWED: dict[str, frozenset[str]] = {
    "xgboost-classifier": frozenset(
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
            "scale_pos_weight",
            "subsample",
        }
    ),
    "logistic-regression": frozenset(
        {"C", "class_weight", "fit_intercept", "max_iter", "solver", "tol"}
    ),
}
"""By the libraries' own names, of scikit-learn's interface. An allow-list, because some of what
XGBoost takes converts to ONNX silently wrong (measured)."""

_SEED = "the seed is spec.train.seed"
_THREADS = "threads come from spec.resources"
_WRONG = "such models do not convert to ONNX faithfully"
_HOLDOUT = "the hold-out judges the model and must not steer its training; fix n_estimators"
REFUSED = {
    "random_state": _SEED,
    "seed": _SEED,
    "n_jobs": _THREADS,
    "nthread": _THREADS,
    "booster": f"only gbtree is trained: with dart or gblinear {_WRONG}",
    "objective": f"it follows from the label: with another one {_WRONG}",
    "num_parallel_tree": _WRONG,
    "multi_strategy": _WRONG,
    "early_stopping_rounds": _HOLDOUT,
    "eval_metric": "metrics are spec.evaluation.metrics",
    "tree_method": "it is hist, for a result that does not depend on the size of the data",
    "device": "the trainer image computes on processors",
    "missing": "null and NaN are missing",
    "enable_categorical": "text features are one-hot encoded in the model",
    "eta": "write learning_rate",
    "alpha": "write reg_alpha",
    "lambda": "write reg_lambda",
    "min_split_loss": "write gamma",
    "num_boost_round": "write n_estimators",
    "num_class": "it follows from the label",
    "penalty": "the penalty is L2; its strength is C",
    "l1_ratio": "the penalty is L2; its strength is C",
    "multi_class": "it follows from the label",
}
"""Names that exist and are refused, and what takes their place."""
SOLVERS = ("lbfgs", "newton-cg", "newton-cholesky")
"""Solvers that draw nothing at random."""


def check_params(workflow: str, params: Mapping[str, Any]) -> None:
    """Refuse what the workflow does not take; values are checked by its library in training.

    Raises:
        RunFailedError: BadParams.
    """
    for name in sorted(params):
        if name in ALLOWED[workflow]:
            continue
        why = REFUSED.get(name) or nearest(name, ALLOWED[workflow])
        raise RunFailedError(
            Reason.BAD_PARAMS, f"spec.train.params.{name} is not taken by {workflow}: {why}"
        )
    rounds = params.get("n_estimators", 1)
    if not isinstance(rounds, int) or isinstance(rounds, bool) or rounds < 1:
        raise RunFailedError(
            Reason.BAD_PARAMS,
            f"spec.train.params.n_estimators is {rounds!r}; expected a whole number of at least 1",
        )
    solver = params.get("solver", SOLVERS[0])
    if solver not in SOLVERS:
        raise RunFailedError(
            Reason.BAD_PARAMS,
            f"spec.train.params.solver is {solver!r}; expected one of {', '.join(SOLVERS)}, "
            "the solvers that draw nothing at random",
        )
