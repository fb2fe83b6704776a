"""What the operator tells a trainer: the resolved spec, one JSON file."""

from typing import Annotated

from pydantic import Field

from checkrail_api.data import Data
from checkrail_api.model import Report
from checkrail_api.object_store import ObjectStore, Store
from checkrail_api.training_job import Evaluation, Train

RUN_FILE = "/etc/checkrail/run.json"
"""Where the file is mounted."""

ENV_DATA_PREFIX = "CHECKRAIL_DATA_"
"""Prefix of the AWS variables that open the sources: CHECKRAIL_DATA_AWS_ACCESS_KEY_ID, ..."""
ENV_STORE_PREFIX = "CHECKRAIL_STORE_"
"""Prefix of the AWS variables that open the store. Without them: the pod's own identity."""
ENV_MEMORY_LIMIT = "CHECKRAIL_MEMORY_LIMIT_BYTES"
"""The container's memory limit, bytes, by the downward API."""
ENV_SCRATCH_LIMIT = "CHECKRAIL_SCRATCH_LIMIT_BYTES"
"""What DuckDB may spill, bytes: less than the scratch volume's sizeLimit, because the joined table
is there as well. Absent: as much as the disk has."""
SCRATCH_DIR = "/scratch"
"""An emptyDir: the only writable path of the pod beside /tmp."""


class RunIdentity(Report):
    """Whose run this is."""

    namespace: str
    name: str
    uid: str
    generation: int


class Run(Report):
    """The resolved spec: every default filled in, nothing left to decide but the data."""

    job: RunIdentity
    attempt: Annotated[int, Field(ge=1)]
    model: str
    data: Data
    """``object_store`` is always set here."""
    train: Train
    evaluation: Evaluation
    store: Store
    threads: Annotated[int, Field(ge=1)]
    """Fixed for all attempts of a run, so that every attempt computes the same."""
    image: str
    """Image the attempt runs in, for provenance."""

    @property
    def object_store(self) -> ObjectStore:
        """The service that holds the sources."""
        return self.data.object_store or ObjectStore()
