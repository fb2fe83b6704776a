"""What a run adds to reading, fitting and predicting: ``make bench-trainer``.

A bare script that reads a Parquet file from S3 with pyarrow, fits XGBoost and predicts, against the
trainer's process on the same file, alternating, in one run; so machines differ in the figures and
not in the ratio. Both get the same threads, and both are timed from their start to their end.

The matrix is the float32 table of all rows. The trainer's memory is the highest that the kernel saw
(VmHWM of the process, libraries included), by phase the highest of a look each 20 ms. It is told of
a run on almost no rows, of ``--rows`` and of four times as many, and where the line through the
latter two comes down to ``LIMIT`` matrices. pandas, which only the tests need, is hidden from both,
as DuckDB would import it: the image has none.

    python trainer-image/bench/training.py [--rows 1000000] [--features 30] [--repeats 5]

With ``--repeats 0`` nothing is timed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import duckdb

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "local-cluster" / "src")]

from harness import trainer  # noqa: E402
from harness.object_store import ObjectStoreServer  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

LIMIT = 3
"""What the peak may be, matrices."""
LARGER = 4
THREADS = len(os.sched_getaffinity(0))
PARAMS = {"n_estimators": 100, "max_depth": 6}
FEW_ROWS = 1000
MIB = 2**20
BARE = """
import json, sys
import numpy as np
import pyarrow.fs, pyarrow.parquet, xgboost
given = json.loads(sys.argv[1])
store = pyarrow.fs.S3FileSystem(
    access_key=given["keys"][0], secret_key=given["keys"][1], endpoint_override=given["host"],
    scheme="http", region=given["region"],
)
table = pyarrow.parquet.read_table("lake/" + given["key"], filesystem=store)
matrix = np.column_stack([table[f"f{each}"].to_numpy() for each in range(given["features"])])
labels = table["late"].to_numpy()
cut = len(labels) * 4 // 5
model = xgboost.XGBClassifier(**given["params"], tree_method="hist", n_jobs=given["threads"])
model.fit(matrix[:cut], labels[:cut])
model.predict_proba(matrix[cut:])
"""
"""Four fifths are fitted and the others predicted, as the trainer does."""


def write_table(path: Path, rows: int, features: int) -> None:
    """Write ``rows`` of random floats, a key in random order, and a noisy label."""
    columns = ", ".join(f"random()::FLOAT AS f{each}" for each in range(features))
    duckdb.sql(
        "SELECT *, (f0 + f1 * f2 + 0.3 * random() > 0.9)::INT AS late FROM ("  # noqa: S608 - numbers
        f"SELECT (hash(i) >> 1)::BIGINT AS id, {columns} FROM range({rows}) AS r(i))"
    ).write_parquet(str(path))


def run_spec(store: ObjectStoreServer, key: str) -> dict[str, Any]:
    """Return the run that does what the bare script does."""
    return trainer.run_spec(
        store,
        data={
            "sources": [{"name": "cases", "uri": f"s3://lake/{key}"}],
            "label": "late",
            "key": "id",
            "holdout": {"strategy": "Fraction", "fraction": "0.2"},
        },
        train={"workflow": "xgboost-classifier", "params": PARAMS, "seed": 7},
        threads=THREADS,
    )


def without_pandas(folder: Path) -> dict[str, str]:
    """Return the variables of a process that finds no pandas."""
    folder.mkdir()
    (folder / "pandas.py").write_text('raise ImportError("hidden: the image has no pandas")\n')
    known = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": os.pathsep.join([str(folder), *([known] if known else [])])}


def bare_seconds(
    store: ObjectStoreServer, key: str, features: int, variables: dict[str, str]
) -> float:
    """Return how long the bare script takes, from its start to its end."""
    given = {
        "keys": [store.access_key, store.secret_key],
        "host": store.endpoint.removeprefix("http://"),
        "region": store.region,
        "key": key,
        "features": features,
        "params": PARAMS,
        "threads": THREADS,
    }
    begun = time.monotonic()
    command = [sys.executable, "-c", BARE, json.dumps(given)]
    subprocess.run(command, check=True, env={**os.environ, **variables})
    return time.monotonic() - begun


@dataclass(frozen=True)
class Ran:
    """A run of the trainer."""

    seconds: float
    peak: int
    """Bytes."""
    phases: dict[str, int]
    """Highest memory seen by phase, bytes."""


def trainer_run(store: ObjectStoreServer, key: str, folder: Path, variables: dict[str, str]) -> Ran:
    """Run the trainer to its end."""
    begun = time.monotonic()
    process = trainer.start(run_spec(store, key), store, folder, variables)
    peak = Peak(process.pid)
    out, err = process.stdout, process.stderr
    if out is None or err is None:
        raise SystemExit("the trainer was started without pipes")
    following = threading.Thread(target=follow, args=(out, peak))
    following.start()
    with err:
        log = err.read()
    process.wait()
    seconds = time.monotonic() - begun
    following.join()
    if process.returncode != 0:
        raise SystemExit(f"the trainer ended with {process.returncode}: {log}")
    return Ran(seconds, peak.bytes(), peak.phases)


def follow(out: IO[str], peak: Peak) -> None:
    """Tell ``peak`` in which phase the trainer is, as its progress says."""
    with out:
        for line in out:
            event = json.loads(line)
            if event["event"] == "progress":
                peak.phase = event["phase"]


class Peak:
    """The highest resident memory of a process, as the kernel keeps it, and seen by phase."""

    def __init__(self, pid: int) -> None:
        """Look until it ends."""
        self.phase = "Starting"
        self.phases: dict[str, int] = {}
        self._status = Path(f"/proc/{pid}/status")
        self._kib = 0
        self._looking = threading.Thread(target=self._look)
        self._looking.start()

    def bytes(self) -> int:
        """Return it, after its end."""
        self._looking.join()
        return self._kib * 1024

    def _look(self) -> None:
        while True:
            try:
                lines = self._status.read_text().splitlines()
            except OSError:
                return
            found = dict(line.split()[:2] for line in lines if line.startswith(("VmHWM", "VmRSS")))
            if not found:  # it has ended and is not waited for yet
                return
            self._kib = int(found["VmHWM:"])
            now = int(found["VmRSS:"]) * 1024
            self.phases[self.phase] = max(now, self.phases.get(self.phase, 0))
            time.sleep(0.02)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--features", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args(arguments)
    bare: list[float] = []
    whole: list[float] = []
    ran: dict[int, Ran] = {}
    with tempfile.TemporaryDirectory() as name, ObjectStoreServer(Path(name, "s3")) as store:
        folder = Path(name)
        variables = without_pandas(folder / "python")
        store.make_bucket("lake")
        store.make_bucket("models")
        for rows in (FEW_ROWS, given.rows, LARGER * given.rows):
            write_table(folder / "table.parquet", rows, given.features)
            store.put("s3://lake/table.parquet", (folder / "table.parquet").read_bytes())
            ran[rows] = trainer_run(store, "table.parquet", folder / f"rows-{rows}", variables)
            for number in range(given.repeats if rows == given.rows else 0):
                bare.append(bare_seconds(store, "table.parquet", given.features, variables))
                timed = trainer_run(store, "table.parquet", folder / str(number), variables)
                whole.append(timed.seconds)
    print(f"{given.features} features, {PARAMS}, {THREADS} threads")
    if bare:
        report_time(given.rows, bare, whole)
    for rows, each in ran.items():
        report_memory(rows, 4 * rows * given.features, each)
    report_line(given.features, {rows: ran[rows].peak for rows in [*ran][1:]})


def report_time(rows: int, bare: Sequence[float], whole: Sequence[float]) -> None:
    """Print how long both take."""
    ratio = statistics.median(whole) / statistics.median(bare)
    print(f"{rows:,} rows, {len(bare)} runs each")
    print(f"  bare script  median {statistics.median(bare):7.2f} s   {spread(bare)}")
    print(f"  trainer      median {statistics.median(whole):7.2f} s   {spread(whole)}")
    print(f"  ratio        {ratio:.2f}")


def report_memory(rows: int, matrix: int, ran: Ran) -> None:
    """Print what a run took."""
    share = f", {ran.peak / matrix:.2f} x the matrix" if rows > FEW_ROWS else ""
    print(f"{rows:,} rows: matrix {matrix / MIB:.0f} MiB, peak {ran.peak / MIB:.0f} MiB{share}")
    told = ", ".join(f"{phase} {peak / MIB:.0f}" for phase, peak in ran.phases.items())
    print(f"  by phase, MiB: {told}")


def report_line(features: int, peaks: dict[int, int]) -> None:
    """Print the line through two runs, and from how many rows on it is within ``LIMIT``."""
    (fewer, low), (more, high) = peaks.items()
    row = 4 * features
    slope = (high - low) / (more - fewer) / row
    fixed = low - slope * fewer * row
    print(f"peak = {fixed / MIB:.0f} MiB + {slope:.2f} x the matrix, between these two")
    if slope < LIMIT:
        enough = max(fixed / (LIMIT - slope) / row, 0)
        print(f"at most {LIMIT} x the matrix from {enough:,.0f} rows on, libraries included")


def spread(seconds: Sequence[float]) -> str:
    """Return the shortest and the longest."""
    return f"({min(seconds):.2f} to {max(seconds):.2f})"


if __name__ == "__main__":
    main()
