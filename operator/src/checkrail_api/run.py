"""What the operator tells a trainer: the resolved spec, one JSON file."""

from typing import Annotated

from pydantic import Field

from checkrail_api.data import Data
from checkrail_api.evaluation import Evaluation
from checkrail_api.model import Report, Sha256
from checkrail_api.object_store import ObjectStore, Store
from checkrail_api.pod import VariableName
from checkrail_api.training_job import Train

RUN_FILE = "/etc/checkrail/run.json"
"""Where the file is mounted."""

ENV_DATA_PREFIX = "CHECKRAIL_DATA_"
"""Prefix of the AWS variables that open the sources: CHECKRAIL_DATA_AWS_ACCESS_KEY_ID, ..."""
ENV_STORE_PREFIX = "CHECKRAIL_STORE_"
"""Prefix of the AWS variables that open the store. Without them: the pod's own identity."""
CA_DIR = "/etc/checkrail/ca"
"""Where certificate authorities are mounted, a folder for each ConfigMap: <name>/ca.crt."""
ENV_MEMORY_LIMIT = "CHECKRAIL_MEMORY_LIMIT_BYTES"
"""The container's memory limit, bytes, by the downward API."""
ENV_SCRATCH_LIMIT = "CHECKRAIL_SCRATCH_LIMIT_BYTES"
"""What DuckDB may spill, bytes: less than the scratch volume's sizeLimit, because the joined table
is there as well. Absent: as much as the disk has."""
SCRATCH_DIR = "/scratch"
"""An emptyDir: the only writable path of the pod beside /tmp."""


def source_prefix(number: int) -> str:
    """Return the prefix of the AWS variables that open the source of this place, from 0.

    Only a source with an ``objectStore`` of its own has them.
    """
    return f"CHECKRAIL_SOURCE_{number}_"


def baseline_prefix(number: int) -> str:
    """Return the prefix of the AWS variables that open the baseline of this place, from 0."""
    return f"CHECKRAIL_BASELINE_{number}_"


class BaselineModel(Report):
    """A published version that gates compare with."""

    reference: str
    """What gates call it: Serving, or its name. Several versions may be Serving."""
    version: str
    """Name of the ModelVersion."""
    uri: str
    """Prefix that holds its files."""
    sha256: Sha256
    """Digest of its model.onnx."""
    store: ObjectStore
    """Service that holds them."""


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
    baselines: Annotated[list[BaselineModel], Field(max_length=32)] | None = None
    """What notWorseThan stands for, found when the attempt was made; empty while nothing serves.
    Absent: it was not looked up, and no gate can be compared."""
    threads: Annotated[int, Field(ge=1)]
    """Fixed for all attempts of a run, so that every attempt computes the same."""
    image: str
    """Image the attempt runs in, for provenance."""
    env: dict[VariableName, str] | None = None
    """Variables that the spec declares, for provenance: a workflow may read them. Absent: none."""

    @property
    def object_store(self) -> ObjectStore:
        """The service that holds the sources."""
        return self.data.object_store or ObjectStore()
