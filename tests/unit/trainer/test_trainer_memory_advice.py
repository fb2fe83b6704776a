"""What a run that runs out of memory is told to raise: what its spec has."""

import duckdb
import pytest

from checkrail_api.reasons import Reason
from checkrail_trainer.duckdb_failures import duckdb_errors
from checkrail_trainer.failures import RunFailedError


def test_scratch_has_no_rung_so_memory_is_what_is_raised() -> None:
    full = duckdb.OutOfMemoryException("Out of Memory Error: could not allocate block of size 1")
    reading = duckdb_errors(Reason.QUERY_FAILED, "spec.data.query", "mend it")
    with pytest.raises(RunFailedError) as caught, reading:
        raise full

    assert (caught.value.reason, caught.value.message) == (
        Reason.OOM_KILLED,
        (
            "spec.data.query: could not allocate block of size 1. DuckDB may use 60 % of the "
            "memory limit and the scratch volume: raise the memory in spec.resources.ladder"
        ),
    )
