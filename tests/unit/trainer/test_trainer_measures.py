"""Every weighted form against scikit-learn's ``sample_weight``, and every slope against a step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn import metrics

from checkrail_api.workflows import METRICS, Task
from checkrail_trainer.evaluate import measure

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from checkrail_api.workflows import MetricName

CLASSIFICATION, REGRESSION = METRICS[Task.CLASSIFICATION], METRICS[Task.REGRESSION]


def over_classes(
    score: Callable[..., float], labels: NDArray[Any], scores: NDArray[Any], weights: NDArray[Any]
) -> float:
    classes = [1] if scores.shape[1] == 2 else np.unique(labels)
    return float(
        np.mean([score(labels == c, scores[:, c], sample_weight=weights) for c in classes])
    )


def by_scikit_learn(
    name: MetricName, labels: NDArray[Any], scores: NDArray[Any], weights: NDArray[Any]
) -> float:
    """Return the metric by scikit-learn itself."""
    if name in {"roc_auc", "pr_auc"}:
        one = metrics.roc_auc_score if name == "roc_auc" else metrics.average_precision_score
        return over_classes(one, labels, scores, weights)
    if name == "log_loss":
        classes = np.arange(scores.shape[1])
        return float(metrics.log_loss(labels, scores, labels=classes, sample_weight=weights))
    if name == "brier":
        if scores.shape[1] == 2:
            return float(
                metrics.brier_score_loss(labels, scores[:, 1], pos_label=1, sample_weight=weights)
            )
        return float(
            metrics.brier_score_loss(
                labels,
                scores,
                labels=np.arange(scores.shape[1]),
                sample_weight=weights,
                scale_by_half=False,
            )
        )
    if name == "f1":
        average = "binary" if scores.shape[1] == 2 else "macro"
        best = scores.argmax(axis=1)
        return float(
            metrics.f1_score(
                labels, best, average=average, zero_division=0.0, sample_weight=weights
            )
        )
    plain = {
        "accuracy": lambda: metrics.accuracy_score(
            labels, scores.argmax(axis=1), sample_weight=weights
        ),
        "rmse": lambda: metrics.root_mean_squared_error(labels, scores, sample_weight=weights),
        "mae": lambda: metrics.mean_absolute_error(labels, scores, sample_weight=weights),
        "r2": lambda: metrics.r2_score(labels, scores, sample_weight=weights),
    }
    return float(plain[name]())


def some_rows(
    name: MetricName, *, classes: int, tied: bool, rows: int = 400, seed: int = 3
) -> tuple[NDArray[Any], NDArray[np.float64], NDArray[np.float64]]:
    """Return labels, scores that know something of them, and weights from 0 to 4."""
    random = np.random.default_rng(seed)
    weights = random.integers(0, 5, rows).astype(np.float64)
    if name in REGRESSION:
        labels = random.normal(1000, 20, rows)
        return labels, labels + random.normal(1, 10, rows), weights
    classed = random.integers(0, classes, rows)
    classed[:classes] = np.arange(classes)
    weights[:classes] = 1
    known = classed[:, None] == np.arange(classes)
    raw = random.integers(1, 4, known.shape) if tied else random.random(known.shape) + 0.5
    raw = raw + 0.5 * known
    return classed, raw / raw.sum(axis=1, keepdims=True), weights


CASES = [
    pytest.param(name, classes, tied, id=f"{name}, {classes} classes{', ties' if tied else ''}")
    for name in CLASSIFICATION
    for classes in (2, 4)
    for tied in (False, True)
] + [pytest.param(name, 0, False, id=name) for name in REGRESSION]


@pytest.mark.parametrize(("name", "classes", "tied"), CASES)
def test_a_weighted_metric_is_scikit_learns(name: MetricName, classes: int, *, tied: bool) -> None:
    labels, scores, weights = some_rows(name, classes=classes, tied=tied)

    made = measure(name, labels, scores)

    assert made.figure(weights) == pytest.approx(
        by_scikit_learn(name, labels, scores, weights), rel=1e-12
    )
    ones = np.ones(len(labels))
    assert made.figure(ones) == pytest.approx(
        by_scikit_learn(name, labels, scores, ones), rel=1e-12
    )


@pytest.mark.parametrize(("name", "classes", "tied"), CASES)
def test_a_slope_is_what_a_little_more_weight_changes(
    name: MetricName, classes: int, *, tied: bool
) -> None:
    labels, scores, _ = some_rows(name, classes=classes, tied=tied, rows=60)
    made = measure(name, labels, scores)
    step = 1e-5

    def moved(row: int, by: float) -> float:
        weights = np.ones(len(labels))
        weights[row] += by
        return made.figure(weights)

    changes = [(moved(row, step) - moved(row, -step)) / (2 * step) for row in range(len(labels))]

    np.testing.assert_allclose(made.slopes(), changes, rtol=1e-5, atol=1e-8)
    assert made.slopes().sum() == pytest.approx(0, abs=1e-10)
