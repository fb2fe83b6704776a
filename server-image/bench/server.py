"""How fast the scoring server is beside others, in one run: ``make bench-server [quick=1]``.

    for each repeat, the servers in turn, in the other order every second time:
        one server on one core --> its loads, one after the other, from the other core
    medians --> docs/server-speed.md, docs/server-speed-*.svg

All serve the same model. A quick run takes two seconds for a figure, repeats nothing, and writes
its page beside the environments and not into docs. What cannot be measured is a cell that says why.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "local-cluster" / "src")]
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

from speed_figures import ROWS, SHARES, Cell, Failed, Figures, Kind  # noqa: E402
from speed_load import Load, LoadFailedError, h2load, open_loop, wrk  # noqa: E402
from speed_model import (  # noqa: E402
    Body,
    binary_body,
    grpc_body,
    json_body,
    profile,
    trained,
    with_columns,
)
from speed_page import publish  # noqa: E402
from speed_servers import (  # noqa: E402
    CACHE,
    SERVERS,
    Running,
    Served,
    Server,
    ServerFailedError,
    install,
    running,
)

from harness.object_store import ObjectStoreServer  # noqa: E402
from harness.scoring_server import artifact_files, in_store, written  # noqa: E402

CONNECTIONS = (1, 16, 64)
SOME_CONNECTIONS = 16
"""Of the loads of several rows a request."""
BINARY_ROWS = 64
IN_OPEN_LOOP = ("Checkrail", "KServe")
SECONDS, QUICK_SECONDS = 4.0, 2.0
REPEATS = 3


class Bench:
    """One run."""

    def __init__(self, folder: Path, store: ObjectStoreServer, seconds: float) -> None:
        """Make the model and the requests in ``folder``; a figure takes so many ``seconds``.

        Our servers read their artifact from ``store``, as they do in a pod; the others a file.
        """
        self.figures = Figures()
        self._seconds = seconds
        self._compiled: set[str | None] = set()
        cores = sorted(os.sched_getaffinity(0))
        self._server_core, self._load_core = cores[0], cores[-1]
        model = trained()
        file = folder / "model.onnx"
        file.write_bytes(model.SerializeToString())
        seen = profile()
        matrix = artifact_files(file.read_bytes(), None, seen)
        self._served = Served(
            folder,
            file,
            in_store(store, matrix, "matrix"),
            in_store(store, artifact_files(with_columns(model), None, seen), "columns"),
            written(matrix, folder / "directory"),
        )
        self._rows = {rows: json_body(folder, rows) for rows in ROWS}
        self._columns = json_body(folder, 1, columns=True)
        self._binary = binary_body(folder, BINARY_ROWS)
        self._call = grpc_body(folder)

    def visit(self, server: Server) -> None:
        """Start ``server``, measure it, and end it."""
        cells = list(_cells(server))
        try:
            row = self._row_of(server)
            self._prepare(server, row)
            with running(server, self._served, self._server_core, row) as up:
                self.figures.ready(server.name, up.ready_seconds)
                for cell in cells:
                    self.figures.take(server.name, cell, self._measured(server, up, cell))
                if cells:  # else it has had no load
                    self.figures.memory(server.name, up.resident_bytes())
        except ServerFailedError as error:
            print(f"{server.name}: {error}", flush=True)
            for cell in cells:
                self.figures.take(server.name, cell, Failed(str(error)))

    def _prepare(self, server: Server, row: Body) -> None:
        """Install ``server``, and start it once, so that its modules are compiled."""
        if server.environment in self._compiled:
            return
        if server.environment:
            install(server.environment)
        with running(server, self._served, self._server_core, row):
            self._compiled.add(server.environment)

    def _measured(self, server: Server, up: Running, cell: Cell) -> Load | Failed:
        try:
            load = self._load(server, up, cell)
        except LoadFailedError as error:
            print(f"{server.name}, {cell}: failed: {error}", flush=True)
            return Failed(str(error))
        print(
            f"{server.name}, {cell}: {load.rate:,.0f}/s, p50 {load.p50:.2f} ms, "
            f"p99 {load.p99:.2f} ms",
            flush=True,
        )
        return load

    def _load(self, server: Server, up: Running, cell: Cell) -> Load:
        body, connections = self._row_of(server), int(cell.number)
        match cell.kind:
            case Kind.OPEN:
                peak = self.figures.last(server.name, Cell(Kind.JSON, CONNECTIONS[-1]))
                if isinstance(peak, Failed):
                    raise LoadFailedError(peak.reason)
                return open_loop(
                    up.port,
                    server.path,
                    body,
                    rate=peak.rate * cell.number,
                    connections=CONNECTIONS[-1],
                    seconds=self._seconds,
                    core=self._load_core,
                )
            case Kind.GRPC:
                return h2load(
                    up.grpc_port,
                    self._call,
                    connections=connections,
                    seconds=self._seconds,
                    core=self._load_core,
                )
            case Kind.ROWS:
                body, connections = self._rows[int(cell.number)], SOME_CONNECTIONS
            case Kind.BINARY:
                body, connections = self._binary, SOME_CONNECTIONS
        return wrk(
            up.port,
            server.path,
            body,
            connections=connections,
            seconds=self._seconds,
            core=self._load_core,
        )

    def _row_of(self, server: Server) -> Body:
        return self._columns if server.columns else self._rows[1]


def _cells(server: Server) -> list[Cell]:
    """Return what is measured of ``server``, in order: the open loop needs its peak."""
    if server.directory:
        return []
    cells = [Cell(Kind.JSON, number) for number in CONNECTIONS]
    if server.script:
        return cells
    if server.name in IN_OPEN_LOOP:
        cells += [Cell(Kind.OPEN, share) for share in SHARES]
    if server.has_grpc:
        cells += [Cell(Kind.GRPC, number) for number in CONNECTIONS]
    if not server.columns:
        cells += [Cell(Kind.ROWS, rows) for rows in ROWS]
    if server.has_binary:
        cells.append(Cell(Kind.BINARY, BINARY_ROWS))
    return cells


def main() -> None:
    """Measure, print and publish."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = CACHE / "quick" if quick else ROOT / "docs"
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, ObjectStoreServer(Path(name) / "store") as store:
        bench = Bench(Path(name), store, QUICK_SECONDS if quick else SECONDS)
        for repeat in range(1 if quick else REPEATS):
            for server in SERVERS[:: -1 if repeat % 2 else 1]:
                bench.visit(server)
    print(publish(bench.figures, [server.name for server in SERVERS], folder))


if __name__ == "__main__":
    main()
