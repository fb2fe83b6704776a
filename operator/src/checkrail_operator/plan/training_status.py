"""The status of a TrainingJob, whole."""

from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation

from checkrail_api.conditions import Condition, settled
from checkrail_api.names import model_version_name
from checkrail_api.reports import Metric, Phase, TrainerSuccess
from checkrail_api.training_job import Progress, PublishedArtifact, TrainingJobStatus
from checkrail_operator.plan.attempts import History
from checkrail_operator.plan.training_seen import ResolvedRun, TrainingJobSeen
from checkrail_operator.plan.types import Manifest

SCORE_DIGITS = Decimal("0.0001")


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
        attempts=list(past.attempts),
        progress=progress,
        start_time=seen.status.start_time or past.attempts[0].start_time,
        completion_time=completion_time,
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
        progress=Progress(phase=Phase.PUBLISHING, percent=100, eta_seconds=0),
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


def score(metrics: Sequence[Metric]) -> str:
    """Return the first metric for reading: ``roc_auc 0.7431``; empty if there is none.

    A value that is no number is shown as it is.
    """
    if not metrics:
        return ""
    name, value = metrics[0].name, metrics[0].value
    try:
        return f"{name} {Decimal(value).quantize(SCORE_DIGITS)}"[:64]
    except InvalidOperation:
        return f"{name} {value}"[:64]
