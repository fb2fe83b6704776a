"""Judging a trained model on the hold-out: metrics, and the gates that must hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from checkrail_api.workflows import Task
from checkrail_trainer.evaluate import evaluate, metrics_of
from checkrail_trainer.gates import Held, check_gates, gates_failed
from checkrail_trainer.slices import by_slice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from checkrail_api.reports import GateResult, Metric
    from checkrail_api.run import Run
    from checkrail_trainer.gates import Rival
    from checkrail_trainer.prepared import Prepared
    from checkrail_trainer.training import Trained


@dataclass(frozen=True)
class Judged:
    """Figures on the hold-out."""

    metrics: list[Metric]
    """Overall first, then by slice."""
    gates: list[GateResult]


def judge(run: Run, prepared: Prepared, trained: Trained, rivals: Sequence[Rival] = ()) -> Judged:
    """Measure the model, and hold it to the gates, with ``rivals`` on the same rows.

    Raises:
        RunFailedError: GateFailed, with all metrics and gates.
    """
    holdout = prepared.holdout
    names = metrics_of(run.evaluation, prepared.task)
    classification = prepared.task is Task.CLASSIFICATION
    labels = prepared.classes.numbers(holdout.labels) if classification else holdout.labels
    scores = as_served(trained.scores)
    metrics = evaluate(names, labels, scores) + by_slice(names, holdout.slices, labels, scores)
    gates = check_gates(run.evaluation.gates, Held(labels, scores, run.train.seed), rivals)
    judged = Judged(metrics=metrics, gates=[result for _, result in gates])
    if failed := [each for each in gates if not each[1].passed]:
        raise gates_failed(failed).with_evidence(judged.metrics, judged.gates)
    return judged


def as_served(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return scores in the precision of the model's answers, as its rivals' are.

    What FP32 cannot tell from 0 counts as 0 for both.
    """
    with np.errstate(over="ignore"):
        return scores.astype(np.float32).astype(np.float64)
