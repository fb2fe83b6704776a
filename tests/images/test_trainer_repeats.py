"""The same inputs give the same artifact, every file of it: two processes, every workflow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from checkrail_api.workflows import BUILT_IN, Task
from harness import several_runs, trainer

if TYPE_CHECKING:
    from harness.object_store import ObjectStoreServer

pytestmark = pytest.mark.images

PROCESSES = 2
FEW = {"n_estimators": 8, "max_depth": 4}
PARAMS: dict[str, dict[str, Any]] = {
    "xgboost-classifier": {**FEW, "subsample": 0.8, "colsample_bytree": 0.7},
    "xgboost-regressor": {**FEW, "subsample": 0.8, "colsample_bytree": 0.7},
    "random-forest-classifier": FEW,
    "random-forest-regressor": FEW,
    "hist-gradient-boosting-classifier": {"max_iter": 8},
    "hist-gradient-boosting-regressor": {"max_iter": 8},
}
DATA: dict[str, Any] = {
    "sources": [{"name": "flights", "uri": "s3://lake/flights/*.parquet"}],
    "query": "SELECT *, arr_delay > 15 AS late, make_timestamp(year, month, day, hour, 0, 0) AS at "
    "FROM flights WHERE arr_delay IS NOT NULL AND month <= 2",
    "features": ["dep_time", "carrier", "distance", "at"],
    "key": "flight_id",
    "holdout": {"strategy": "Hash", "fraction": "0.3"},
}
LABELS = {Task.CLASSIFICATION: "late", Task.REGRESSION: "arr_delay"}


def specs(lake: ObjectStoreServer, number: int) -> dict[str, dict[str, Any]]:
    """Answer a run of each workflow, of another TrainingJob each time."""
    job = {"namespace": f"team-{number}", "name": f"run-{number}", "uid": str(number)}
    return {
        workflow: trainer.run_spec(
            lake,
            job={**job, "generation": number + 1},
            attempt=number + 1,
            model=workflow,
            data={**DATA, "label": LABELS[task]},
            train={"workflow": workflow, "params": PARAMS.get(workflow, {}), "seed": 7},
            evaluation={"slices": ["origin"]},
            store={**trainer.where(lake), "uri": "s3://models/repeats"},
            threads=2,
        )
        for workflow, task in BUILT_IN.items()
    }


def published(lake: ObjectStoreServer, folder: Path, number: int) -> dict[str, str]:
    """Publish every workflow from one process; each has other hashes of text."""
    folder.mkdir()
    for workflow, spec in specs(lake, number).items():
        (folder / f"{workflow}.json").write_text(json.dumps(spec))
    variables = {
        **os.environ,
        "PYTHONPATH": str(Path(several_runs.__file__).parents[1]),
        "PYTHONHASHSEED": str(number),
        "CHECKRAIL_SCRATCH_DIR": str(folder),
        **{f"CHECKRAIL_DATA_{key}": value for key, value in lake.credentials.items()},
        **{f"CHECKRAIL_STORE_{key}": value for key, value in lake.credentials.items()},
    }
    done = subprocess.run(
        [sys.executable, "-m", several_runs.__name__, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env=variables,
    )
    assert done.returncode == 0, done.stderr
    digests: dict[str, str] = json.loads(done.stdout)
    return digests


def test_runs_of_other_processes_and_jobs_publish_one_artifact_of_each_workflow(
    lake: ObjectStoreServer, tmp_path: Path
) -> None:
    """Publishing refuses other bytes under the same digest, so all files are the same."""
    with ThreadPoolExecutor(PROCESSES) as pool:
        digests = list(
            pool.map(lambda each: published(lake, tmp_path / str(each), each), range(PROCESSES))
        )

    assert digests == [digests[0]] * PROCESSES
    assert digests[0].keys() == BUILT_IN.keys()
    found = {
        key.rsplit("/", 1)[0] for key in lake.keys("s3://models/repeats/") if "native" not in key
    }
    assert found == {f"{workflow}/{sha256}" for workflow, sha256 in digests[0].items()}


def test_what_serves_decides_nothing_in_the_artifact(
    lake: ObjectStoreServer, tmp_path: Path
) -> None:
    """The same run, while nothing serves and while its own result does."""
    spec = specs(lake, 0)["linear-regression"]
    gate = {"metric": "rmse", "notWorseThan": "Serving", "margin": "1"}
    spec |= {"evaluation": {"gates": [gate]}, "model": "served"}
    alone = trainer.train({**spec, "baselines": []}, lake, tmp_path / "alone")
    assert alone.code == 0, alone.log
    artifact = alone.report["artifact"]
    serving = {
        "reference": "Serving",
        "version": f"served-{artifact['sha256'][:8]}",
        "uri": artifact["uri"],
        "sha256": artifact["sha256"],
        "store": trainer.where(lake),
    }
    keys = {f"CHECKRAIL_BASELINE_0_{key}": value for key, value in lake.credentials.items()}

    beside = trainer.train({**spec, "baselines": [serving]}, lake, tmp_path / "beside", keys)

    assert beside.code == 0, beside.log
    assert "baseline" in beside.report["gates"][0]
    assert "baseline" not in alone.report["gates"][0]
    assert beside.report["manifestSha256"] == alone.report["manifestSha256"]
