"""The half of a run that needs the ML libraries.

    train -> judge -> export -> check parity -> artifact               `learn`
                                                artifact -> the store  `learn_and_publish`

A replay learns, and compares instead of publishing.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checkrail_api.record import record_lines
from checkrail_api.reports import ArtifactReport, Phase, Rows, TrainerSuccess
from checkrail_trainer import provenance
from checkrail_trainer.assembly import assemble
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.judging import judge
from checkrail_trainer.publish import publish
from checkrail_trainer.record import record_of
from checkrail_trainer.training import train

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkrail_api.reports import LibraryVersion, ParityReport
    from checkrail_api.run import Run
    from checkrail_trainer.gates import Rival
    from checkrail_trainer.judging import Judged
    from checkrail_trainer.prepared import Prepared
    from checkrail_trainer.progress import Progress
    from checkrail_trainer.publish import Artifact
    from checkrail_trainer.s3 import Bucketeer
    from checkrail_trainer.training import Trained

log = logging.getLogger(__name__)

FP32_BYTES = 4


@dataclass(frozen=True)
class Learnt:
    """What a run came to, before anything is published."""

    trained: Trained
    judged: Judged
    parity: ParityReport
    versions: list[LibraryVersion]
    artifact: Artifact


def learn(
    run: Run,
    prepared: Prepared,
    progress: Progress,
    rivals: Sequence[Rival] = (),
    *,
    gated: bool = True,
) -> Learnt:
    """Train on one side, judge on the other, export, and check that the export is faithful.

    Args:
        run: The spec.
        prepared: The data.
        progress: Hears how far it is.
        rivals: Published versions that gates compare with.
        gated: Whether the gates are asked. They decide what is published, and nothing in it.

    Raises:
        RunFailedError: BadParams, BadFeature, GateFailed or ParityFailed.
    """
    progress.begin(Phase.TRAINING)
    trained = train(run, prepared, progress.advance)
    rows, columns = prepared.train.rows, trained.encoding.width
    matrix = {"rows": rows, "columns": columns, "matrix_bytes": rows * columns * FP32_BYTES}
    log.info("trained", extra=matrix)

    progress.begin(Phase.EVALUATING)
    judged = judge(run if gated else _without_gates(run), prepared, trained, rivals)

    progress.begin(Phase.EXPORTING)
    versions = provenance.libraries(trained.libraries)
    model = trained.export(provenance.inputs_digest(run, prepared.used, versions))

    progress.begin(Phase.CHECKING_PARITY)
    try:
        parity = trained.check_parity(model)
    except RunFailedError as error:
        error.with_evidence(judged.metrics, judged.gates)
        raise
    artifact = assemble(trained, judged, model, parity, versions)
    return Learnt(trained, judged, parity, versions, artifact)


def learn_and_publish(
    run: Run,
    prepared: Prepared,
    store: Bucketeer,
    progress: Progress,
    rivals: Sequence[Rival] = (),
) -> TrainerSuccess:
    """Learn, and publish what has passed.

    Raises:
        RunFailedError: As ``learn``; or ArtifactConflict, or a store is away.
    """
    learnt = learn(run, prepared, progress, rivals)
    progress.begin(Phase.PUBLISHING)
    uri = publish(learnt.artifact, run.store.uri, store)
    record = record_of(learnt.artifact, prepared, learnt.versions, learnt.judged.gates)
    digest, lines = record_lines(record)
    progress.tell(lines)
    return _success(learnt, prepared, uri, digest if lines else None)


def _without_gates(run: Run) -> Run:
    evaluation = run.evaluation.model_copy(update={"gates": []})
    return run.model_copy(update={"evaluation": evaluation})


def _success(learnt: Learnt, prepared: Prepared, uri: str, record: str | None) -> TrainerSuccess:
    artifact = learnt.artifact
    return TrainerSuccess(
        artifact=ArtifactReport(
            uri=uri,
            sha256=artifact.sha256,
            size_bytes=artifact.model_bytes,
            opset=artifact.opset,
        ),
        rows=Rows(train=prepared.train.rows, holdout=prepared.holdout.rows),
        metrics=learnt.judged.metrics,
        gates=learnt.judged.gates,
        parity=learnt.parity,
        manifest_sha256=hashlib.sha256(artifact.manifest).hexdigest(),
        record_sha256=record,
        data=prepared.used,
        signature=learnt.trained.signature,
        versions=learnt.versions,
    )
