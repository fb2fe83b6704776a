"""The ModelVersion that records what a run published.

trainer ---- termination message: digest, rows, gates, parity, digest of the record ---+
trainer ---- record in its log: files, features, all metrics, sources, filters --------+--> record
operator --- the run: image, threads, seed, digest of the spec ------------------------+
"""

from checkrail_api.kind import API_VERSION
from checkrail_api.model_version import Artifact, ModelVersionSpec, Provenance, RunReference
from checkrail_api.names import LABEL_MODEL, model_version_name
from checkrail_api.object_store import ObjectStore
from checkrail_api.reports import TrainerSuccess
from checkrail_operator.plan.ownership import answering_labels
from checkrail_operator.plan.training.endings import Ending
from checkrail_operator.plan.training.training_seen import ResolvedRun, TrainingJobSeen
from checkrail_operator.plan.training.version_size import bounded
from checkrail_operator.plan.types import Manifest

MAX_IMAGE = 512


def version_record(
    seen: TrainingJobSeen, run: ResolvedRun, end: Ending, result: TrainerSuccess
) -> Manifest:
    """Return the record of ``result``: owned by nobody, since it outlives the run.

    Args:
        seen: The pass's snapshot.
        run: The resolved spec.
        end: How the attempt ended; its record has what the report had no room for.
        result: What the trainer reported.
    """
    record = end.record
    store = ObjectStore.model_validate(run.store.model_dump(exclude={"uri"}))
    spec = ModelVersionSpec(
        model=run.spec.model,
        artifact=Artifact(
            uri=result.artifact.uri,
            sha256=result.artifact.sha256,
            size_bytes=result.artifact.size_bytes,
            opset=result.artifact.opset,
        ),
        signature=record.signature if record else result.signature,
        components=record.components[:64] if record else [],
        features=record.features[:512] if record else [],
        scores=record.scores if record else None,
        metrics=list(end.figures.metrics),
        gates=list(end.figures.gates),
        provenance=_provenance(seen, run, end, result),
        store=store if store.dump() else None,
    )
    return {
        "apiVersion": API_VERSION,
        "kind": "ModelVersion",
        "metadata": {
            "name": model_version_name(run.spec.model, result.artifact.sha256),
            "namespace": seen.key.namespace,
            "labels": {LABEL_MODEL: run.spec.model, **answering_labels(run.spec.ownership)},
        },
        "spec": bounded(spec).dump(),
    }


def without_record(result: TrainerSuccess, end: Ending) -> str:
    """Say what the ModelVersion lacks because there is no record of it; empty if there is one."""
    if end.record is not None:
        return ""
    if result.record_sha256 is None:
        why = "The trainer's record was too long for the log of its pod"
    elif end.log_read:
        why = "The log of the trainer's pod does not hold its record"
    else:
        why = "The log of the trainer's pod could not be read"
    told = {"signature": result.signature, "data": result.data, "versions": result.versions}
    lacking = [
        "components",
        "features",
        "scores",
        "filters",
        *(name for name in told if not told[name]),
    ]
    return (
        f"{why}: the ModelVersion has no {', '.join(lacking)}, and no more metrics and gates than "
        f"the termination message. The files of the artifact hold them: {result.artifact.uri}"
    )


def _provenance(
    seen: TrainingJobSeen, run: ResolvedRun, end: Ending, result: TrainerSuccess
) -> Provenance:
    source = end.record or result
    return Provenance(
        training_job=RunReference(name=seen.key.name, uid=seen.uid, generation=seen.generation),
        data=source.data[:32],
        filters=end.record.filters[:32] if end.record else [],
        rows=result.rows,
        parity=result.parity,
        image=_with_digest(run.image, end.image_id),
        versions=source.versions[:32],
        threads=run.threads,
        seed=run.spec.train.seed,
        spec_hash=run.spec_hash,
    )


def _with_digest(image: str, image_id: str) -> str:
    """Return ``image`` with the digest it was pulled by.

    An image that was loaded into the node has an ID without a repository (``sha256:...``); that
    names its configuration, which no registry can be asked for, and is left out.
    """
    _, at, digest = image_id.partition("@")
    full = f"{image}@{digest}"
    return full if at and "@" not in image and len(full) <= MAX_IMAGE else image
