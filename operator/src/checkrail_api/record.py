"""All that a ModelVersion holds and a termination message cannot, handed over in the log.

The trainer writes a record to its log, in lines short enough for every container runtime, and its
SHA-256 into the termination message. A log can be written by more than the trainer, so the operator
believes only the record of that digest.
"""

import hashlib
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from checkrail_api.artifact import Component
from checkrail_api.model import Count, Model, Report
from checkrail_api.reports import (
    DataUsed,
    FilterUsed,
    GateResult,
    LibraryVersion,
    Metric,
    Signature,
)
from checkrail_api.score_bins import ScoreBins

LINE_CHARACTERS = 8000
"""Text of one line. It is ASCII, and as JSON at most twice as long: container runtimes split lines
at 16 KiB."""
MAX_LINES = 100
"""Lines of a record; a larger one is not written, and the ModelVersion holds less."""
MAX_CATEGORIES = 50
"""Categories of a feature in a record; profile.json has all of them."""
MAX_CATEGORY_CHARACTERS = 256
"""Longer categories are in profile.json only."""


class Origin(Model):
    """Where a feature comes from."""

    source: Annotated[str, Field(max_length=63)]
    """Name of the source."""
    column: Annotated[str, Field(max_length=128)]
    """Its column."""


class FeatureRecord(Model):
    """What training saw in one feature."""

    name: Annotated[str, Field(max_length=128)]
    """Name of the feature: an input of the model."""
    datatype: Annotated[str, Field(max_length=16)]
    """Open Inference Protocol datatype."""
    origin: Origin | None = None
    """The one column that it is read or computed from. Absent: several, or none."""
    null_rate: Annotated[str, Field(max_length=64)]
    """Share of the rows where it is missing, 0 to 1."""
    min: Annotated[str, Field(max_length=64)] | None = None
    """Smallest value."""
    max: Annotated[str, Field(max_length=64)] | None = None
    """Largest value."""
    categories: Annotated[
        list[Annotated[str, Field(max_length=MAX_CATEGORY_CHARACTERS)]],
        Field(max_length=MAX_CATEGORIES),
    ] = []
    """Known values of a text feature, sorted, the first 50 of at most 256 characters; profile.json
    has all."""
    category_count: Count | None = None
    """How many known values there are."""


class Record(Report):
    """What goes into a ModelVersion beside the termination message."""

    signature: Signature
    components: list[Component]
    features: list[FeatureRecord]
    scores: ScoreBins | None = None
    """Absent: by a trainer of an earlier release."""
    metrics: list[Metric]
    gates: list[GateResult] = []
    data: list[DataUsed]
    filters: list[FilterUsed]
    versions: list[LibraryVersion]


class RecordLine(Report):
    """A piece of a record: one line of the trainer's stdout."""

    event: Literal["record"]
    part: Annotated[int, Field(ge=0)]
    parts: Annotated[int, Field(ge=1, le=MAX_LINES)]
    text: str


def record_lines(record: Record) -> tuple[str, list[str]]:
    """Return the record's SHA-256 and its lines; no lines when it is too long."""
    body = record.model_dump_json(by_alias=True, exclude_none=True, ensure_ascii=True)
    pieces = [
        body[start : start + LINE_CHARACTERS] for start in range(0, len(body), LINE_CHARACTERS)
    ]
    digest = hashlib.sha256(body.encode()).hexdigest()
    if len(pieces) > MAX_LINES:
        return digest, []
    lines = [
        RecordLine(event="record", part=part, parts=len(pieces), text=text).model_dump_json()
        for part, text in enumerate(pieces)
    ]
    return digest, lines


def read_record(lines: Iterable[str], sha256: str | None) -> Record | None:
    """Return the record of this digest, or None if ``lines`` do not hold all of it."""
    pieces: dict[tuple[int, int], str] = {}
    for line in lines:
        try:
            piece = RecordLine.model_validate_json(line)
        except ValidationError:
            continue
        pieces[piece.parts, piece.part] = piece.text
    for parts in {count for count, _ in pieces}:
        body = "".join(pieces.get((parts, part), "") for part in range(parts))
        if hashlib.sha256(body.encode()).hexdigest() == sha256:
            try:
                return Record.model_validate_json(body)
            except ValidationError:
                return None
    return None
