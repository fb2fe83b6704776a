"""Gradient-boosted histogram trees: scikit-learn's. It has no safe format: no ``native/`` here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from onnx import NodeProto, helper
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from checkrail_trainer.workflow import Fitted, Frame, Numbers, Task, Workflow, library_refusals
from checkrail_trainer.workflows.trees import Tree, logistic, softmax, thresholds, tree_model

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from onnx import ModelProto

EXPONENTIAL = {"poisson", "gamma"}
"""Losses whose trees add up to the logarithm of the prediction."""


class BoostingWorkflow(Workflow):
    """Numbers reach the trees as they are, NaN takes each split's own side; tells no progress."""

    numbers: ClassVar[Numbers] = Numbers.AS_THEY_ARE
    libraries: ClassVar[tuple[str, ...]] = ("scikit-learn", "scipy", "numpy")
    estimator: ClassVar[Callable[..., Any]]

    def fit(self, train: Frame) -> Fitted:
        """See `Workflow.fit`."""
        with library_refusals(self.params, ValueError, TypeError), threadpool_limits(train.threads):
            estimator = type(self).estimator(**self.params, random_state=train.seed)
            estimator.fit(_with_values(train.matrix), train.labels)
        return FittedBoosting(estimator)


class BoostingClassifier(BoostingWorkflow):
    """Two classes: the logistic function of the sum. More: softmax of a sum each."""

    task: ClassVar[Task] = Task.CLASSIFICATION
    estimator: ClassVar[Callable[..., Any]] = HistGradientBoostingClassifier


class BoostingRegressor(BoostingWorkflow):
    """The prediction is the sum, or its exponential, as the loss has it."""

    task: ClassVar[Task] = Task.REGRESSION
    estimator: ClassVar[Callable[..., Any]] = HistGradientBoostingRegressor


class FittedBoosting(Fitted):
    """Boosted trees of either kind."""

    def __init__(self, estimator: Any) -> None:
        """Take scikit-learn's."""
        self._estimator = estimator

    @property
    def _is_classifier(self) -> bool:
        return isinstance(self._estimator, HistGradientBoostingClassifier)

    def scores(self, matrix: NDArray[np.floating]) -> NDArray[np.float64]:
        """See `Fitted.scores`."""
        scored = (
            self._estimator.predict_proba(matrix)
            if self._is_classifier
            else self._estimator.predict(matrix)
        )
        return np.asarray(scored, dtype=np.float64)

    def onnx(self) -> ModelProto:
        """See `Fitted.onnx`."""
        base = np.asarray(self._estimator._baseline_prediction).ravel().tolist()  # noqa: SLF001 - what the sum begins with is nowhere else
        name = "probabilities" if self._is_classifier else "prediction"
        classes = max(len(base), 2) if self._is_classifier else 1
        columns = self._estimator.n_features_in_
        return tree_model(self._trees(), base, columns, (name, classes), *self._link(len(base)))

    def thresholds(self) -> dict[int, NDArray[np.float32]]:
        """Return every split of every tree."""
        return thresholds(self._trees())

    def _link(self, sums: int) -> list[NodeProto]:
        if not self._is_classifier:
            kind = "Exp" if self._estimator.loss in EXPONENTIAL else "Identity"
            return [helper.make_node(kind, ["sums"], ["prediction"])]
        return softmax() if sums > 1 else logistic()

    def _trees(self) -> list[Tree]:
        rounds = self._estimator._predictors  # noqa: SLF001 - the trees are nowhere else
        return [_tree(each.nodes, place) for grown in rounds for place, each in enumerate(grown)]


def _with_values(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Put 0 into columns without any value: scikit-learn 1.9 fails on them, and none is split."""
    empty = np.isnan(matrix).all(axis=0)
    return np.where(empty, np.float32(0), matrix) if empty.any() else matrix


def _tree(nodes: NDArray[Any], place: int) -> Tree:
    return Tree(
        left=nodes["left"].astype(np.int64),
        right=nodes["right"].astype(np.int64),
        feature=nodes["feature_idx"].astype(np.int64),
        threshold=nodes["num_threshold"],
        nan_left=nodes["missing_go_to_left"].astype(np.bool_),
        is_leaf=nodes["is_leaf"].astype(np.bool_),
        values=nodes["value"][:, None],
        first=place,
    )
