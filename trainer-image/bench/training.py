"""What a run adds to reading, fitting and predicting: ``make bench-trainer``.

A bare script that reads a Parquet file from S3 with pyarrow, fits XGBoost and predicts, against the
trainer's process on the same file, alternating, in one run; so machines differ in the figures and
not in the ratio. Both get the same threads, and both are timed from their start to their end.

The matrix is the float32 table of all rows. The trainer's memory is the highest that the kernel saw
(VmHWM of the process), and what it is above a run on almost no rows: libraries take as much of it.

    python trainer-image/bench/training.py [--rows 1000000] [--repeats 5]
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
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "local-cluster" / "src")]

from harness import trainer  # noqa: E402
from harness.object_store import ObjectStoreServer  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

FEATURES = 30
THREADS = len(os.sched_getaffinity(0))
PARAMS = {"n_estimators": 100, "max_depth": 6}
FEW_ROWS = 1000
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


def write_table(path: Path, rows: int) -> None:
    """Write ``rows`` of ``FEATURES`` random floats, a key in random order, and a noisy label."""
    columns = ", ".join(f"random()::FLOAT AS f{each}" for each in range(FEATURES))
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


def bare_seconds(store: ObjectStoreServer, key: str) -> float:
    """Return how long the bare script takes, from its start to its end."""
    given = {
        "keys": [store.access_key, store.secret_key],
        "host": store.endpoint.removeprefix("http://"),
        "region": store.region,
        "key": key,
        "features": FEATURES,
        "params": PARAMS,
        "threads": THREADS,
    }
    begun = time.monotonic()
    subprocess.run([sys.executable, "-c", BARE, json.dumps(given)], check=True)
    return time.monotonic() - begun


def trainer_run(store: ObjectStoreServer, key: str, folder: Path) -> tuple[float, int]:
    """Return how long the trainer takes, and its peak memory in bytes."""
    begun = time.monotonic()
    process = trainer.start(run_spec(store, key), store, folder)
    peak = Peak(process.pid)
    _, log = process.communicate()
    seconds = time.monotonic() - begun
    if process.returncode != 0:
        raise SystemExit(f"the trainer ended with {process.returncode}: {log}")
    return seconds, peak.bytes()


class Peak:
    """The highest resident memory of a process, as the kernel keeps it."""

    def __init__(self, pid: int) -> None:
        """Look until it ends."""
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
            found = [line.split()[1] for line in lines if line.startswith("VmHWM")]
            if not found:  # it has ended and is not waited for yet
                return
            self._kib = int(found[0])
            time.sleep(0.02)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name, ObjectStoreServer(Path(name, "s3")) as store:
        folder = Path(name)
        store.make_bucket("lake")
        store.make_bucket("models")
        for key, rows in (("few.parquet", FEW_ROWS), ("table.parquet", given.rows)):
            write_table(folder / key, rows)
            store.put(f"s3://lake/{key}", (folder / key).read_bytes())
        _, idle = trainer_run(store, "few.parquet", folder / "few")
        bare, whole, peaks = [], [], []
        for number in range(given.repeats):
            bare.append(bare_seconds(store, "table.parquet"))
            seconds, peak = trainer_run(store, "table.parquet", folder / str(number))
            whole.append(seconds)
            peaks.append(peak)
    report(given.rows, bare, whole, (max(peaks), idle))


def report(
    rows: int, bare: Sequence[float], whole: Sequence[float], memory: tuple[int, int]
) -> None:
    """Print the figures."""
    matrix = rows * FEATURES * 4
    peak, idle = memory
    ratio = statistics.median(whole) / statistics.median(bare)
    mib = 2**20
    print(
        f"{rows:,} rows x {FEATURES} features, {PARAMS}, {THREADS} threads, {len(bare)} runs each"
    )
    print(f"bare script    median {statistics.median(bare):7.2f} s   {spread(bare)}")
    print(f"trainer        median {statistics.median(whole):7.2f} s   {spread(whole)}")
    print(f"ratio          {ratio:.2f}")
    print(f"matrix         {matrix / mib:7.0f} MiB, float32")
    print(f"trainer's peak {peak / mib:7.0f} MiB = {peak / matrix:.2f} x the matrix")
    print(f"  on {FEW_ROWS} rows {idle / mib:7.0f} MiB; above that {(peak - idle) / matrix:.2f} x")


def spread(seconds: Sequence[float]) -> str:
    """Return the shortest and the longest."""
    return f"({min(seconds):.2f} to {max(seconds):.2f})"


if __name__ == "__main__":
    main()
