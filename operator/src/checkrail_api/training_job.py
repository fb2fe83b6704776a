"""TrainingJob: declared data in, a published ModelVersion out, once."""

from typing import Annotated, ClassVar

from pydantic import Field

from checkrail_api.data import Data
from checkrail_api.evaluation import Evaluation
from checkrail_api.kind import Column, Crd, condition_column
from checkrail_api.model import LabelValue, Model, ModelName, Rule, Scalars
from checkrail_api.object_store import Store
from checkrail_api.pod import Pod, Resources
from checkrail_api.training_status import TrainingJobStatus
from checkrail_api.workflows import BUILT_IN, CUSTOM_PATTERN, METRICS, Task

MUTABLE = ("suspend", "ttlSecondsAfterFinished")
"""Fields that may change while a run exists; they change when it runs, not what it computes."""


class Train(Model):
    """What is fitted, and how."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            f"self.workflow in {sorted(BUILT_IN)} || self.workflow.matches('{CUSTOM_PATTERN}')",
            f"must be one of {', '.join(sorted(BUILT_IN))}, or package.module:Class",
            field=".workflow",
        ),
    )

    workflow: Annotated[str, Field(max_length=256)]
    """Estimator to fit: xgboost-, random-forest- or hist-gradient-boosting-, each with classifier
    or regressor, logistic-regression, linear-regression; or package.module:Class in the image."""

    params: Scalars = {}
    """Parameters of the estimator, by its library's own names: numbers, booleans or short texts."""

    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """Seed of everything random in the run."""


class Budget(Model):
    """Memory and processors of the attempts."""

    ladder: Annotated[list[Resources], Field(min_length=1, max_length=8)]
    """Rungs. The first attempt runs on the first one; an attempt killed for memory is repeated on
    the next, any other failure keeps the rung."""


class Ownership(Model):
    """Who answers for the run."""

    owner: LabelValue | None = None
    """Person or team."""

    project: LabelValue | None = None
    """Project or cost centre."""


def _unchanged(field: str) -> str:
    """Return a rule in CEL: the optional ``field`` is as it was."""
    return (
        f"has(self.{field}) == has(oldSelf.{field})"
        f" && (!has(self.{field}) || self.{field} == oldSelf.{field})"
    )


def _judged_by(task: Task, workflows: str) -> Rule:
    """Return the rule that built-in workflows of ``task`` are judged by its metrics only."""
    known = list(METRICS[task])
    return Rule(
        f"!({workflows}) || !has(self.evaluation)"
        f" || ((!has(self.evaluation.metrics) || self.evaluation.metrics.all(m, m in {known}))"
        f" && (!has(self.evaluation.gates) || self.evaluation.gates.all(g, g.metric in {known})))",
        f"metrics and gates of a {task.lower()} workflow are {', '.join(known)}",
        field=".evaluation",
    )


class TrainingJobSpec(Model):
    """What to train, on which table, within which budget."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            " && ".join(
                (
                    "self.model == oldSelf.model && self.data == oldSelf.data",
                    "self.train == oldSelf.train",
                    *(
                        _unchanged(each)
                        for each in (
                            "evaluation",
                            "ownership",
                            "resources",
                            "pod",
                            "store",
                            "queueName",
                            "backoffLimit",
                            "activeDeadlineSeconds",
                        )
                    ),
                )
            ),
            "a run is never changed, but for suspend and ttlSecondsAfterFinished: create a new"
            " TrainingJob",
            reason="FieldValueForbidden",
        ),
        _judged_by(
            Task.CLASSIFICATION,
            "self.train.workflow.endsWith('-classifier')"
            " || self.train.workflow == 'logistic-regression'",
        ),
        _judged_by(
            Task.REGRESSION,
            "self.train.workflow.endsWith('-regressor')"
            " || self.train.workflow == 'linear-regression'",
        ),
    )

    model: ModelName
    """Line of versions that this run adds to."""

    ownership: Ownership | None = None
    """Who answers for the run: labels of its Jobs and pods, and dimensions of metrics."""

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

    queue_name: (
        Annotated[
            str, Field(min_length=1, max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
        ]
        | None
    ) = None
    """Local queue of Kueue: the Job of an attempt waits there until Kueue admits it."""

    suspend: bool = False
    """Whether the run is held: its pods are ended and no new one is made. When it goes on, the
    attempt begins again and its deadline anew, as with batch/v1 Job."""

    backoff_limit: Annotated[int, Field(ge=0, le=20)] = 3
    """Attempts that may be retried before the run has failed."""

    active_deadline_seconds: Annotated[int, Field(ge=10, le=604_800)] = 7200
    """Time for all attempts together, from the first one's start or the last resumption,
    seconds."""

    ttl_seconds_after_finished: Annotated[int, Field(ge=0, le=31_536_000)] | None = None
    """How long the Jobs and pods of a finished run are kept, seconds; its result stays. Absent:
    as long as the TrainingJob."""


class TrainingJob(Model):
    """A run that trains one model from declared data and publishes it, once."""

    crd: ClassVar[Crd] = Crd(
        kind="TrainingJob",
        plural="trainingjobs",
        singular="trainingjob",
        short_names=("tj",),
        selectable_fields=(".spec.model", ".status.waitingFor"),
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
            Column("Progress", ".status.progress.summary"),
            Column("Score", ".status.score"),
            Column("Version", ".status.modelVersion"),
            Column("Attempt", ".status.attempts[-1:].number", "integer", wide=True),
            Column("Duration", ".status.duration", wide=True),
            Column("Artifact", ".status.artifact.uri", wide=True),
            condition_column("Message", "Ready", "message", wide=True),
            Column("Age", ".metadata.creationTimestamp", "date"),
        ),
    )

    spec: TrainingJobSpec
    """What to train."""

    status: TrainingJobStatus | None = None
    """What became of it; written by the operator."""
