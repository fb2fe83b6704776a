"""ModelVersion: the record between training and serving. Never changes."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from checkrail_api.artifact import Component
from checkrail_api.kind import Column, Crd
from checkrail_api.model import Count, Model, ModelName, Name, Rule, Sha256
from checkrail_api.object_store import ObjectStore
from checkrail_api.record import FeatureRecord
from checkrail_api.reports import (
    DataUsed,
    FilterUsed,
    GateResult,
    LibraryVersion,
    Metric,
    ParityReport,
    Rows,
    Signature,
)
from checkrail_api.score_bins import ScoreBins


class Artifact(Model):
    """The published model."""

    uri: Annotated[str, Field(max_length=2048, pattern=r"^s3://[a-z0-9][a-z0-9.-]+/.+$")]
    """Prefix that holds the artifact's files."""

    sha256: Sha256
    """Digest of model.onnx. Servers refuse any other bytes."""

    size_bytes: Count
    """Size of model.onnx, bytes."""

    format: Literal["ONNX"] = "ONNX"
    """Format of the model."""

    opset: Annotated[int, Field(ge=1, le=1000)] | None = None
    """ONNX operator set of the default domain."""


class RunReference(Model):
    """The run that made this version first."""

    name: Name
    """Name of the TrainingJob."""
    uid: Annotated[str, Field(max_length=64)]
    """UID of the TrainingJob."""
    generation: Annotated[int, Field(ge=1)]
    """Generation of its spec."""


class Provenance(Model):
    """From what the version was made, by what."""

    training_job: RunReference
    """The run."""
    data: Annotated[list[DataUsed], Field(max_length=32)] = []
    """Sources as they were read."""
    filters: Annotated[list[FilterUsed], Field(max_length=32)] = []
    """Filters as they were applied."""
    rows: Rows
    """Rows of each side."""
    parity: ParityReport
    """How closely ONNX followed the trained model."""
    image: Annotated[str, Field(max_length=512)]
    """Trainer image; with its digest where the container runtime told it."""
    versions: Annotated[list[LibraryVersion], Field(max_length=32)] = []
    """Libraries that made it."""
    workers: Annotated[int, Field(ge=1)] = 1
    """Processes that trained."""
    shard_rule: Literal["all"] = "all"
    """Which rows each of them saw."""
    threads: Annotated[int, Field(ge=1)] | None = None
    """Threads of each of them."""
    seed: Annotated[int, Field(ge=0)]
    """Seed of the run."""
    spec_hash: Sha256
    """Digest of the run's spec as canonical JSON."""


class ModelVersionSpec(Model):
    """An artifact, what it promises, and where it comes from."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            " && ".join(
                (
                    "self.model == oldSelf.model && self.artifact == oldSelf.artifact",
                    *(
                        f"has(self.{each}) == has(oldSelf.{each})"
                        f" && (!has(self.{each}) || self.{each} == oldSelf.{each})"
                        for each in (
                            "components",
                            "signature",
                            "features",
                            "scores",
                            "metrics",
                            "gates",
                            "provenance",
                            "store",
                        )
                    ),
                )
            ),
            "a ModelVersion is a record and never changes, but for deletionPolicy: create another"
            " one",
            reason="FieldValueForbidden",
        ),
    )

    model: ModelName
    """Line of versions this one belongs to."""

    artifact: Artifact
    """The published model."""

    signature: Signature | None = None
    """Inputs and outputs. Absent when it was too long to report: it is in the artifact."""

    components: Annotated[list[Component], Field(max_length=64)] = []
    """Every file of the artifact, as in its manifest."""

    features: Annotated[list[FeatureRecord], Field(max_length=512)] = []
    """The training profile: what each feature was in training."""

    scores: ScoreBins | None = None
    """Bins of the scores on the hold-out, in which a canary's scores are compared with this
    version's. Absent: they are not compared."""

    metrics: Annotated[list[Metric], Field(max_length=64)] = []
    """Figures on the hold-out."""

    gates: Annotated[list[GateResult], Field(max_length=64)] = []
    """Gates that it passed."""

    provenance: Provenance | None = None
    """Where it comes from. Absent for an imported model."""

    store: ObjectStore | None = None
    """Service that holds the artifact. Absent: the operator's default."""

    deletion_policy: Literal["Retain", "Delete"] = "Retain"
    """What becomes of the artifact when this object is deleted. Delete: its files are removed
    first, unless another ModelVersion names the same artifact. It may be changed at any time."""


class ModelVersion(Model):
    """A published model: its digest, its figures and its origin."""

    crd: ClassVar[Crd] = Crd(
        kind="ModelVersion",
        plural="modelversions",
        singular="modelversion",
        short_names=("mv",),
        selectable_fields=(".spec.model", ".spec.artifact.sha256"),
        status=False,
        root_cel=(
            Rule(
                "self.metadata.name"
                " == self.spec.model + '-' + self.spec.artifact.sha256.substring(0, 8)",
                "must be <spec.model>-<first 8 digits of spec.artifact.sha256>",
                field=".metadata.name",
            ),
        ),
        columns=(
            Column("Model", ".spec.model"),
            Column("Metric", ".spec.metrics[0].name"),
            Column("Score", ".spec.metrics[0].value"),
            Column("Run", ".spec.provenance.trainingJob.name"),
            Column("SHA256", ".spec.artifact.sha256", wide=True),
            Column("Artifact", ".spec.artifact.uri", wide=True),
            Column("Parity", ".spec.provenance.parity.maxAbsDiff", wide=True),
            Column("Age", ".metadata.creationTimestamp", "date"),
        ),
    )

    spec: ModelVersionSpec
    """The record."""
