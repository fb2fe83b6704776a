"""Figures on the hold-out, by the trained model itself; the parity check carries them to ONNX."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn import metrics

from checkrail_api.reports import Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from checkrail_api.workflows import MetricName

TWO = 2
DIGITS = 6


def evaluate(
    names: Sequence[MetricName], labels: NDArray[np.int64], scores: NDArray[np.float64]
) -> list[Metric]:
    """Return the named metrics in their order, six digits after the point.

    With two classes the second one, in sorted order, is the positive one: ``roc_auc``, ``pr_auc``
    (average precision), ``f1`` and ``brier`` speak of it. With more, ``roc_auc`` and ``pr_auc`` are
    the plain mean over each class against the rest, over the classes that the hold-out has; ``f1``
    is the plain mean over the classes; ``brier`` sums the squared errors over the classes, from
    0 to 2. ``log_loss`` is in nats.

    Args:
        names: Which.
        labels: ``(rows,)`` class numbers.
        scores: ``(rows, classes)`` probabilities.
    """
    return [Metric(name=each, value=f"{metric(each, labels, scores):.{DIGITS}f}") for each in names]


def metric(name: MetricName, labels: NDArray[np.int64], scores: NDArray[np.float64]) -> float:
    """Return one metric; see ``evaluate``."""
    classes = np.arange(scores.shape[1])
    binary = len(classes) == TWO
    best = scores.argmax(axis=1)
    match name:
        case "roc_auc":
            return _ranking(metrics.roc_auc_score, labels, scores)
        case "pr_auc":
            return _ranking(metrics.average_precision_score, labels, scores)
        case "log_loss":
            # float32 rows add up to 1 within rounding only, which scikit-learn warns about
            exact = scores / scores.sum(axis=1, keepdims=True)
            return float(metrics.log_loss(labels, exact, labels=classes))
        case "brier":
            wanted = (labels[:, None] == classes).astype(np.float64)
            squares = (scores - wanted) ** 2
            return float((squares[:, 1] if binary else squares.sum(axis=1)).mean())
        case "accuracy":
            return float((best == labels).mean())
        case "f1":
            average = "binary" if binary else "macro"
            return float(metrics.f1_score(labels, best, average=average, zero_division=0.0))
        case _:
            raise ValueError(f"{name} does not judge a classifier")


def _ranking(
    score: Callable[..., float], labels: NDArray[np.int64], scores: NDArray[np.float64]
) -> float:
    """Return the metric of the positive class, or the mean over the classes that occur."""
    occurring = [1] if scores.shape[1] == TWO else np.unique(labels).tolist()
    return float(np.mean([score(labels == each, scores[:, each]) for each in occurring]))
