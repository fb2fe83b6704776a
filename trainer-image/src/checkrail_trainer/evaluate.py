"""Figures on the hold-out, by the trained model itself; the parity check carries them to ONNX."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from checkrail_api.reasons import Reason
from checkrail_api.reports import Metric
from checkrail_api.workflows import METRICS, Task
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.measures import (
    AreaUnderRoc,
    AveragePrecision,
    Explained,
    FScore,
    Mean,
    Rankings,
    RootMean,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from checkrail_api.evaluation import Evaluation
    from checkrail_api.workflows import MetricName
    from checkrail_trainer.measures import Measure

TWO = 2
PLACES = 6
"""Digits after the point of a metric without unit."""
SIGNIFICANT = 7
"""Digits of a metric in units of the label: what FP32, the model's answer, can hold."""
SPREAD = {
    **dict.fromkeys(("roc_auc", "pr_auc", "f1"), "one class only"),
    "r2": "one value of the label only",
}
"""Metrics that need rows which differ in their label, and what to say where they do not."""
NOT_FINITE = "the model's answers are not finite"
LONGEST = 32
"""Characters beyond which a figure is told with an exponent."""


def metrics_of(evaluation: Evaluation, task: Task) -> list[MetricName]:
    """Return the metrics to compute: those of the spec, else the task's first.

    Raises:
        RunFailedError: InvalidSpec; a metric, here or in a gate, does not judge the task. The API
            server refuses that for built-in workflows, but does not know the task of others.
    """
    known = METRICS[task]
    named = [
        *((f"metrics[{i}]", each) for i, each in enumerate(evaluation.metrics or [])),
        *((f"gates[{i}].metric", each.metric) for i, each in enumerate(evaluation.gates)),
    ]
    for field, name in named:
        if name not in known:
            raise RunFailedError(
                Reason.INVALID_SPEC,
                f"spec.evaluation.{field} is {name}, which does not judge this workflow: its task "
                f"is {task.value.lower()}; expected one of {', '.join(known)}",
            )
    return list(evaluation.metrics or known[:1])


def evaluate(
    names: Sequence[MetricName], labels: NDArray[Any], scores: NDArray[np.float64]
) -> list[Metric]:
    """Return the named metrics in their order; see ``measure``.

    Args:
        names: Which.
        labels: ``(rows,)`` class numbers, or numbers of a regressor.
        scores: ``(rows, classes)`` probabilities, or ``(rows,)`` predictions.
    """
    return [tell(name, labels, scores) for name in names]


def tell(name: MetricName, labels: NDArray[Any], scores: NDArray[np.float64]) -> Metric:
    """Return one metric, or a note why these rows have none."""
    value = figure(name, labels, scores)
    if isinstance(value, str):
        return Metric(name=name, value="", note=value)
    return Metric(name=name, value=text(value, exponent(name, value)))


def figure(name: MetricName, labels: NDArray[Any], scores: NDArray[np.float64]) -> float | str:
    """Return one metric of these rows, or why they have none."""
    if name in SPREAD and (labels == labels[0]).all():
        return SPREAD[name]
    if not np.isfinite(scores).all():
        return NOT_FINITE
    value = metric(name, labels, scores)
    return value if np.isfinite(value) else NOT_FINITE


def metric(name: MetricName, labels: NDArray[Any], scores: NDArray[np.float64]) -> float:
    """Return one metric of these rows, where they have it; else NaN or infinity."""
    with np.errstate(all="ignore"):
        return measure(name, labels, scores).figure(np.ones(len(labels)))


def measure(name: MetricName, labels: NDArray[Any], scores: NDArray[np.float64]) -> Measure:  # noqa: PLR0911 - a table
    """Return one metric as a function of weights.

    With two classes the second one, in sorted order, is the positive one: ``roc_auc``, ``pr_auc``
    (average precision), ``f1`` and ``brier`` speak of it. With more, ``roc_auc`` and ``pr_auc`` are
    the plain mean over each class against the rest, over the classes that the rows have; ``f1`` is
    the plain mean over the classes that a row has or is taken for; ``brier`` sums the squared
    errors over the classes, from 0 to 2. ``log_loss`` is in nats, of probabilities scaled to sum
    to 1 and kept 2.2e-16 away from 0 and 1.
    """
    match name:
        case "roc_auc":
            return Rankings(tuple(AreaUnderRoc(*each) for each in _rankings(labels, scores)))
        case "pr_auc":
            return Rankings(tuple(AveragePrecision(*each) for each in _rankings(labels, scores)))
        case "f1":
            return _f1(labels, scores)
        case "accuracy":
            return Mean((scores.argmax(axis=1) == labels).astype(np.float64))
        case "log_loss":
            return Mean(_surprise(labels, scores))
        case "brier":
            return Mean(_squares(labels, scores))
        case "rmse":
            return RootMean((scores - labels) ** 2)
        case "mae":
            return Mean(np.abs(scores - labels))
        case "r2":
            return Explained(labels.astype(np.float64), (scores - labels) ** 2)


def exponent(name: MetricName, value: float) -> int:
    """Return the power of ten to which figures of this size are told and compared.

    Six digits after the point; but an error in units of the label, which may be millions or
    millionths, gets seven significant digits.
    """
    if name in {"rmse", "mae"} and value:
        return Decimal(value).adjusted() - SIGNIFICANT + 1
    return -PLACES


def text(value: float, power: int) -> str:
    """Return a figure as a decimal number, rounded to a power of ten."""
    rounded = Decimal(value).quantize(Decimal(1).scaleb(power), context=Context(prec=1000))
    told = f"{rounded + 0:f}" if rounded else f"{abs(rounded):f}"
    return told if len(told) <= LONGEST else f"{value:.{SIGNIFICANT - 1}e}"


def _rankings(
    labels: NDArray[np.int64], scores: NDArray[np.float64]
) -> list[tuple[NDArray[np.bool_], NDArray[np.float64]]]:
    """Return the positive class against the other, or each class that occurs against the rest."""
    occurring = [1] if scores.shape[1] == TWO else np.unique(labels).tolist()
    return [(labels == each, scores[:, each]) for each in occurring]


def _f1(labels: NDArray[np.int64], scores: NDArray[np.float64]) -> FScore:
    answers = scores.argmax(axis=1)
    occurring = np.union1d(labels, answers)
    return FScore(labels, answers, np.array([1]) if scores.shape[1] == TWO else occurring)


def _surprise(labels: NDArray[np.int64], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each row's log loss. FP32 rows add up to 1 within rounding only."""
    given = scores[np.arange(len(labels)), labels] / scores.sum(axis=1)
    least = np.finfo(np.float64).eps
    losses: NDArray[np.float64] = -np.log(np.clip(given, least, 1 - least))
    return losses


def _squares(labels: NDArray[np.int64], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each row's Brier loss."""
    if scores.shape[1] == TWO:
        return np.asarray((scores[:, 1] - labels) ** 2)
    wanted = labels[:, None] == np.arange(scores.shape[1])
    return np.asarray(((scores - wanted) ** 2).sum(axis=1))
