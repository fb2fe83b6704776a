"""The run file of a small run, of which a test changes what it is about."""

from __future__ import annotations

from typing import Any

from checkrail_api.run import Run


def small_run(data: dict[str, Any] | None = None, **parts: Any) -> Run:
    """Return a run over one table; ``data`` and ``parts`` replace fields of its data and of it."""
    return Run.model_validate(
        {
            "job": {"namespace": "team-a", "name": "run", "uid": "0-0", "generation": 1},
            "attempt": 1,
            "model": "model",
            "data": {
                "sources": [{"name": "t", "uri": "s3://lake/t.parquet"}],
                "label": "late",
                "holdout": {"strategy": "Fraction", "fraction": "0.2"},
                **(data or {}),
            },
            "train": {"workflow": "linear-regression"},
            "evaluation": {},
            "store": {"uri": "s3://models/a"},
            "threads": 1,
            "image": "trainer:1",
            **parts,
        }
    )
