"""TrainingJob: declared data in, a published ModelVersion out, once."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from checkrail_api.conditions import Condition, Time
from checkrail_api.data import Data
from checkrail_api.kind import Column, Crd, condition_column
from checkrail_api.model import Decimal, Model, ModelName, Name, Rule, Scalars, Sha256
from checkrail_api.object_store import Store
from checkrail_api.pod import Pod, Resources
from checkrail_api.reports import Metric, Phase

Workflow = Literal["xgboost-classifier", "logistic-regression"]
MetricName = Literal["roc_auc", "pr_auc", "log_loss", "brier", "accuracy", "f1"]


class Train(Model):
    """What is fitted, and how."""

    workflow: Workflow
    """Estimator to fit."""

    params: Scalars = {}
    """Parameters of the estimator, by its library's own names: numbers, booleans or short texts."""

    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """Seed of everything random in the run."""


class Parity(Model):
    """How closely the exported ONNX model must follow the trained one."""

    max_abs_diff: Decimal = "1e-4"
    """Largest difference of a score, absolute."""

    max_flips: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Rows that may get another label."""


class Evaluation(Model):
    """What is measured on the hold-out."""

    metrics: Annotated[
        list[MetricName],
        Field(min_length=1, max_length=16, json_schema_extra={"x-kubernetes-list-type": "set"}),
    ] = ["roc_auc"]
    """Metrics to compute; the first is the score shown by kubectl get."""

    parity: Parity = Parity()
    """Bounds between the trained and the exported model."""


class Budget(Model):
    """Memory and processors of the attempts."""

    ladder: Annotated[list[Resources], Field(min_length=1, max_length=8)]
    """Rungs. The first attempt runs on the first one; an attempt killed for memory is repeated on
    the next, any other failure keeps the rung."""


class TrainingJobSpec(Model):
    """What to train, on which table, within which budget."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self == oldSelf",
            "a run is never changed: create a new TrainingJob",
            reason="FieldValueForbidden",
        ),
    )

    model: ModelName
    """Line of versions that this run adds to."""

    data: Data
    """Table to train on."""

    train: Train
    """Estimator to fit."""

    evaluation: Evaluation = Evaluation()
    """What is measured and must hold."""

    resources: Budget | None = None
    """Budget of the attempts. Absent: one rung of 1 processor and 2Gi."""

    pod: Pod | None = None
    """Settings of the trainer's pod."""

    store: Store | None = None
    """Where the artifact is published. Absent: the operator's default."""

    backoff_limit: Annotated[int, Field(ge=0, le=20)] = 3
    """Attempts that may be retried before the run has failed."""

    active_deadline_seconds: Annotated[int, Field(ge=10, le=604_800)] = 7200
    """Time for all attempts together, from the first one's start, seconds."""


class Attempt(Model):
    """One try: one Job, one pod."""

    number: Annotated[int, Field(ge=1)]
    """Number, from 1."""

    rung: Annotated[int, Field(ge=0)]
    """Rung of the ladder, from 0."""

    start_time: Time
    """When the operator made the attempt's Job."""

    finish_time: Time | None = None
    """When the attempt was seen to have ended."""

    outcome: Literal["Running", "Succeeded", "Failed"] = "Running"
    """How it ended."""

    reason: Annotated[str, Field(max_length=64)] | None = None
    """Why it failed."""

    message: Annotated[str, Field(max_length=1024)] | None = None
    """Why it failed, for people."""


class Progress(Model):
    """How far the running attempt is, by its own report."""

    phase: Phase
    """Step under way."""

    percent: Annotated[int, Field(ge=0, le=100)]
    """Share of the whole run that is done, percent."""

    eta_seconds: Annotated[int, Field(ge=0)] | None = None
    """Expected time to the end, seconds."""


class PublishedArtifact(Model):
    """The artifact that the run published."""

    uri: Annotated[str, Field(max_length=2048)]
    """Prefix that holds the artifact's files."""

    sha256: Sha256
    """Digest of model.onnx."""

    size_bytes: Annotated[int, Field(ge=0)]
    """Size of model.onnx, bytes."""


class TrainingJobStatus(Model):
    """What became of the run."""

    observed_generation: Annotated[int, Field(ge=0)] | None = None
    """Generation of the spec that this status speaks of."""

    conditions: Annotated[
        list[Condition],
        Field(max_length=16, json_schema_extra={"x-kubernetes-list-map-keys": ["type"]}),
    ] = []
    """Aspects of the run; wait for Complete or Failed."""

    attempts: Annotated[list[Attempt], Field(max_length=64)] = []
    """All tries, oldest first."""

    progress: Progress | None = None
    """How far the running attempt is."""

    start_time: Time | None = None
    """When the first attempt was made."""

    completion_time: Time | None = None
    """When the run ended, well or not."""

    metrics: Annotated[list[Metric], Field(max_length=64)] = []
    """Figures on the hold-out."""

    score: Annotated[str, Field(max_length=64)] | None = None
    """First metric, rounded for reading: its name and value."""

    model_version: Name | None = None
    """ModelVersion that holds the result."""

    artifact: PublishedArtifact | None = None
    """What was published."""


class TrainingJob(Model):
    """A run that trains one model from declared data and publishes it, once."""

    crd: ClassVar[Crd] = Crd(
        kind="TrainingJob",
        plural="trainingjobs",
        singular="trainingjob",
        short_names=("tj",),
        selectable_fields=(".spec.model",),
        root_cel=(
            Rule(
                "self.metadata.name.size() <= 63",
                "must have at most 63 characters: it is the value of a label",
                field=".metadata.name",
            ),
        ),
        columns=(
            condition_column("Ready", "Ready"),
            condition_column("Reason", "Ready", "reason"),
            Column("Progress", ".status.progress.percent", "integer"),
            Column("Score", ".status.score"),
            Column("Version", ".status.modelVersion"),
            Column("Attempt", ".status.attempts[-1:].number", "integer", wide=True),
            Column("Completed", ".status.completionTime", "date", wide=True),
            Column("Artifact", ".status.artifact.uri", wide=True),
            condition_column("Message", "Ready", "message", wide=True),
            Column("Age", ".metadata.creationTimestamp", "date"),
        ),
    )

    spec: TrainingJobSpec
    """What to train."""

    status: TrainingJobStatus | None = None
    """What became of it; written by the operator."""
