"""Gradient-boosted trees: XGBoost's classifier, binary and multi-class, and its regressor."""

from __future__ import annotations

import json
import math
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import xgboost
from onnx import helper

from checkrail_trainer.workflow import Fitted, Frame, Numbers, Task, Workflow, library_refusals
from checkrail_trainer.workflows.trees import Tree, logistic, softmax, thresholds, tree_model

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from onnx import ModelProto

LARGEST = float(np.finfo(np.float32).max)


class XGBoostWorkflow(Workflow):
    """Histogram trees. Numbers reach them as they are, NaN takes each split's default side."""

    numbers: ClassVar[Numbers] = Numbers.AS_THEY_ARE
    libraries: ClassVar[tuple[str, ...]] = ("xgboost-cpu", "scipy", "numpy")
    estimator: ClassVar[Callable[..., Any]]

    def fit(self, train: Frame) -> Fitted:
        """See `Workflow.fit`; ``advance`` hears of every tree."""
        estimator = type(self).estimator(
            **self.params,
            tree_method="hist",
            n_jobs=train.threads,
            random_state=train.seed,
            # Part of every digest. It does not make a resumed run equal to an uninterrupted one:
            # docs/decisions/0007.
            seed_per_iteration=True,
            verbosity=0,  # its log goes to standard output, which is for progress
        )
        rounds = estimator.get_num_boosting_rounds()
        with library_refusals(self.params, xgboost.core.XGBoostError, TypeError, ValueError):
            estimator.set_params(callbacks=[_Rounds(train.advance, rounds)])
            estimator.fit(train.matrix, train.labels)
        return FittedXGBoost(estimator.set_params(callbacks=None))


class XGBoostClassifier(XGBoostWorkflow):
    """Two classes: the logistic function of the sum. More: softmax of a sum each."""

    task: ClassVar[Task] = Task.CLASSIFICATION
    estimator: ClassVar[Callable[..., Any]] = xgboost.XGBClassifier


class XGBoostRegressor(XGBoostWorkflow):
    """Squared error."""

    task: ClassVar[Task] = Task.REGRESSION
    estimator: ClassVar[Callable[..., Any]] = xgboost.XGBRegressor


class FittedXGBoost(Fitted):
    """Boosted trees of either kind."""

    def __init__(self, estimator: Any) -> None:
        """Take XGBoost's."""
        self._estimator = estimator

    @property
    def _is_classifier(self) -> bool:
        return isinstance(self._estimator, xgboost.XGBClassifier)

    def scores(self, matrix: NDArray[np.floating]) -> NDArray[np.float64]:
        """See `Fitted.scores`.

        XGBoost refuses infinity. Trees only compare, so the largest float32 stands for it.
        """
        finite = np.clip(matrix.astype(np.float32), -LARGEST, LARGEST)
        score = self._estimator.predict_proba if self._is_classifier else self._estimator.predict
        return np.asarray(score(finite), dtype=np.float64)

    def onnx(self) -> ModelProto:
        """See `Fitted.onnx`."""
        trees, base = self._ensemble
        columns = self._estimator.n_features_in_
        if not self._is_classifier:
            same = helper.make_node("Identity", ["sums"], ["prediction"])
            return tree_model(trees, base, columns, ("prediction", 1), same)
        answer = ("probabilities", max(len(base), 2))
        link = softmax() if len(base) > 1 else logistic()
        return tree_model(trees, base, columns, answer, *link)

    def native_files(self) -> dict[str, bytes]:
        """Return the booster as UBJSON, XGBoost's own format."""
        booster = self._estimator.get_booster()
        return {"model.ubj": bytes(booster.save_raw(raw_format="ubj"))}

    def thresholds(self) -> dict[int, NDArray[np.float32]]:
        """Return every split of every tree."""
        return thresholds(self._ensemble[0])

    @cached_property
    def _ensemble(self) -> tuple[list[Tree], list[float]]:
        """The trees, and what each sum of leaves begins with."""
        booster = self._estimator.get_booster()
        learner = json.loads(bytes(booster.save_raw(raw_format="json")))["learner"]
        model = learner["gradient_booster"]["model"]
        base = json.loads(learner["learner_model_param"]["base_score"])
        if self._is_classifier and len(base) == 1:
            base = [math.log(base[0] / (1 - base[0]))]  # of two classes it is a probability
        pairs = zip(model["trees"], model["tree_info"], strict=True)
        return [_tree(each, place) for each, place in pairs], base


class _Rounds(xgboost.callback.TrainingCallback):
    """Tells how many of the trees are grown."""

    def __init__(self, advance: Callable[[float], None], rounds: int) -> None:
        self._advance = advance
        self._rounds = max(rounds, 1)

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """Hear of one more round; True would end the training."""
        del model, evals_log
        self._advance((epoch + 1) / self._rounds)
        return False


def _tree(found: dict[str, Any], place: int) -> Tree:
    """Read a tree of XGBoost's JSON, which goes left where a feature is less than the condition.

    Features are float32, so that is: at most the float32 before the condition.
    """
    left = np.asarray(found["left_children"], dtype=np.int64)
    conditions = np.asarray(found["split_conditions"], dtype=np.float32)
    return Tree(
        left=left,
        right=np.asarray(found["right_children"], dtype=np.int64),
        feature=np.asarray(found["split_indices"], dtype=np.int64),
        threshold=np.nextafter(conditions, np.float32(-np.inf)).astype(np.float64),
        nan_left=np.asarray(found["default_left"], dtype=np.bool_),
        is_leaf=left < 0,
        values=conditions[:, None].astype(np.float64),
        first=place,
    )
