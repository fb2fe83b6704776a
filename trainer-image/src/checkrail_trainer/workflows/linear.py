"""Linear models on standardised numbers: scikit-learn's, exported as the sum that they are.

The graph computes in double: standardised columns may nearly cancel each other out.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from sklearn.linear_model import LinearRegression, LogisticRegression
from threadpoolctl import threadpool_limits

from checkrail_trainer.preprocessor import IR_VERSION, OPSETS
from checkrail_trainer.workflow import Fitted, Frame, Numbers, Task, Workflow, library_refusals
from checkrail_trainer.workflows.trees import logistic, softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from onnx import ModelProto, NodeProto

MAX_ITERATIONS = 1000
"""scikit-learn's own default of 100 ends before it has converged on most tables."""
LIBRARIES = ("scikit-learn", "scipy", "numpy")


class LogisticRegressionClassifier(Workflow):
    """L2-penalised, by a solver that draws nothing at random; it tells no progress."""

    task: ClassVar[Task] = Task.CLASSIFICATION
    numbers: ClassVar[Numbers] = Numbers.STANDARDISED
    libraries: ClassVar[tuple[str, ...]] = LIBRARIES

    def fit(self, train: Frame) -> Fitted:
        """See `Workflow.fit`."""
        estimator = LogisticRegression(
            **{"max_iter": MAX_ITERATIONS, **self.params}, random_state=train.seed
        )
        with library_refusals(self.params, ValueError, TypeError), threadpool_limits(train.threads):
            estimator.fit(train.matrix.astype(np.float64), train.labels)
        return FittedLogisticRegression(estimator)


class LinearRegressor(Workflow):
    """Least squares; it tells no progress."""

    task: ClassVar[Task] = Task.REGRESSION
    numbers: ClassVar[Numbers] = Numbers.STANDARDISED
    libraries: ClassVar[tuple[str, ...]] = LIBRARIES

    def fit(self, train: Frame) -> Fitted:
        """See `Workflow.fit`."""
        estimator = LinearRegression(**self.params, n_jobs=1, copy_X=False)
        with library_refusals(self.params, ValueError, TypeError), threadpool_limits(train.threads):
            estimator.fit(train.matrix.astype(np.float64), train.labels)
        return FittedLinearRegression(estimator)


class FittedLinear(Fitted):
    """Coefficients and intercepts."""

    def __init__(self, estimator: LinearRegression | LogisticRegression) -> None:
        """Take scikit-learn's."""
        self._estimator = estimator

    @property
    def coefficients(self) -> NDArray[np.float64]:
        """``(sums, columns)``: one sum per class, or one where there are two or none."""
        found: NDArray[np.float64] = np.atleast_2d(self._estimator.coef_)
        return found

    @property
    def intercepts(self) -> NDArray[np.float64]:
        """``(sums,)``."""
        sums = len(self.coefficients)
        return np.broadcast_to(np.asarray(self._estimator.intercept_, dtype=np.float64), (sums,))

    def native_files(self) -> dict[str, bytes]:
        """Return coefficients, a list per sum, and intercepts as JSON."""
        state = {
            "coefficients": self.coefficients.tolist(),
            "intercepts": self.intercepts.tolist(),
        }
        return {"coefficients.json": json.dumps(state, sort_keys=True).encode()}

    def graph(self, answer: str, columns: int, *nodes: NodeProto) -> ModelProto:
        """Return a model of the ``sums`` ``(rows, sums)`` and of the ``nodes`` behind them."""
        constants = {"coefficients": self.coefficients.T.copy(), "intercepts": self.intercepts}
        kind = TensorProto.DOUBLE
        graph = helper.make_graph(
            [
                helper.make_node("MatMul", ["matrix", "coefficients"], ["products"]),
                helper.make_node("Add", ["products", "intercepts"], ["sums"]),
                *nodes,
            ],
            "linear",
            [helper.make_tensor_value_info("matrix", kind, ["rows", len(self.coefficients.T)])],
            [helper.make_tensor_value_info(answer, kind, ["rows", columns])],
            [numpy_helper.from_array(values, name) for name, values in constants.items()],
        )
        return helper.make_model(
            graph,
            ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid(*each) for each in OPSETS.items()],
        )


class FittedLogisticRegression(FittedLinear):
    """Two classes: the logistic function of the one sum. More: softmax of a sum each."""

    def scores(self, matrix: NDArray[np.floating]) -> NDArray[np.float64]:
        """See `Fitted.scores`."""
        return np.asarray(self._estimator.predict_proba(matrix), dtype=np.float64)

    def onnx(self) -> ModelProto:
        """See `Fitted.onnx`."""
        if len(self.coefficients) > 1:
            return self.graph("probabilities", len(self.coefficients), *softmax())
        return self.graph("probabilities", 2, *logistic())


class FittedLinearRegression(FittedLinear):
    """The one sum is the prediction."""

    def scores(self, matrix: NDArray[np.floating]) -> NDArray[np.float64]:
        """See `Fitted.scores`."""
        return np.asarray(self._estimator.predict(matrix), dtype=np.float64)

    def onnx(self) -> ModelProto:
        """See `Fitted.onnx`."""
        return self.graph("prediction", 1, helper.make_node("Identity", ["sums"], ["prediction"]))
