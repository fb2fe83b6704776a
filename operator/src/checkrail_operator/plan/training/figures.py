"""What a trainer measured, as status and ModelVersion tell it."""

from collections.abc import Iterable
from dataclasses import dataclass

from checkrail_api.record import Record
from checkrail_api.reports import (
    GateResult,
    Metric,
    ParityReport,
    TrainerFailure,
    TrainerSuccess,
)

MAX_METRICS = 64
MAX_GATES = 64


@dataclass(frozen=True)
class Figures:
    """Figures on the hold-out.

    Attributes:
        metrics: Overall first, then by slice; at most 64.
        gates: How the gates were passed or failed; at most 64.
        parity: How closely ONNX followed the trained model, if that was compared.
    """

    metrics: tuple[Metric, ...] = ()
    gates: tuple[GateResult, ...] = ()
    parity: ParityReport | None = None


NONE = Figures()


def figures(
    report: TrainerSuccess | TrainerFailure | None, record: Record | None = None
) -> Figures:
    """Return the figures of ``report``, with all metrics and gates where there is a record."""
    if report is None:
        return NONE
    return Figures(
        metrics=overall_first(record.metrics if record else report.metrics)[:MAX_METRICS],
        gates=tuple((record.gates if record and record.gates else report.gates)[:MAX_GATES]),
        parity=report.parity,
    )


def overall_first(metrics: Iterable[Metric]) -> tuple[Metric, ...]:
    """Return ``metrics`` with those of the whole hold-out first, otherwise in their order."""
    return tuple(sorted(metrics, key=lambda metric: metric.slice is not None))
