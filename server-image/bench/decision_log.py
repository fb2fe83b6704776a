"""What the decision log costs: ``make bench-decision-log``.

Two servers of one model, one with a log and one without, are asked in turn by wrk: one row a
request, JSON, keep-alive, every request with values of its own; as one matrix, the cheapest request
there is, and as an input for each feature. Server and writer have one core together, as in a pod of
one CPU; wrk and the object store have the other. Equal processes differ by up to a tenth, by where
their memory happens to lie, so several pairs are started, each in the other order. What counts is
the median of the pairs' ratios; the goal is at least 0.90. docs/decision-log.md quotes them.
"""

from __future__ import annotations

import io
import json
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "local-cluster" / "src")]

from speed_load import program  # noqa: E402
from speed_model import COLUMNS, INFER_PATH, profile, trained, with_columns  # noqa: E402

from harness.decision_logs import decision_log, settled  # noqa: E402
from harness.object_store import ObjectStoreServer  # noqa: E402
from harness.scoring_server import ScoringServer, artifact_files, serving, written  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

    Inputs = Callable[[list[float]], list[dict[str, Any]]]

GOAL = 0.9
CONNECTIONS = (1, 16, 64)
PAIRS = 5
TURNS = 2
SECONDS = 2
BODIES = 1_000
TICKS = os.sysconf("SC_CLK_TCK")
SCRIPT = """
local requests, place = {}, 0
function init()
  for body in io.lines(os.getenv("BENCH_BODIES")) do
    requests[#requests + 1] = wrk.format("POST", os.getenv("BENCH_PATH"), nil, body)
  end
end
function request()
  place = place % #requests + 1
  return requests[place]
end
"""


@dataclass
class Load:
    """What one server did for so many connections."""

    requests: int = 0
    seconds: float = 0.0
    server: float = 0.0
    """Seconds of CPU that the server took, and its writer."""
    writer: float = 0.0

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

    @property
    def cpu(self) -> tuple[float, float]:
        """Microseconds of CPU a request, of the server and of its writer."""
        return 1e6 * self.server / self.requests, 1e6 * self.writer / self.requests


Figures = dict[int, dict[str, list[Load]]]
"""By connections, of each kind of server: one for each pair."""


def main() -> int:
    """Measure and print, and return 1 where the goal is missed."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})  # what is started from here has it, too
    model = trained()
    lowest = [
        compared("one matrix", model.SerializeToString(), cores[0], matrix),
        compared(f"{len(COLUMNS)} named inputs", with_columns(model), cores[0], named),
    ]
    return int(min(lowest) < GOAL)


def compared(title: str, model: bytes, core: int, inputs: Inputs) -> float:
    """Measure and print what the log of ``model`` costs, and return the lowest ratio."""
    figures: Figures = {number: {"off": [], "on": []} for number in CONNECTIONS}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        store = stack.enter_context(ObjectStoreServer(folder / "store"))
        log = decision_log(store, folder, max_delay_seconds=1)
        variables = written(artifact_files(model, None, profile()), folder / "artifact")
        script = write_load(folder, inputs)
        more = {"off": {}, "on": log.environment}
        for pair in range(PAIRS):
            with ExitStack() as started:
                servers = {}
                for name in ("off", "on") if pair % 2 else ("on", "off"):
                    (own := folder / f"{name}-{pair}").mkdir()
                    servers[name] = started.enter_context(serving(variables | more[name], own))
                    warm(servers[name], core, script, logs=name == "on")
                for connections, kinds in figures.items():
                    for name, load in ask_in_turn(servers, connections, script).items():
                        kinds[name].append(load)
                memory = [resident(pid) for pid in processes(servers["on"])]
        rows, size = stored(log.files(), store, log.settings.uri)
    print(f"{title}:")
    lowest = show(figures)
    print(f"resident: server {memory[0]:.0f} MB, writer {memory[1]:.0f} MB")
    print(f"{rows:,} requests in the store, {size / rows:.0f} bytes each", flush=True)
    return lowest


def warm(server: ScoringServer, core: int, script: Path, *, logs: bool) -> None:
    """Have all processes of ``server`` run on ``core``, with their imports done."""
    while len(processes(server)) < (2 if logs else 1):
        server.http.get("/v2/health/live")
    for pid in processes(server):
        os.sched_setaffinity(pid, {core})
    ask(Load(), server, CONNECTIONS[-1], script)


def ask_in_turn(
    servers: dict[str, ScoringServer], connections: int, script: Path
) -> dict[str, Load]:
    """Return what each of ``servers`` does while the others are idle."""
    loads = {name: Load() for name in servers}
    for turn in range(TURNS):
        for name in sorted(servers, reverse=turn % 2 == 1):
            ask(loads[name], servers[name], connections, script)
    return loads


def matrix(row: list[float]) -> list[dict[str, Any]]:
    """Return the inputs of a request as one tensor."""
    return [{"name": "matrix", "datatype": "FP32", "shape": [1, len(row)], "data": row}]


def named(row: list[float]) -> list[dict[str, Any]]:
    """Return the inputs of a request as a tensor for each feature."""
    return [
        {"name": name, "datatype": "FP32", "shape": [1, 1], "data": [value]}
        for name, value in zip(COLUMNS, row, strict=True)
    ]


def write_load(folder: Path, inputs: Inputs) -> Path:
    """Write the bodies and the script of wrk, and return the script."""
    random = np.random.default_rng(8)
    lines = [
        json.dumps({"inputs": inputs(row), "id": f"request-{number}"})
        for number, row in enumerate(random.normal(size=(BODIES, len(COLUMNS))).round(4).tolist())
    ]
    (folder / "bodies").write_text("\n".join(lines))
    script = folder / "load.lua"
    script.write_text(SCRIPT)
    return script


def ask(load: Load, server: ScoringServer, connections: int, script: Path) -> None:
    """Ask one server for ``SECONDS``."""
    before = [cpu(pid) for pid in processes(server)]
    command = [program("wrk"), "-t1", f"-c{connections}", f"-d{SECONDS}s", "-s", str(script)]
    told = subprocess.run(
        [*command, f"http://127.0.0.1:{server.port}/"],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "BENCH_BODIES": str(script.parent / "bodies"), "BENCH_PATH": INFER_PATH},
    ).stdout
    if "Non-2xx" in told or "Socket errors" in told:
        raise SystemExit(told)
    ((count, seconds),) = re.findall(r"(\d+) requests in ([\d.]+)s", told)
    load.requests += int(count)
    load.seconds += float(seconds)
    if len(before) > 1:
        settled(server)
    after = [cpu(pid) for pid in processes(server)]
    spent = [end - start for start, end in zip(before, after, strict=True)]
    load.server += spent[0]
    load.writer += sum(spent[1:])


def processes(server: ScoringServer) -> list[int]:
    """Return the server and, with a log, its writer."""
    return [server.child.pid, *server.child.children]


def cpu(pid: int) -> float:
    """Return the seconds of CPU that a process took."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident(pid: int) -> float:
    """Return the resident memory of a process, megabytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def stored(files: list[str], store: ObjectStoreServer, uri: str) -> tuple[int, int]:
    """Return how many rows are in the store, and how many bytes they take."""
    contents = [store.get(f"{uri}/{name}") for name in files]
    rows = sum(pq.ParquetFile(io.BytesIO(content)).metadata.num_rows for content in contents)
    return rows, sum(map(len, contents))


def show(figures: Figures) -> float:
    """Print the table, and return the lowest of the ratios."""
    lowest = math.inf
    print("connections  without log  with log  ratio  lowest..highest pair  CPU a request, us")
    for connections, kinds in figures.items():
        pairs = list(zip(kinds["off"], kinds["on"], strict=True))
        ratios = sorted(on.rate / off.rate for off, on in pairs)
        lowest = min(lowest, middle := statistics.median(ratios))
        off, on = (statistics.median(load.rate for load in kinds[name]) for name in ("off", "on"))
        cpus = [
            [statistics.median(load.cpu[place] for load in kinds[name]) for place in (0, 1)]
            for name in ("off", "on")
        ]
        print(
            f"{connections:11d}  {off:11,.0f}  {on:8,.0f}  {middle:5.2f}"
            f"  {ratios[0]:12.2f}..{ratios[-1]:.2f}"
            f"       {cpus[0][0]:.1f}; {cpus[1][0]:.1f}, writer {cpus[1][1]:.1f}"
        )
    return lowest


if __name__ == "__main__":
    sys.exit(main())
