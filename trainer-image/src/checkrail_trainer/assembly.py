"""All files of an artifact, as functions of what was trained."""

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
from checkrail_trainer import provenance
from checkrail_trainer.preprocessor import OPSET
from checkrail_trainer.publish import Artifact
from checkrail_trainer.training_profile import training_profile

if TYPE_CHECKING:
    from checkrail_api.model import Model
    from checkrail_api.reports import LibraryVersion, ParityReport
    from checkrail_trainer.judging import Judged
    from checkrail_trainer.training import Trained


def assemble(
    trained: Trained,
    judged: Judged,
    model: bytes,
    parity: ParityReport,
    versions: list[LibraryVersion],
) -> Artifact:
    """Return the artifact; the same inputs give the same bytes in every file."""
    run, prepared = trained.run, trained.prepared
    files = {
        MODEL_FILE: model,
        SIGNATURE_FILE: _json(trained.signature),
        METRICS_FILE: _json(Metrics(metrics=judged.metrics)),
        PROFILE_FILE: _json(training_profile(prepared.train, trained.scores)),
    } | {f"{NATIVE_DIR}/{name}": body for name, body in trained.native_files().items()}
    files[PROVENANCE_FILE] = provenance.statement(run, prepared, versions, files)
    return Artifact(model=run.model, opset=OPSET, files=files, parity=parity)


def _json(value: Model) -> bytes:
    return json.dumps(value.dump(), sort_keys=True, indent=1, ensure_ascii=False).encode()
