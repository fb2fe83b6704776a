"""The decision log: what users ask for, and what the operator tells a scoring server of it."""

from typing import Annotated, ClassVar

from pydantic import Field

from checkrail_api.model import ColumnName, Decimal, Model, Report, Rule
from checkrail_api.object_store import Store

MIB = 1 << 20
SPOOL_BYTES = 512 * MIB
"""What the records that wait on disk may take; beyond it the oldest are dropped."""

MaxDelaySeconds = Annotated[int, Field(ge=1, le=3600)]


class DecisionLog(Model):
    """A record of every answer, as Parquet files in an object store."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "double(self.sampleRatio) > 0.0 && double(self.sampleRatio) <= 1.0",
            "must be greater than 0 and at most 1",
            field=".sampleRatio",
        ),
    )

    store: Store
    """Where the files are written. What it leaves out is the operator's default."""

    sample_ratio: Decimal = "1"
    """Share of the requests that are recorded, drawn at random, as a decimal: "0.1"."""

    max_delay_seconds: MaxDelaySeconds = 60
    """How long a record waits before it is written: a file per pod in this time. What waits, and
    what comes during one upload, is lost with a node."""

    columns: (
        Annotated[
            list[ColumnName],
            Field(max_length=1024, json_schema_extra={"x-kubernetes-list-type": "set"}),
        ]
        | None
    ) = None
    """Inputs of the model that are recorded, by name. Absent: all. Empty: none."""


class DecisionLogSettings(Report):
    """The decision log of one pod, as JSON in ``serving.ENV_DECISION_LOG``."""

    uri: str
    """Prefix of the files: s3://..., or file:///... in tests."""
    endpoint: str | None = None
    """URL of the object store; absent for Amazon S3."""
    region: str | None = None
    """Region that requests are signed for."""
    addressing_style: str | None = None
    """Path or Virtual; absent: Path."""
    ca_file: str | None = None
    """File with the certificate authorities of the object store, PEM; absent: the public ones."""
    sample_ratio: Decimal = "1"
    """See ``DecisionLog``."""
    max_delay_seconds: MaxDelaySeconds = 60
    """See ``DecisionLog``."""
    columns: list[str] | None = None
    """See ``DecisionLog``."""
    revision: str = ""
    """Name of the pod's revision; a column."""
    spool: str
    """Folder in which records wait. What is there from an earlier process is written first."""
    spool_bytes: Annotated[int, Field(ge=MIB)] = SPOOL_BYTES
    """What they may take there."""
