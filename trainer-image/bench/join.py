"""A join inside half of the memory that it needs: ``make bench-join``.

First the trainer joins two data sets with all the memory it wants, and the peak of its process is
the need. Then it does the same in a cgroup whose limit is half of that, where the kernel would kill
it at the limit, and has to spill. Both runs publish a model; what the models and libraries take is
part of either.

Where cgroups cannot be written, the limit is one of the address space instead (RLIMIT_AS), which is
stricter than a limit of memory; the program says so.

    python trainer-image/bench/join.py [--rows 4000000]
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [
    str(ROOT / "tests"),
    str(ROOT / "local-cluster" / "src"),
    str(Path(__file__).parent),
]

from training import THREADS, Peak  # noqa: E402

from harness import trainer  # noqa: E402
from harness.object_store import ObjectStoreServer  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SAMPLED = 50
"""Of the joined rows one in so many is trained on: the join shall be what needs memory."""
JOIN = """
SELECT l.id, l.late, sum(l.a + r.b) OVER (PARTITION BY l.area) AS whole, l.text || r.text AS texts
FROM left_side l JOIN right_side r USING (id)
"""
QUERY = f"""
SELECT id, late, whole, length(texts) + id % 7 AS size FROM ({JOIN}) WHERE id % {SAMPLED} = 0
"""  # noqa: S608 - a number
MIB = 2**20


def write_sides(folder: Path, rows: int) -> None:
    """Write two tables of ``rows`` with texts of 96 characters each, in different orders."""
    text = "repeat(md5(({})::VARCHAR), 3)"
    duckdb.sql(
        f"SELECT i AS id, i % 1000 AS area, random() AS a, random() > 0.5 AS late, "  # noqa: S608 - numbers
        f"{text.format('i')} AS text FROM range({rows}) AS r(i)"
    ).write_parquet(str(folder / "left.parquet"))
    duckdb.sql(
        f"SELECT i AS id, random() AS b, {text.format('-i')} AS text "  # noqa: S608 - numbers
        f"FROM range({rows}) AS r(i) ORDER BY hash(i)"
    ).write_parquet(str(folder / "right.parquet"))


def run_spec(store: ObjectStoreServer) -> dict[str, Any]:
    """Return the run: a join of everything, and a small model."""
    sides = ("left", "right")
    return trainer.run_spec(
        store,
        data={
            "sources": [
                {"name": f"{each}_side", "uri": f"s3://lake/{each}.parquet"} for each in sides
            ],
            "query": QUERY,
            "label": "late",
            "key": "id",
            "holdout": {"strategy": "Fraction", "fraction": "0.2"},
        },
        threads=THREADS,
    )


def run(
    store: ObjectStoreServer, folder: Path, limit: int | None, group: Path | None
) -> tuple[int, int, str]:
    """Run the trainer and return its exit code, its peak memory in bytes, and its log.

    Args:
        store: Holds both sides.
        folder: Where it writes.
        limit: Its memory, bytes; without it, as much as the machine has.
        group: The cgroup to run it in.
    """
    told = {"CHECKRAIL_MEMORY_LIMIT_BYTES": str(limit or "")}
    process = trainer.start(run_spec(store), store, folder, told)
    if group:
        (group / "cgroup.procs").write_text(str(process.pid))
    elif limit:
        resource.prlimit(process.pid, resource.RLIMIT_AS, (limit, limit))
    peak = Peak(process.pid)
    _, log = process.communicate()
    return process.returncode, peak.bytes(), log


@contextmanager
def limited_group(limit: int) -> Iterator[Path | None]:
    """Make a cgroup whose processes are killed beyond ``limit`` bytes; None where nobody may."""
    version_2 = Path("/sys/fs/cgroup/cgroup.controllers").exists()
    root = Path("/sys/fs/cgroup") if version_2 else Path("/sys/fs/cgroup/memory")
    group = root / f"checkrail-bench-{os.getpid()}"
    file = "memory.max" if version_2 else "memory.limit_in_bytes"
    try:
        group.mkdir()
    except OSError:
        yield None
        return
    try:
        (group / file).write_text(str(limit))
        yield group
    except PermissionError:
        yield None
    finally:
        group.rmdir()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, limit, and say whether it finished."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=4_000_000)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name, ObjectStoreServer(Path(name, "s3")) as store:
        folder = Path(name)
        store.make_bucket("lake")
        store.make_bucket("models")
        write_sides(folder, given.rows)
        for side in ("left", "right"):
            store.put(f"s3://lake/{side}.parquet", (folder / f"{side}.parquet").read_bytes())
        code, need, log = run(store, folder / "free", None, None)
        if code:
            raise SystemExit(f"without a limit the trainer ended with {code}: {log}")
        limit = need // 2
        begun = time.monotonic()
        with limited_group(limit) as group:
            code, peak, log = run(store, folder / "limited", limit, group)
    print(f"two tables of {given.rows:,} rows, joined, and summed by windows, by the trainer")
    print(f"need   {need / MIB:6.0f} MiB, its peak without a limit")
    kind = "of a cgroup" if group else "of the address space: no cgroup could be written here"
    print(f"limit  {limit / MIB:6.0f} MiB, {kind}")
    print(f"peak   {peak / MIB:6.0f} MiB inside the limit")
    done = "finished and published" if code == 0 else f"ended with {code}: {log[-2000:]}"
    print(f"{done}, in {time.monotonic() - begun:.0f} s")
    return code


if __name__ == "__main__":
    sys.exit(main())
