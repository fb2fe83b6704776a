"""What a TrainingJob says of itself: how far its attempts are, and what came of them."""

from typing import Annotated, Literal

from pydantic import Field

from checkrail_api.conditions import Condition, Time
from checkrail_api.model import Count, Model, Name, Seconds, Sha256
from checkrail_api.reports import GateResult, Metric, ParityReport, Phase


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

    eta_seconds: Seconds | None = None
    """Expected time to the end, seconds."""

    summary: Annotated[str, Field(max_length=64)] | None = None
    """All of it, for reading: Training 42%, 31s left."""


class PublishedArtifact(Model):
    """The artifact that the run published."""

    uri: Annotated[str, Field(max_length=2048)]
    """Prefix that holds the artifact's files."""

    sha256: Sha256
    """Digest of model.onnx."""

    size_bytes: Count
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
    """When the first attempt was made, or the run was last resumed; absent while suspended."""

    completion_time: Time | None = None
    """When the run ended, well or not."""

    duration: Annotated[str, Field(max_length=32)] | None = None
    """From startTime to completionTime, for reading: 1m32s."""

    metrics: Annotated[list[Metric], Field(max_length=64)] = []
    """Figures on the hold-out, overall first, then by slice."""

    gates: Annotated[list[GateResult], Field(max_length=64)] = []
    """How the gates were passed or failed."""

    parity: ParityReport | None = None
    """How closely ONNX followed the trained model."""

    score: Annotated[str, Field(max_length=64)] | None = None
    """First metric, rounded for reading: its name and value."""

    waiting_for: Name | None = None
    """ModelVersion that a gate compares with and that does not exist yet."""

    model_version: Name | None = None
    """ModelVersion that holds the result."""

    artifact: PublishedArtifact | None = None
    """What was published."""
