"""Logistic regression on standardised numbers: scikit-learn's, binary and multinomial."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from checkrail_trainer.workflows.workflow import Workflow, library_refusals

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from onnx import ModelProto

CONVERTER_OPSET = 21
MAX_ITERATIONS = 1000
"""scikit-learn's own default of 100 ends before it has converged on most tables."""


class LogisticRegressionClassifier(Workflow):
    """L2-penalised, by a solver that draws nothing at random; it tells no progress."""

    standardises: ClassVar[bool] = True
    libraries: ClassVar[tuple[str, ...]] = ("scikit-learn", "scipy", "skl2onnx")

    def fit(
        self,
        matrix: NDArray[np.float32],
        labels: NDArray[np.int64],
        advance: Callable[[float], None],
    ) -> None:
        """See `Workflow.fit`."""
        del advance
        self._estimator = LogisticRegression(
            **{"max_iter": MAX_ITERATIONS, **self.params}, random_state=self.seed
        )
        with library_refusals(self.params, ValueError, TypeError), threadpool_limits(self.threads):
            self._estimator.fit(matrix.astype(np.float64), labels)

    def scores(self, matrix: NDArray[np.floating]) -> NDArray[np.float64]:
        """See `Workflow.scores`."""
        return np.asarray(self._estimator.predict_proba(matrix), dtype=np.float64)

    def model(self) -> ModelProto:
        """See `Workflow.model`."""
        kind = [("matrix", FloatTensorType([None, self._estimator.n_features_in_]))]
        model: ModelProto = convert_sklearn(
            self._estimator,
            initial_types=kind,
            options={"zipmap": False},
            target_opset=CONVERTER_OPSET,
        )
        return model

    def native_files(self) -> dict[str, bytes]:
        """Return the coefficients, one row per class (one row where there are two), as JSON."""
        state = {
            "coefficients": self._estimator.coef_.tolist(),
            "intercepts": self._estimator.intercept_.tolist(),
        }
        return {"coefficients.json": json.dumps(state, sort_keys=True).encode()}
