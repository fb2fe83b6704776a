"""The ModelVersion that records what a run published."""

from checkrail_api.kind import API_VERSION
from checkrail_api.model_version import Artifact, ModelVersionSpec, Provenance, RunReference
from checkrail_api.names import LABEL_MODEL, model_version_name
from checkrail_api.object_store import ObjectStore
from checkrail_api.reports import TrainerSuccess
from checkrail_operator.plan.training_seen import ResolvedRun, TrainingJobSeen
from checkrail_operator.plan.types import Manifest

MAX_IMAGE = 512


def version_record(
    seen: TrainingJobSeen, run: ResolvedRun, result: TrainerSuccess, image_id: str
) -> Manifest:
    """Return the record of ``result``: owned by nobody, since it outlives the run.

    Args:
        seen: The pass's snapshot.
        run: The resolved spec.
        result: What the trainer reported.
        image_id: The image that ran, as the container runtime names it.
    """
    store = ObjectStore(
        endpoint=run.store.endpoint,
        region=run.store.region,
        addressing_style=run.store.addressing_style,
        credentials_secret_ref=run.store.credentials_secret_ref,
    )
    spec = ModelVersionSpec(
        model=run.spec.model,
        artifact=Artifact(
            uri=result.artifact.uri,
            sha256=result.artifact.sha256,
            size_bytes=result.artifact.size_bytes,
            opset=result.artifact.opset,
        ),
        signature=result.signature,
        metrics=result.metrics[:64],
        provenance=Provenance(
            training_job=RunReference(name=seen.key.name, uid=seen.uid, generation=seen.generation),
            data=result.data[:32],
            rows=result.rows,
            parity=result.parity,
            image=_with_digest(run.image, image_id),
            versions=result.versions[:32],
            seed=run.spec.train.seed,
            spec_hash=run.spec_hash,
        ),
        store=store if store.dump() else None,
    )
    return {
        "apiVersion": API_VERSION,
        "kind": "ModelVersion",
        "metadata": {
            "name": model_version_name(run.spec.model, result.artifact.sha256),
            "namespace": seen.key.namespace,
            "labels": {LABEL_MODEL: run.spec.model},
        },
        "spec": spec.dump(),
    }


def _with_digest(image: str, image_id: str) -> str:
    """Return ``image`` with the digest it was pulled by.

    An image that was loaded into the node has an ID without a repository (``sha256:...``); that
    names its configuration, which no registry can be asked for, and is left out.
    """
    _, at, digest = image_id.partition("@")
    full = f"{image}@{digest}"
    return full if at and "@" not in image and len(full) <= MAX_IMAGE else image
