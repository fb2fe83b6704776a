"""Random forests: scikit-learn's. It has no safe format of its own, so there is no ``native/``."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from onnx import helper
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from checkrail_trainer.workflow import Fitted, Frame, Numbers, Task, Workflow, library_refusals
from checkrail_trainer.workflows.trees import Tree, thresholds, tree_model

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from onnx import ModelProto

LARGEST = float(np.finfo(np.float32).max)
STEPS = 20
"""How often a fit tells how far it is."""
SLICE_ROWS = 4096


class ForestWorkflow(Workflow):
    """Trees on samples of the rows. Numbers reach them as they are, NaN has a side of its own."""

    numbers: ClassVar[Numbers] = Numbers.AS_THEY_ARE
    libraries: ClassVar[tuple[str, ...]] = ("scikit-learn", "scipy", "numpy")
    estimator: ClassVar[Callable[..., Any]]

    def fit(self, train: Frame) -> Fitted:
        """See `Workflow.fit`. Each tree has its own seed, so threads do not change it."""
        with library_refusals(self.params, ValueError, TypeError):
            estimator = type(self).estimator(
                **self.params, n_jobs=train.threads, random_state=train.seed
            )
            self._grow(estimator, train)
        return FittedForest(estimator, train.threads)

    def _grow(self, estimator: Any, train: Frame) -> None:
        """Grow the trees in steps; scikit-learn grows the same ones as at once.

        With class weights it would warn that later steps might see other rows; they do not, but
        then all are grown at once.
        """
        trees = estimator.n_estimators
        steps = 1 if "class_weight" in self.params else STEPS
        for count in sorted({-(-trees * step // steps) for step in range(1, steps + 1)}):
            estimator.set_params(n_estimators=count, warm_start=steps > 1)
            estimator.fit(train.matrix, train.labels)
            train.advance(count / trees)


class ForestClassifier(ForestWorkflow):
    """Probabilities are the mean of those of the trees."""

    task: ClassVar[Task] = Task.CLASSIFICATION
    estimator: ClassVar[Callable[..., Any]] = RandomForestClassifier


class ForestRegressor(ForestWorkflow):
    """The prediction is the mean of those of the trees."""

    task: ClassVar[Task] = Task.REGRESSION
    estimator: ClassVar[Callable[..., Any]] = RandomForestRegressor


class FittedForest(Fitted):
    """A forest of either kind."""

    def __init__(self, estimator: Any, threads: int) -> None:
        """Take scikit-learn's; it scores a slice of rows a thread, always in the trees' order."""
        self._estimator = estimator.set_params(n_jobs=1, warm_start=False)
        self._threads = threads

    @property
    def _is_classifier(self) -> bool:
        return isinstance(self._estimator, RandomForestClassifier)

    def scores(self, matrix: NDArray[np.floating]) -> NDArray[np.float64]:
        """See `Fitted.scores`.

        scikit-learn refuses infinity. Trees only compare, so the largest float32 stands for it.
        Its own threads would add up the trees in an order that differs from call to call.
        """
        finite = np.clip(matrix.astype(np.float32), -LARGEST, LARGEST)
        score = self._estimator.predict_proba if self._is_classifier else self._estimator.predict

        def scored(rows: NDArray[np.float32]) -> NDArray[np.float64]:
            with np.errstate(over="ignore", invalid="ignore"):  # it adds all values up to find NaN
                return np.asarray(score(rows), dtype=np.float64)

        slices = [finite[start : start + SLICE_ROWS] for start in range(0, len(finite), SLICE_ROWS)]
        with ThreadPoolExecutor(self._threads) as pool:
            return np.concatenate(list(pool.map(scored, slices)))

    def onnx(self) -> ModelProto:
        """See `Fitted.onnx`."""
        name = "probabilities" if self._is_classifier else "prediction"
        trees = self._trees()
        sums = trees[0].values.shape[1]
        return tree_model(
            trees,
            [0.0] * sums,
            self._estimator.n_features_in_,
            (name, sums),
            helper.make_node("Identity", ["sums"], [name]),
        )

    def thresholds(self) -> dict[int, NDArray[np.float32]]:
        """Return every split of every tree."""
        return thresholds(self._trees())

    def _trees(self) -> list[Tree]:
        grown = [each.tree_ for each in self._estimator.estimators_]
        return [
            Tree(
                left=each.children_left,
                right=each.children_right,
                feature=each.feature,
                threshold=each.threshold,
                nan_left=each.missing_go_to_left.astype(np.bool_),
                is_leaf=each.children_left < 0,
                values=each.value[:, 0, :] / len(grown),
            )
            for each in grown
        ]
