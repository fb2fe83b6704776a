"""Gradient-boosted trees: XGBoost's, binary, multi-class and of a number.

XGBoost imports scikit-learn for an interface of its own that is not used here. Without it the
import takes 1.7 s of a processor instead of 7.4 s, and 70 MB instead of 200 MB (measured).
"""

from __future__ import annotations

import json
import math
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from onnx import helper

from checkrail_trainer.matrix_file import copied
from checkrail_trainer.workflow import Fitted, Frame, Numbers, Task, Workflow, library_refusals
from checkrail_trainer.workflows.trees import Tree, logistic, softmax, thresholds, tree_model

if "sklearn" in sys.modules:
    import xgboost
else:
    sys.modules["sklearn"] = None  # type: ignore[assignment]  # "not installed", says the import system
    try:
        import xgboost
    finally:
        del sys.modules["sklearn"]

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from onnx import ModelProto

LARGEST = float(np.finfo(np.float32).max)
ROUNDS = 100
"""Trees, or trees of each class, unless ``n_estimators`` says otherwise: XGBoost's own default."""
TWO = 2
BATCH_ROWS = 65_536
"""Rows that are binned or scored at once: they are copied."""


class XGBoostWorkflow(Workflow):
    """Histogram trees. Numbers reach them as they are, NaN takes each split's default side."""

    numbers: ClassVar[Numbers] = Numbers.AS_THEY_ARE
    libraries: ClassVar[tuple[str, ...]] = ("xgboost-cpu", "scipy", "numpy")

    def fit(self, train: Frame) -> Fitted:
        """See `Workflow.fit`; ``advance`` hears of every tree."""
        params = dict(self.params)
        rounds = params.pop("n_estimators", ROUNDS)
        fixed = {
            **_objective(train.classes),
            "tree_method": "hist",
            "nthread": train.threads,
            "seed": train.seed,
            # Part of every digest. It does not make a resumed run equal to an uninterrupted one:
            # docs/decisions/0007.
            "seed_per_iteration": True,
            "verbosity": 0,  # its log goes to standard output, which is for progress
        }
        with library_refusals(self.params, xgboost.core.XGBoostError, TypeError, ValueError):
            rows = xgboost.QuantileDMatrix(
                _Batches(train), nthread=train.threads, max_bin=params.get("max_bin")
            )
            booster = xgboost.train(
                {**params, **fixed}, rows, rounds, callbacks=[_Rounds(train.advance, rounds)]
            )
        return FittedXGBoost(booster, train.classes)


class XGBoostClassifier(XGBoostWorkflow):
    """Two classes: the logistic function of the sum. More: softmax of a sum each."""

    task: ClassVar[Task] = Task.CLASSIFICATION


class XGBoostRegressor(XGBoostWorkflow):
    """Squared error."""

    task: ClassVar[Task] = Task.REGRESSION


class FittedXGBoost(Fitted):
    """Boosted trees of either kind."""

    def __init__(self, booster: Any, classes: int | None) -> None:
        """Take XGBoost's, and the number of classes; None for a regression."""
        self._booster = booster
        self._classes = classes

    def scores(self, matrix: NDArray[np.floating]) -> NDArray[np.float64]:
        """See `Fitted.scores`.

        XGBoost refuses infinity. Trees only compare, so the largest float32 stands for it.
        """
        parts = [
            self._booster.inplace_predict(
                np.clip(matrix[start : start + BATCH_ROWS].astype(np.float32), -LARGEST, LARGEST)
            )
            for start in range(0, len(matrix), BATCH_ROWS)
        ]
        scores = np.concatenate(parts).astype(np.float64)
        return np.column_stack([1 - scores, scores]) if self._classes == TWO else scores

    def onnx(self) -> ModelProto:
        """See `Fitted.onnx`."""
        trees, base = self._ensemble
        columns = self._booster.num_features()
        if self._classes is None:
            same = helper.make_node("Identity", ["sums"], ["prediction"])
            return tree_model(trees, base, columns, ("prediction", 1), same)
        answer = ("probabilities", self._classes)
        link = softmax() if self._classes > TWO else logistic()
        return tree_model(trees, base, columns, answer, *link)

    def native_files(self) -> dict[str, bytes]:
        """Return the booster as UBJSON, XGBoost's own format."""
        return {"model.ubj": bytes(self._booster.save_raw(raw_format="ubj"))}

    def thresholds(self) -> dict[int, NDArray[np.float32]]:
        """Return every split of every tree."""
        return thresholds(self._ensemble[0])

    @cached_property
    def _ensemble(self) -> tuple[list[Tree], list[float]]:
        """The trees, and what each sum of leaves begins with."""
        learner = json.loads(bytes(self._booster.save_raw(raw_format="json")))["learner"]
        model = learner["gradient_booster"]["model"]
        base = json.loads(learner["learner_model_param"]["base_score"])
        if self._classes == TWO:
            base = [math.log(base[0] / (1 - base[0]))]  # kept as a probability
        pairs = zip(model["trees"], model["tree_info"], strict=True)
        return [_tree(each, place) for each, place in pairs], base


def _objective(classes: int | None) -> dict[str, Any]:
    if classes is None:
        return {"objective": "reg:squarederror"}
    if classes == TWO:
        return {"objective": "binary:logistic"}
    return {"objective": "multi:softprob", "num_class": classes}


class _Batches(xgboost.DataIter):
    """The rows trained on, some at a time: the matrix need not be in memory.

    XGBoost goes over them several times, to find the bins and to fill them.
    """

    def __init__(self, train: Frame) -> None:
        super().__init__(release_data=True)
        self._train = train
        self._start = 0

    def reset(self) -> None:
        """Begin at the first row."""
        self._start = 0

    def next(self, input_data: Callable[..., Any]) -> bool:
        """Hand over the next rows; False after the last."""
        rows = slice(self._start, self._start + BATCH_ROWS)
        labels = self._train.labels[rows]
        if not len(labels):
            return False
        input_data(data=copied(self._train.matrix, rows), label=labels)
        self._start += BATCH_ROWS
        return True


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
