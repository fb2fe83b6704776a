"""The status of a TrainingJob, whole."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Literal

from checkrail_api.conditions import Condition, settled
from checkrail_api.names import model_version_name
from checkrail_api.reasons import Reason
from checkrail_api.reports import Metric, Phase, TrainerSuccess
from checkrail_api.training_job import Ownership
from checkrail_api.training_status import Progress, PublishedArtifact, TrainingJobStatus
from checkrail_operator.plan.instants import instant, rfc3339
from checkrail_operator.plan.training.attempts import History
from checkrail_operator.plan.training.readable import duration
from checkrail_operator.plan.training.readable import progress as progress_of
from checkrail_operator.plan.training.training_seen import ResolvedRun, TrainingJobSeen
from checkrail_operator.plan.types import Manifest, RunEnd

MAX_ATTEMPTS = 64
"""What the schema of the status takes: the newest ones stay."""
SCORE_DIGITS = 4
"""Digits of a score after the point; of a smaller one, such as an error in tonnes, significant."""


def training_status(
    seen: TrainingJobSeen,
    past: History,
    conditions: Iterable[Condition],
    *,
    progress: Progress | None = None,
    completion_time: str | None = None,
) -> Manifest:
    """Return the status of a run without a result.

    Args:
        seen: The pass's snapshot; its own status gives the conditions their older times.
        past: All attempts.
        conditions: Stamped with this pass's time.
        progress: How far the last attempt is.
        completion_time: When the run ended, if it has.
    """
    return TrainingJobStatus(
        observed_generation=seen.generation,
        conditions=settled(conditions, seen.status.conditions, seen.generation),
        attempts=list(past.attempts[-MAX_ATTEMPTS:]),
        progress=progress,
        start_time=rfc3339(past.started) if past.started else None,
        completion_time=completion_time,
        duration=_duration(past.started, instant(completion_time)),
        metrics=list(past.figures.metrics),
        gates=list(past.figures.gates),
        parity=past.figures.parity,
    ).dump()


def published_status(
    seen: TrainingJobSeen,
    run: ResolvedRun,
    past: History,
    conditions: Iterable[Condition],
    result: TrainerSuccess,
) -> Manifest:
    """Return the status of a run that has published ``result``."""
    bare = training_status(
        seen,
        past,
        conditions,
        progress=progress_of(Phase.PUBLISHING, 100),
        completion_time=past.attempts[-1].finish_time,
    )
    artifact = PublishedArtifact(
        uri=result.artifact.uri,
        sha256=result.artifact.sha256,
        size_bytes=result.artifact.size_bytes,
    )
    return {
        **bare,
        "score": score(past.figures.metrics),
        "modelVersion": model_version_name(run.spec.model, result.artifact.sha256),
        "artifact": artifact.dump(),
    }


def _duration(began: datetime | None, ended: datetime | None) -> str | None:
    """Return how long it took; None of a run that goes on, or ended while it was held."""
    if began is None or ended is None:
        return None
    return duration(max(0, round((ended - began).total_seconds())))


def run_end(
    run: ResolvedRun, past: History, outcome: Literal["Complete", "Failed"], reason: Reason
) -> RunEnd:
    """Return how ``run`` ended, for counting."""
    told = past.last.reason if past.last else None
    answering = run.spec.ownership or Ownership()
    owner, project = answering.owner or "", answering.project or ""
    return RunEnd(run.spec.model, owner, project, outcome, reason.value, told or reason.value)


def score(metrics: Sequence[Metric]) -> str:
    """Return the first metric for reading: ``roc_auc 0.7431``, ``rmse 0.00001235``.

    A value that is no number is shown as it is. Empty if there is no metric, or none of a value.
    """
    if not metrics or not metrics[0].value:
        return ""
    name, value = metrics[0].name, metrics[0].value
    try:
        figure = Decimal(value)
        digits = SCORE_DIGITS + max(0, -1 - figure.adjusted()) if figure else SCORE_DIGITS
        return f"{name} {figure.quantize(Decimal(1).scaleb(-digits)):f}"[:64]
    except InvalidOperation:
        return f"{name} {value}"[:64]
