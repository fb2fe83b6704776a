"""A run that has too little memory or disk says so, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness import trainer

if TYPE_CHECKING:
    from pathlib import Path

    from harness.object_store import ObjectStoreServer

pytestmark = pytest.mark.images


def test_too_little_memory_for_the_join_asks_for_the_next_rung(
    lake: ObjectStoreServer, tmp_path: Path
) -> None:
    """DuckDB gives up before the kernel kills; the code is the one of a kill."""
    wide = "SELECT a.*, b.f0 AS g FROM cases a, cases b, cases c ORDER BY random()"
    spec = trainer.run_spec(lake, data={**trainer.CASES, "query": wide})
    little = {"CHECKRAIL_MEMORY_LIMIT_BYTES": str(16 * 2**20)}

    ended = trainer.train(spec, lake, tmp_path, little)

    assert ended.failure == (137, "OOMKilled")
    assert "spec.resources.ladder" in ended.report["message"]


def test_a_full_scratch_volume_ends_the_run_and_says_what_filled_it(
    lake: ObjectStoreServer, tmp_path: Path
) -> None:
    """Over a million rows to sort, 38 MiB of memory for them, and 1 MiB of disk."""
    wide = "SELECT a.*, b.f0 AS g FROM cases a, cases b, range(4) ORDER BY random()"
    spec = trainer.run_spec(lake, data={**trainer.CASES, "query": wide})
    little = {
        "CHECKRAIL_MEMORY_LIMIT_BYTES": str(64 * 2**20),
        "CHECKRAIL_SCRATCH_LIMIT_BYTES": str(2**20),
    }

    ended = trainer.train(spec, lake, tmp_path, little)

    assert ended.failure == (137, "OOMKilled")
    assert "failed to offload data block" in ended.report["message"]
    assert "has filled its share of it: select fewer rows" in ended.report["message"]
    assert list((tmp_path / "scratch").iterdir()) == []
