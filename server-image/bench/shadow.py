"""What a candidate in shadow costs the answers of the served model: ``make bench-shadow``.

An open loop of half the server's own peak, Poisson arrivals, latency counted from the moment at
which a request was due; with and without a candidate, alternating, in one run. Server and
candidate share one core, the load has the other where there are two. Goal: the 99th percentile with
a candidate is at most 1.10 times the one without.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import uvloop
from onnx import TensorProto, helper

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "local-cluster" / "src")]

from harness.scoring_server import MODEL, serialised  # noqa: E402
from harness.shadowed_server import ShadowedServer, shadowed  # noqa: E402

FEATURES, TREES, DEPTH = 30, 300, 6
CONNECTIONS = 16
PEAK_REQUESTS = 20_000
SECONDS = 6.0
PAIRS = 5
HALF = 0.5
GOAL = 1.10


def forest(seed: int) -> bytes:
    """Return a classifier of full trees over one matrix, at random."""
    random = np.random.default_rng(seed)
    inner, every = 2**DEPTH - 1, 2 ** (DEPTH + 1) - 1
    trees, ids = np.repeat(np.arange(TREES), every), np.tile(np.arange(every), TREES)
    leaf = ids >= inner
    node = helper.make_node(
        "TreeEnsembleClassifier",
        ["matrix"],
        ["label", "probabilities"],
        domain="ai.onnx.ml",
        nodes_treeids=trees.tolist(),
        nodes_nodeids=ids.tolist(),
        nodes_featureids=np.where(leaf, 0, random.integers(0, FEATURES, len(ids))).tolist(),
        nodes_values=np.where(leaf, 0, random.normal(size=len(ids))).tolist(),
        nodes_modes=["LEAF" if each else "BRANCH_LT" for each in leaf],
        nodes_truenodeids=np.where(leaf, 0, 2 * ids + 1).tolist(),
        nodes_falsenodeids=np.where(leaf, 0, 2 * ids + 2).tolist(),
        class_treeids=trees[leaf].tolist(),
        class_nodeids=ids[leaf].tolist(),
        class_ids=[0] * int(leaf.sum()),
        class_weights=(random.normal(size=int(leaf.sum())) / TREES).tolist(),
        classlabels_int64s=[0, 1],
        post_transform="LOGISTIC",
    )
    graph = helper.make_graph(
        [node],
        "forest",
        [helper.make_tensor_value_info("matrix", TensorProto.FLOAT, ["rows", FEATURES])],
        [
            helper.make_tensor_value_info("label", TensorProto.INT64, ["rows"]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["rows", 2]),
        ],
    )
    return serialised(graph)


def request() -> bytes:
    """Return one request of one row as it goes over the wire."""
    data = np.random.default_rng(8).normal(size=FEATURES).round(4).tolist()
    tensor = {"name": "matrix", "datatype": "FP32", "shape": [1, FEATURES], "data": data}
    body = json.dumps({"inputs": [tensor]}).encode()
    head = f"POST /v2/models/{MODEL}/infer HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


class Connection(asyncio.Protocol):
    """Asks what is due, one at a time."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._received = b""
        self.due = 0.0

    def connection_made(self, transport: Any) -> None:
        """Wait for work."""
        self.transport = transport
        self._load.free.append(self)

    def ask(self, due: float) -> None:
        """Send a request that was due then."""
        self.due = due
        self.transport.write(self._load.message)

    def data_received(self, data: bytes) -> None:
        """Take an answer, whole or in parts."""
        self._received += data
        if not self._received.endswith(b"]}]}"):
            return
        if not self._received.startswith(b"HTTP/1.1 200"):
            raise ValueError(self._received)
        self._received = b""
        self._load.answered(self)


class Load:
    """Requests at the times at which they are due, over connections that are kept."""

    def __init__(self, port: int) -> None:
        self.message = request()
        self.free: deque[Connection] = deque()
        self.latencies: list[float] = []
        self._port = port
        self._waiting: deque[float] = deque()
        self._expected = 0
        self._over = asyncio.Event()

    def answered(self, connection: Connection) -> None:
        """Note how late the answer is; ask what waits."""
        self.latencies.append(time.perf_counter() - connection.due)
        if len(self.latencies) == self._expected:
            self._over.set()
        if self._waiting:
            connection.ask(self._waiting.popleft())
        else:
            self.free.append(connection)

    async def run(self, rate: float, seconds: float) -> list[float]:
        """Return the latencies, seconds, of ``rate`` requests a second."""
        loop = asyncio.get_running_loop()
        for _ in range(CONNECTIONS):
            await loop.create_connection(lambda: Connection(self), "127.0.0.1", self._port)
        random = np.random.default_rng(9)
        gaps = random.exponential(1 / rate, int(rate * seconds))
        self._expected = len(gaps)
        begin = time.perf_counter() + 0.1
        for due in (begin + np.cumsum(gaps)).tolist():
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            if self.free:
                self.free.popleft().ask(due)
            else:
                self._waiting.append(due)
        await self._over.wait()
        for connection in self.free:
            connection.transport.close()
        return self.latencies


def peak(port: int) -> float:
    """Return how many requests a second are answered when more are due all the time."""
    began = time.perf_counter()
    uvloop.run(Load(port).run(rate=10 * PEAK_REQUESTS, seconds=0.1))
    return PEAK_REQUESTS / (time.perf_counter() - began)


def p99(server: ShadowedServer, rate: float) -> float:
    """Return the 99th percentile at ``rate`` requests a second, seconds."""
    return float(np.percentile(uvloop.run(Load(server.server.port).run(rate, SECONDS)), 99))


def main() -> None:
    """Measure and print."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})
    ratios = []
    with (
        tempfile.TemporaryDirectory() as name,
        shadowed(forest(7), Path(name) / "bench") as server,
    ):
        os.sched_setaffinity(server.server.child.pid, {cores[0]})
        most = peak(server.server.port)
        rate = HALF * most
        print(f"peak {most:,.0f} requests/s; asked at {rate:,.0f}/s for {SECONDS:g} s each time")
        print("p99 without, ms  with a candidate, ms  ratio  compared  dropped")
        for number in range(PAIRS):
            figures: dict[bool, float] = {}
            compared = dropped = 0
            for shadow in ((False, True), (True, False))[number % 2]:
                if shadow:
                    server.ask_for(forest(11), attempt=str(number))
                    server.once(lambda found: found.state == "Comparing")
                figures[shadow] = p99(server, rate)
                if shadow:
                    report = server.report()
                    compared, dropped = report.compared, report.dropped
                    server.remove()
                    server.once(lambda found: found.state == "Off")
            ratios.append(figures[True] / figures[False])
            print(
                f"{1e3 * figures[False]:15.2f}  {1e3 * figures[True]:20.2f}  {ratios[-1]:5.2f}"
                f"  {compared:8,d}  {dropped:7,d}"
            )
    print(f"median ratio {statistics.median(ratios):.2f}; goal: at most {GOAL:.2f}")


if __name__ == "__main__":
    main()
