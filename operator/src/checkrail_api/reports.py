"""What the trainer tells the operator: progress on stdout, the result as termination message."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from checkrail_api.model import Count, Model, Report, Seconds, Sha256
from checkrail_api.reasons import Reason

TERMINATION_MESSAGE_BYTES = 4096
"""What the kubelet keeps of a termination message."""


class Phase(StrEnum):
    """Steps of a run, in order."""

    FETCHING = "Fetching"
    """Sources are read, joined, filtered and split."""
    TRAINING = "Training"
    """The estimator is fitted."""
    EVALUATING = "Evaluating"
    """The hold-out is scored."""
    EXPORTING = "Exporting"
    """The model is converted to ONNX."""
    CHECKING_PARITY = "CheckingParity"
    """A fresh process compares ONNX Runtime with the trained model."""
    PUBLISHING = "Publishing"
    """The artifact is uploaded, its manifest last."""


class ProgressEvent(Report):
    """One line of the trainer's stdout."""

    event: Literal["progress"] = "progress"
    """Marks the line."""
    phase: Phase
    """Step under way."""
    percent: Annotated[int, Field(ge=0, le=100)]
    """Share of the whole run that is done, percent."""
    eta_seconds: Seconds | None = Field(default=None, alias="eta_seconds")
    """Expected time to the end, seconds."""


class Metric(Model):
    """One figure of the evaluation."""

    name: Annotated[str, Field(max_length=64)]
    """Name, scikit-learn's where there is one."""
    value: Annotated[str, Field(max_length=64)]
    """Value as a decimal number; empty where note says why there is none."""
    slice: Annotated[str, Field(max_length=192)] | None = None
    """Rows it speaks of, column=value. Absent: the whole hold-out."""
    rows: Count | None = None
    """Rows of the slice."""
    note: Annotated[str, Field(max_length=128)] | None = None
    """Why there is no value: too few rows, or one class only."""


class GateResult(Model):
    """How one gate was passed or failed."""

    metric: Annotated[str, Field(max_length=64)]
    """Metric that is bounded."""
    bound: Annotated[str, Field(max_length=320)]
    """The bound as written: min 0.70, max 0.2, notWorseThan Serving, margin 0.005."""
    passed: bool
    """Whether it holds."""
    value: Annotated[str, Field(max_length=64)]
    """The model's figure."""
    baseline: Annotated[str, Field(max_length=253)] | None = None
    """The ModelVersion it was compared with."""
    baseline_value: Annotated[str, Field(max_length=64)] | None = None
    """That version's figure on the same rows."""
    difference: Annotated[str, Field(max_length=64)] | None = None
    """How much better the model is than the baseline, in the metric's own units: negative is
    worse, whichever way the metric counts."""
    interval: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=2)] = []
    """Two-sided 90 % bootstrap interval of the difference; its upper end decides at 95 %."""
    note: Annotated[str, Field(max_length=256)] | None = None
    """What else there is to know: nothing serves yet."""


class Tensor(Model):
    """An input or output, in the terms of the Open Inference Protocol."""

    name: Annotated[str, Field(max_length=128)]
    """Name of the tensor."""
    datatype: Annotated[str, Field(max_length=16)]
    """Open Inference Protocol datatype: FP32, INT64, BYTES, ..."""
    shape: Annotated[list[Annotated[int, Field(ge=-1, le=2**53 - 1)]], Field(max_length=8)]
    """Shape; -1 is the number of rows."""


class Signature(Model):
    """What the model asks for and answers."""

    inputs: Annotated[list[Tensor], Field(max_length=512)]
    """One tensor per raw feature, (rows, 1)."""
    outputs: Annotated[list[Tensor], Field(max_length=16)]
    """Tensors of the answer."""


class DataUsed(Model):
    """One source as it was read."""

    source: Annotated[str, Field(max_length=63)]
    """Name of the source."""
    uri: Annotated[str, Field(max_length=1024)]
    """What was asked for."""
    etag: Annotated[str, Field(max_length=128)]
    """ETag of the object, or the SHA-256 over all keys and ETags that a glob matched."""
    bytes: Count
    """Size of the objects, bytes."""
    rows: Count
    """Rows read."""


class FilterUsed(Model):
    """One filter as it was applied."""

    column: Annotated[str, Field(max_length=128)]
    """Its column."""
    op: Annotated[str, Field(max_length=16)]
    """Its comparison."""
    rows: Count
    """Rows left after it and the filters before it."""


class Rows(Model):
    """How many rows each side had."""

    train: Count
    """Rows trained on."""
    holdout: Count
    """Rows held out."""


class ParityReport(Model):
    """How closely ONNX followed the trained model."""

    rows: Count
    """Rows compared, edge rows included."""
    max_abs_diff: Annotated[str, Field(max_length=64)]
    """Largest difference of a score, as spec.evaluation.parity counts it."""
    flips: Count
    """Rows that got another label."""


class ArtifactReport(Report):
    """What was published."""

    uri: Annotated[str, Field(max_length=2048)]
    """Prefix that holds the files: <store>/<model>/<sha256>."""
    sha256: Sha256
    """Digest of model.onnx."""
    size_bytes: Count
    """Size of model.onnx, bytes."""
    opset: Annotated[int, Field(ge=1, le=1000)]
    """ONNX operator set of the default domain."""


class LibraryVersion(Model):
    """A library that had a hand in the result."""

    name: Annotated[str, Field(max_length=64)]
    """Distribution name."""
    version: Annotated[str, Field(max_length=64)]
    """Its version."""


class TrainerSuccess(Report):
    """Termination message of a run that published; see ``termination_message`` for its size."""

    outcome: Literal["Published"] = "Published"
    artifact: ArtifactReport
    rows: Rows
    metrics: list[Metric]
    """Overall first; cut to what fits, all of them are in the record."""
    gates: list[GateResult] = []
    parity: ParityReport
    manifest_sha256: Sha256 | None = None
    """Digest of manifest.json."""
    record_sha256: Sha256 | None = None
    """Digest of the record in the log. Absent: it was too long to be written."""
    data: list[DataUsed] = []
    signature: Signature | None = None
    versions: list[LibraryVersion] = []


class TrainerFailure(Report):
    """Termination message of a run that failed for a reason it understood."""

    outcome: Literal["Failed"] = "Failed"
    reason: Reason
    message: Annotated[str, Field(max_length=2048)]
    metrics: list[Metric] = []
    gates: list[GateResult] = []
    parity: ParityReport | None = None


class ArtifactDeleted(Report):
    """Termination message of ``checkrail delete-artifact``; a refusal is a TrainerFailure."""

    outcome: Literal["Deleted"] = "Deleted"
    uri: Annotated[str, Field(max_length=2048)]
    """Prefix that held the files."""
    sha256: Sha256
    """Digest of model.onnx."""
    files: Count
    """Files that were removed now; 0 where nothing was left to remove."""


def termination_message(result: TrainerSuccess | TrainerFailure) -> bytes:
    """Return ``result`` as JSON of at most 4,096 bytes.

    When it does not fit, what the record holds as well is left out, in this order: signature,
    versions, data, half of metrics and gates until the rest fits. A message of a failure is cut.
    """
    if isinstance(result, TrainerFailure):
        return _shortened_failure(result)
    for left_out in ((), ("signature",), ("signature", "versions")):
        body = _json(result, exclude=set(left_out))
        if len(body) <= TERMINATION_MESSAGE_BYTES:
            return body
    cut = result
    while len(body := _json(cut, exclude={"signature", "versions", "data"})) > (
        TERMINATION_MESSAGE_BYTES
    ):
        cut = cut.model_copy(
            update={
                "metrics": cut.metrics[: len(cut.metrics) // 2],
                "gates": cut.gates if cut.metrics else cut.gates[: len(cut.gates) // 2],
            }
        )
    return body


def _shortened_failure(failure: TrainerFailure) -> bytes:
    cut = failure
    if len(_json(cut)) > TERMINATION_MESSAGE_BYTES:
        failed = [each for each in cut.gates if not each.passed]
        cut = cut.model_copy(update={"metrics": cut.metrics[:4], "gates": failed[:2]})
    while len(body := _json(cut)) > TERMINATION_MESSAGE_BYTES:
        cut = cut.model_copy(
            update={
                "message": cut.message[: len(cut.message) * 3 // 4],
                "metrics": [],
                "gates": [],
            }
        )
    return body


def _json(report: Report, exclude: set[str] | None = None) -> bytes:
    return report.model_dump_json(by_alias=True, exclude_none=True, exclude=exclude).encode()
