"""Naive Bayes by scikit-learn, as a workflow of Checkrail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from skl2onnx import to_onnx
from skl2onnx.common.data_types import DoubleTensorType
from sklearn.naive_bayes import GaussianNB

from checkrail_trainer.workflow import Fitted, Frame, Numbers, Task, Workflow, library_refusals

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from onnx import ModelProto

OPSETS = {"": 21, "ai.onnx.ml": 3}


class NaiveBayes(Workflow):
    """Each class is a normal distribution in every column of the matrix."""

    task = Task.CLASSIFICATION
    numbers = Numbers.STANDARDISED
    libraries = ("scikit-learn", "skl2onnx")
    allowed = frozenset({"var_smoothing"})

    def fit(self, train: Frame) -> Fitted:
        """Learn mean and variance of every column, by class."""
        estimator = GaussianNB(**self.params)
        with library_refusals(self.params, ValueError, TypeError):
            estimator.fit(train.matrix.astype(np.float64), train.labels)
        train.advance(1.0)
        return FittedNaiveBayes(estimator)


class FittedNaiveBayes(Fitted):
    """Means and variances."""

    def __init__(self, estimator: GaussianNB) -> None:
        """Take scikit-learn's."""
        self._estimator = estimator

    def scores(self, matrix: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the probability of each class, as scikit-learn says it."""
        probabilities: NDArray[np.float64] = self._estimator.predict_proba(matrix)
        return probabilities

    def onnx(self) -> ModelProto:
        """Convert it; in double, because the exponents of small densities cancel in float."""
        model: ModelProto = to_onnx(
            self._estimator,
            initial_types=[("matrix", DoubleTensorType([None, self._estimator.n_features_in_]))],
            options={"zipmap": False},
            target_opset=OPSETS,
        )
        return model
