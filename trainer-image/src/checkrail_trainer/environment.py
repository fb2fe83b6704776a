"""What the pod gives a run beside its spec: paths, memory and keys."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from checkrail_api.run import CA_DIR, ENV_MEMORY_LIMIT, ENV_SCRATCH_LIMIT, RUN_FILE, SCRATCH_DIR

if TYPE_CHECKING:
    from collections.abc import Mapping

ENV_RUN_FILE = "CHECKRAIL_RUN_FILE"
"""Where the resolved spec is, outside a pod."""
ENV_TERMINATION_LOG = "CHECKRAIL_TERMINATION_LOG"
"""Where the result is written, outside a pod."""
ENV_SCRATCH_DIR = "CHECKRAIL_SCRATCH_DIR"
"""Where a run may write, outside a pod."""
ENV_CA_DIR = "CHECKRAIL_CA_DIR"
"""Where certificate authorities are, outside a pod."""
TERMINATION_LOG = "/dev/termination-log"


@dataclass(frozen=True)
class Environment:
    """The surroundings of one run."""

    run_file: Path
    termination_log: Path
    scratch: Path
    memory_limit_bytes: int | None
    """The container's limit; absent: unlimited."""
    scratch_limit_bytes: int | None
    """What DuckDB may spill to ``scratch``; absent: as much as its disk has."""
    variables: Mapping[str, str]
    """All environment variables: keys are looked up here by prefix."""
    authorities: Path = Path(CA_DIR)
    """Folder of certificate authorities, one below it for each ConfigMap."""


def read_environment(variables: Mapping[str, str]) -> Environment:
    """Read the surroundings from environment variables; the defaults are those of the pod."""
    return Environment(
        run_file=Path(variables.get(ENV_RUN_FILE, RUN_FILE)),
        termination_log=Path(variables.get(ENV_TERMINATION_LOG, TERMINATION_LOG)),
        scratch=Path(variables.get(ENV_SCRATCH_DIR, SCRATCH_DIR)),
        memory_limit_bytes=_positive(variables.get(ENV_MEMORY_LIMIT, "")),
        scratch_limit_bytes=_positive(variables.get(ENV_SCRATCH_LIMIT, "")),
        variables=variables,
        authorities=Path(variables.get(ENV_CA_DIR, CA_DIR)),
    )


def _positive(text: str) -> int | None:
    return int(text) or None if text.isdecimal() else None
