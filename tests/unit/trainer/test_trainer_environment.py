"""Limits of a pod are whole numbers of bytes; anything else is no limit."""

from __future__ import annotations

import pytest

from checkrail_trainer.environment import read_environment


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        pytest.param("1048576", 2**20, id="bytes"),
        pytest.param("0", None, id="nothing"),
        pytest.param("", None, id="empty"),
        pytest.param("1Gi", None, id="a quantity"),
    ],
)
def test_limits(text: str, limit: int | None) -> None:
    found = read_environment(
        {
            "CHECKRAIL_MEMORY_LIMIT_BYTES": text,
            "CHECKRAIL_SCRATCH_LIMIT_BYTES": text,
        }
    )

    assert (found.memory_limit_bytes, found.scratch_limit_bytes) == (limit, limit)


def test_without_variables_there_are_no_limits() -> None:
    found = read_environment({})

    assert (found.memory_limit_bytes, found.scratch_limit_bytes) == (None, None)
