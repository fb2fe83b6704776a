"""The half of a run that needs the ML libraries: train, evaluate, export, check, publish."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from checkrail_api.artifact import (
    METRICS_FILE,
    MODEL_FILE,
    NATIVE_DIR,
    PROFILE_FILE,
    PROVENANCE_FILE,
    SIGNATURE_FILE,
    Metrics,
)
from checkrail_api.reports import ArtifactReport, Phase, Rows, TrainerSuccess
from checkrail_trainer import provenance
from checkrail_trainer.encoding import fit_encoding
from checkrail_trainer.evaluate import evaluate
from checkrail_trainer.export import export, signature
from checkrail_trainer.parity import check_parity, parity_rows
from checkrail_trainer.preprocessor import OPSET, encode
from checkrail_trainer.publish import Artifact, publish
from checkrail_trainer.training_profile import training_profile
from checkrail_trainer.workflows import load

if TYPE_CHECKING:
    from checkrail_api.model import Model
    from checkrail_api.run import Run
    from checkrail_trainer.prepared import Prepared
    from checkrail_trainer.progress import Progress
    from checkrail_trainer.s3 import Bucketeer


def learn_and_publish(
    run: Run, prepared: Prepared, store: Bucketeer, progress: Progress
) -> TrainerSuccess:
    """Train on one side, judge on the other, and publish what passes.

    Raises:
        RunFailedError: BadParams, BadFeature, ParityFailed, ArtifactConflict, or a store is away.
    """
    progress.begin(Phase.TRAINING)
    train, holdout, classes = prepared.train, prepared.holdout, prepared.classes
    names = tuple(each.name for each in train.features)
    workflow = load(run.train, run.threads)
    encoding = fit_encoding(train, standardise=workflow.standardises)
    matrix = encode(train, encoding, run.threads)
    workflow.fit(matrix, classes.numbers(train.labels), progress.advance)
    del matrix

    progress.begin(Phase.EVALUATING)
    scores = workflow.scores(encode(holdout, encoding, run.threads))
    metrics = evaluate(run.evaluation.metrics, classes.numbers(holdout.labels), scores)

    progress.begin(Phase.EXPORTING)
    versions = provenance.libraries(workflow.libraries)
    digest = provenance.inputs_digest(run, prepared.used, versions)
    model = export(encoding, names, classes, workflow.model(), digest)
    promise = signature(encoding, names, classes)

    progress.begin(Phase.CHECKING_PARITY)
    rows = parity_rows(holdout, encoding, workflow)
    parity = check_parity(model, rows, encoding, workflow, classes, run.evaluation.parity)

    progress.begin(Phase.PUBLISHING)
    files = {
        MODEL_FILE: model,
        SIGNATURE_FILE: _json(promise),
        METRICS_FILE: _json(Metrics(metrics=metrics)),
        PROFILE_FILE: _json(training_profile(train, scores)),
    } | {f"{NATIVE_DIR}/{name}": body for name, body in workflow.native_files().items()}
    files[PROVENANCE_FILE] = provenance.statement(run, prepared.used, versions, files)
    artifact = Artifact(model=run.model, opset=OPSET, files=files)
    uri = publish(artifact, run.store.uri, store)
    return TrainerSuccess(
        artifact=ArtifactReport(
            uri=uri, sha256=artifact.sha256, size_bytes=len(model), opset=OPSET
        ),
        rows=Rows(train=train.rows, holdout=holdout.rows),
        metrics=metrics,
        parity=parity,
        data=prepared.used,
        signature=promise,
        versions=versions,
    )


def _json(value: Model) -> bytes:
    return json.dumps(value.dump(), sort_keys=True, indent=1, ensure_ascii=False).encode()
