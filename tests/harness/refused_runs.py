"""Runs that the trainer refuses, carried out within the process of the test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checkrail_api.run import Run
from checkrail_trainer.environment import read_environment
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.progress import Progress
from checkrail_trainer.run import execute
from harness import trainer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.object_store import ObjectStoreServer


def refusal(spec: Mapping[str, Any], store: ObjectStoreServer, folder: Path) -> RunFailedError:
    """Run within this process, because starting 40 of them takes minutes."""
    keys = store.credentials.items()
    variables = {
        f"CHECKRAIL_{which}_{key}": each for which in ("DATA", "STORE") for key, each in keys
    }
    environment = read_environment({**variables, "CHECKRAIL_SCRATCH_DIR": str(folder)})
    with (
        (folder / "progress").open("w") as out,
        Progress(out) as progress,
        pytest.raises(RunFailedError) as caught,
    ):
        execute(Run.model_validate(spec), environment, progress)
    return caught.value


def data_refusal(
    parts: Mapping[str, Any], store: ObjectStoreServer, folder: Path
) -> RunFailedError:
    """Return how a run over such data is refused, and check what every such refusal keeps to."""
    refused = refusal(trainer.run_spec(store, data={**trainer.CASES, **parts}), store, folder)
    assert refused.exit_code == 10
    assert not any(each in refused.message for each in ("malignant", "secret"))
    assert store.keys("s3://models/team-a/model/") == []
    return refused
