"""One published run, and the command that replays it."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from checkrail_trainer.commands import carry_out, parser
from harness import trainer
from harness.replays import measurements

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.object_store import ObjectStoreServer


@pytest.fixture(scope="session")
def spec(lake: ObjectStoreServer) -> dict[str, Any]:
    lake.put("s3://lake/replay/measurements.parquet", measurements(1))
    lake.put("s3://lake/replay/kept.csv", b"group\na\nb\n")
    resolved = trainer.run_spec(
        lake,
        data={
            "sources": [
                {"name": "measured", "uri": "s3://lake/replay/measurements.parquet"},
                {"name": "kept", "uri": "s3://lake/replay/kept.csv"},
            ],
            "query": 'SELECT m.* FROM measured m JOIN kept k USING ("group")',
            "filters": [{"column": "first", "op": "Gt", "value": "-2"}],
            "label": "late",
            "key": "id",
            "holdout": {"strategy": "Hash", "fraction": "0.4"},
        },
        train={
            "workflow": "xgboost-classifier",
            "params": {"n_estimators": 20, "max_depth": 4, "subsample": 0.8},
            "seed": 7,
        },
        evaluation={"metrics": ["roc_auc"], "gates": [{"metric": "roc_auc", "min": "0.6"}]},
    )
    return {**resolved, "store": {**resolved["store"], "uri": "s3://models/replay"}}


@pytest.fixture(scope="session")
def published(
    spec: dict[str, Any], lake: ObjectStoreServer, tmp_path_factory: pytest.TempPathFactory
) -> trainer.Ended:
    return trainer.publish(spec, lake, tmp_path_factory.mktemp("published"))


@pytest.fixture
def replay(
    lake: ObjectStoreServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., tuple[int, dict[str, Any]]]:
    """A function that runs the command within this process and answers code and result."""
    for key, value in lake.credentials.items():
        for prefix in ("CHECKRAIL_DATA_", "CHECKRAIL_STORE_", "CHECKRAIL_SOURCE_1_"):
            monkeypatch.setenv(f"{prefix}{key}", value)
    monkeypatch.setenv("CHECKRAIL_SCRATCH_DIR", str(tmp_path / "scratch"))
    there = [f"--endpoint={lake.endpoint}", f"--region={lake.region}", "--addressing-style=Path"]

    def run(source: str, *options: str) -> tuple[int, dict[str, Any]]:
        out = io.StringIO()
        code = carry_out(parser().parse_args(["replay", source, *there, *options]), out)
        return code, json.loads(out.getvalue())

    return run
