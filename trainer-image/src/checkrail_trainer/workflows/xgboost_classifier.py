"""Gradient-boosted trees: XGBoost's classifier, binary and multi-class."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import xgboost
from onnxmltools.convert import convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType

from checkrail_trainer.workflows.workflow import Workflow, library_refusals

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from onnx import ModelProto

LARGEST = float(np.finfo(np.float32).max)
CONVERTER_OPSET = 15
"""Highest default-domain opset that the tree converter of onnxmltools 1.16 names."""


class XGBoostClassifier(Workflow):
    """Histogram trees. Numbers reach them as they are, NaN takes each split's default side."""

    standardises: ClassVar[bool] = False
    libraries: ClassVar[tuple[str, ...]] = ("xgboost-cpu", "onnxmltools")

    def fit(
        self,
        matrix: NDArray[np.float32],
        labels: NDArray[np.int64],
        advance: Callable[[float], None],
    ) -> None:
        """See `Workflow.fit`; ``advance`` hears of every tree."""
        self._estimator = xgboost.XGBClassifier(
            **self.params,
            tree_method="hist",
            n_jobs=self.threads,
            random_state=self.seed,
            # Part of every digest. It does not make a resumed run equal to an uninterrupted one:
            # docs/decisions/0007.
            seed_per_iteration=True,
            verbosity=0,  # its log goes to standard output, which is for progress
        )
        rounds = self._estimator.get_num_boosting_rounds()
        with library_refusals(self.params, xgboost.core.XGBoostError, TypeError, ValueError):
            self._estimator.set_params(callbacks=[_Rounds(advance, rounds)])
            self._estimator.fit(matrix, labels)
        self._estimator.set_params(callbacks=None)

    def scores(self, matrix: NDArray[np.floating]) -> NDArray[np.float64]:
        """See `Workflow.scores`.

        XGBoost refuses infinity. Trees only compare, so the largest float32 stands for it.
        """
        finite = np.clip(matrix.astype(np.float32), -LARGEST, LARGEST)
        return np.asarray(self._estimator.predict_proba(finite), dtype=np.float64)

    def model(self) -> ModelProto:
        """See `Workflow.model`."""
        columns = self._estimator.n_features_in_
        kind = [("matrix", FloatTensorType([None, columns]))]
        model: ModelProto = convert_xgboost(
            self._estimator, initial_types=kind, target_opset=CONVERTER_OPSET
        )
        return model

    def native_files(self) -> dict[str, bytes]:
        """Return the booster as UBJSON, XGBoost's own format."""
        booster = self._estimator.get_booster()
        return {"model.ubj": bytes(booster.save_raw(raw_format="ubj"))}

    def thresholds(self) -> dict[int, NDArray[np.float32]]:
        """Return every split of every tree."""
        table: dict[int, list[float]] = {}
        for text in self._estimator.get_booster().get_dump(dump_format="json"):
            _collect(text, table)
        return {
            column: np.unique(np.asarray(values, dtype=np.float32))
            for column, values in sorted(table.items())
        }


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


def _collect(text: str, table: dict[int, list[float]]) -> None:
    """Add the splits of one dumped tree to ``table``, by column."""
    waiting = [json.loads(text)]
    while waiting:
        node = waiting.pop()
        if "split" in node:
            table.setdefault(int(node["split"].removeprefix("f")), []).append(
                node["split_condition"]
            )
            waiting += node["children"]
