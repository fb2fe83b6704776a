"""What is measured on the hold-out, and what must hold before anything is published."""

from typing import Annotated, ClassVar

from pydantic import Field

from checkrail_api.model import ColumnName, Decimal, Model, Rule, SignedDecimal
from checkrail_api.workflows import MetricName

SERVING = "Serving"
"""As ``notWorseThan``: each version of the model that a ModelDeployment of the namespace serves."""

Baseline = Annotated[
    str,
    Field(
        min_length=1, max_length=63, pattern=r"^(Serving|[a-z]([-a-z0-9]*[a-z0-9])?-[0-9a-f]{8})$"
    ),
]
"""``Serving``, or the name of a ModelVersion."""


class Parity(Model):
    """How closely the exported ONNX model must follow the trained one."""

    max_abs_diff: Decimal = "1e-4"
    """Largest difference of a score: of a probability absolute, of a regressor's prediction
    relative to the larger of 1 and its size."""

    max_flips: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Rows that may get another label."""


class Gate(Model):
    """A bound that the model must keep, or nothing is published."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "[has(self.min), has(self.max), has(self.notWorseThan)].exists_one(each, each)",
            "must hold exactly one of min, max and notWorseThan",
        ),
        Rule(
            "!has(self.margin) || has(self.notWorseThan)",
            "margin belongs to notWorseThan",
            field=".margin",
        ),
    )

    metric: MetricName
    """Metric that is bounded, over the whole hold-out: roc_auc, pr_auc, log_loss, brier, accuracy
    or f1 of a classifier; rmse, mae or r2 of a regressor."""

    min: SignedDecimal | None = None
    """Smallest value that passes."""

    max: SignedDecimal | None = None
    """Largest value that passes."""

    not_worse_than: Baseline | None = None
    """Serving: the version that serves now is scored on the same rows, and a paired bootstrap must
    not show this model worse by more than margin at 95 %; passes while nothing serves. The name of
    a ModelVersion: that version instead."""

    margin: Decimal | None = None
    """By how much it may be worse, in units of the metric. Absent: 0."""


class Evaluation(Model):
    """What is measured on the hold-out."""

    metrics: (
        Annotated[
            list[MetricName],
            Field(min_length=1, max_length=16, json_schema_extra={"x-kubernetes-list-type": "set"}),
        ]
        | None
    ) = None
    """Metrics to compute; the first is the score shown by kubectl get. roc_auc, pr_auc, log_loss,
    brier, accuracy and f1 of a classifier (absent: roc_auc); rmse, mae and r2 of a regressor
    (absent: rmse)."""

    slices: Annotated[
        list[ColumnName], Field(max_length=8, json_schema_extra={"x-kubernetes-list-type": "set"})
    ] = []
    """Columns of the joined table; metrics are also told for the rows of each of their values."""

    gates: Annotated[list[Gate], Field(max_length=16)] = []
    """Bounds that must all hold."""

    parity: Parity = Parity()
    """Bounds between the trained and the exported model."""
