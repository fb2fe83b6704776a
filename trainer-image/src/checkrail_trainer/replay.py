"""Running a published run again, and saying whether the result is the same.

    sources changed?         Diverged, before anything is read
    read, filter and split   other rows: Diverged
    train, export            the same bytes: BitIdentical
    score the hold-out       within spec.evaluation.parity of the published model: WithinTolerance,
                             else Diverged

Nothing is published, and no gate is asked: which version served at the time is not in the artifact.
"""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from checkrail_api.artifact import MODEL_FILE
from checkrail_api.exit_codes import ExitCode
from checkrail_api.model import Report, Sha256
from checkrail_api.reasons import Reason
from checkrail_trainer import provenance
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.predictions import distance, scores_of
from checkrail_trainer.preparation import prepare
from checkrail_trainer.sources import locate
from checkrail_trainer.workflows import task_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from checkrail_api.evaluation import Parity
    from checkrail_api.reports import DataUsed
    from checkrail_api.run import Run
    from checkrail_trainer.environment import Environment
    from checkrail_trainer.learning import Learnt
    from checkrail_trainer.predictions import Distance
    from checkrail_trainer.prepared import Prepared
    from checkrail_trainer.progress import Progress
    from checkrail_trainer.publish import Artifact
    from checkrail_trainer.recorded import Recorded

GONE = {Reason.SOURCE_NOT_FOUND, Reason.BUCKET_NOT_FOUND}


class Verdict(StrEnum):
    """Whether a run that is repeated gives the same model."""

    BIT_IDENTICAL = "BitIdentical"
    """model.onnx has the same digest."""
    WITHIN_TOLERANCE = "WithinTolerance"
    """Other bytes, whose answers on the hold-out are the same within spec.evaluation.parity."""
    DIVERGED = "Diverged"
    """Other data, or other answers."""


class Replayed(Report):
    """What a replay found."""

    verdict: Verdict
    uri: str
    """The artifact that was replayed."""
    sha256: Sha256
    """Digest of its model.onnx."""
    replayed_sha256: Sha256 | None = None
    """Digest of the model.onnx that the replay made. Absent: it made none."""
    first_difference: str | None = None
    """What differs first, in the order of a run. Absent: nothing."""
    differences: list[str] = []
    """Programs and settings that were others."""
    rows: Annotated[int, Field(ge=0)] | None = None
    """Rows held out, that both models scored."""
    max_abs_diff: str | None = None
    """Largest difference of a score, counted as spec.evaluation.parity counts it."""
    flips: Annotated[int, Field(ge=0)] | None = None
    """Rows that got another label."""


def replay(
    recorded: Recorded, threads: int, environment: Environment, progress: Progress
) -> Replayed:
    """Run ``recorded`` again and compare.

    Args:
        recorded: What was published, with the services that hold its sources now.
        threads: Threads to use; another number than the recorded one changes sums of floats.
        environment: Where to read and spill.
        progress: Hears how far it is.

    Raises:
        RunFailedError: A store is away or refuses the credentials, or memory is short: nothing
            can be said.
    """
    run = recorded.run.model_copy(update={"threads": threads})
    settings = list(other_settings(recorded, threads))
    if found := changed_source(run, recorded.used, environment):
        return _diverged(recorded, found, settings)
    try:
        prepared = prepare(run, task_of(run.train.workflow), environment, progress)
        if found := next(other_rows(recorded, prepared), None):
            return _diverged(recorded, found, settings)
        learnt: Learnt = import_module("checkrail_trainer.learning").learn(
            run, prepared, progress, gated=False
        )
    except RunFailedError as error:
        if error.exit_code != ExitCode.BAD_SPEC_OR_DATA or error.reason is Reason.ACCESS_DENIED:
            raise
        failure = f"the run fails here, with {error.reason.value}: {error.message}"
        return _diverged(recorded, failure, settings)
    return _compared(recorded, learnt, prepared, environment, settings)


def changed_source(run: Run, used: Sequence[DataUsed], environment: Environment) -> str | None:
    """Say which source is not what was read, or None; nothing but listings is read for it.

    Raises:
        RunFailedError: AccessDenied or StoreUnavailable.
    """
    before = {each.source: each for each in used}
    try:
        located = locate(run, environment.variables)
    except RunFailedError as error:
        if error.reason not in GONE:
            raise
        return f"a source is gone: {error.message}"
    for each in located:
        was = before[each.source.name]
        if each.etag != was.etag:
            size = sum(found.bytes for found in each.objects)
            return (
                f"source `{was.source}` ({was.uri}) has changed: ETag {was.etag} of {was.bytes} "
                f"bytes recorded, {each.etag} of {size} bytes now"
            )
    return None


def other_settings(recorded: Recorded, threads: int) -> Iterator[str]:
    """Say which programs and settings are not those of the run."""
    if threads != recorded.run.threads:
        yield f"threads: {recorded.run.threads} recorded, {threads} here"
    for each in recorded.libraries:
        here = provenance.version_here(each.name)
        if here != each.version:
            yield f"{each.name}: {each.version} recorded, {here or 'none'} here"


def other_rows(recorded: Recorded, prepared: Prepared) -> Iterator[str]:
    """Say where reading, filtering and splitting gave other numbers of rows."""
    now = {each.source: each.rows for each in prepared.used}
    for used in recorded.used:
        if now.get(used.source) != used.rows:
            yield f"source `{used.source}`: {used.rows} rows recorded, {now.get(used.source)} now"
    was, reading = recorded.reading, provenance.reading(prepared)
    for number, (before, here) in enumerate(zip(was.filters, reading.filters, strict=True)):
        if before.rows != here.rows:
            yield (
                f"filters[{number}] ({before.op} on `{before.column}`): {before.rows} rows left "
                f"recorded, {here.rows} now"
            )
    for side in ("train", "holdout"):
        rows, rows_now = getattr(was.rows, side), getattr(reading.rows, side)
        if rows != rows_now:
            yield f"{side} side: {rows} rows recorded, {rows_now} now"


def _compared(
    recorded: Recorded,
    learnt: Learnt,
    prepared: Prepared,
    environment: Environment,
    settings: list[str],
) -> Replayed:
    made = learnt.artifact
    if made.sha256 == recorded.sha256:
        files = _other_files(recorded, made)
        return Replayed(
            verdict=Verdict.BIT_IDENTICAL,
            uri=recorded.uri,
            sha256=recorded.sha256,
            replayed_sha256=made.sha256,
            first_difference=next(iter(files), None),
            differences=files,
        )
    bounds = recorded.run.evaluation.parity
    before, now = (
        scores_of(each, prepared, environment) for each in (recorded.model, made.files[MODEL_FILE])
    )
    found = distance(before, now, bounds)
    if found is None:
        what = f"scores have the shape {now.shape}, the published model's have {before.shape}"
        return _diverged(recorded, what, settings, made.sha256)
    near = found.is_within(bounds)
    first = settings[0] if near and settings else _where(found, bounds)
    return Replayed(
        verdict=Verdict.WITHIN_TOLERANCE if near else Verdict.DIVERGED,
        uri=recorded.uri,
        sha256=recorded.sha256,
        replayed_sha256=made.sha256,
        first_difference=first,
        differences=settings,
        rows=found.rows,
        max_abs_diff=f"{found.max_abs_diff:.3g}",
        flips=found.flips,
    )


def _other_files(recorded: Recorded, made: Artifact) -> list[str]:
    """Say which files have other bytes, although the model is the same."""
    now = {each.name: each.sha256 for each in made.components}
    return [
        f"{each.name} has other bytes"
        for each in recorded.components
        if now.get(each.name) != each.sha256
    ]


def _where(found: Distance, bounds: Parity) -> str:
    """Say which row of the hold-out differs first, or most where all are near."""
    row, by = (
        (found.worst, found.max_abs_diff) if found.first is None else (found.first, found.first_by)
    )
    return (
        f"row {row + 1} of the {found.rows} held out, in the run's order: its score differs by "
        f"{by:.3g}, allowed {bounds.max_abs_diff}"
    )


def _diverged(
    recorded: Recorded, difference: str, settings: list[str], made: str | None = None
) -> Replayed:
    return Replayed(
        verdict=Verdict.DIVERGED,
        uri=recorded.uri,
        sha256=recorded.sha256,
        replayed_sha256=made,
        first_difference=difference,
        differences=settings,
    )
