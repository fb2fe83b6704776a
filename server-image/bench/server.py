"""How much the server adds to ONNX Runtime: ``make bench-server``.

One row a request, JSON, keep-alive, on 127.0.0.1, against ``session.run`` in a loop in this
process, alternating, in one run; so machines differ in the figures and not in the ratios. The
server gets one core and the load the other where there are two. The model is a forest made here.

It also measures two choices of the server: whether one row should be handed to a thread, and
what counting costs. docs/server.md quotes them.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime as ort
import prometheus_client
import uvloop
from onnx import TensorProto, helper

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "local-cluster" / "src")]

from checkrail_api.serving import REQUEST_SECONDS  # noqa: E402
from checkrail_server.metrics import Histogram  # noqa: E402
from harness.scoring_server import MODEL, artifact_files, serialised, serving, written  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

FEATURES = 30
TREES = 300
DEPTH = 6
CONNECTIONS = (1, 16, 64)
SECONDS = 2.0
REPEATS = 3
PATH = f"/v2/models/{MODEL}/infer"


def forest() -> bytes:
    """Return a classifier of ``TREES`` full trees over ``FEATURES`` columns, at random."""
    random = np.random.default_rng(7)
    inner, all_nodes = 2**DEPTH - 1, 2 ** (DEPTH + 1) - 1
    trees = np.repeat(np.arange(TREES), all_nodes)
    ids = np.tile(np.arange(all_nodes), TREES)
    is_leaf = ids >= inner
    leaves = np.flatnonzero(is_leaf)
    node = helper.make_node(
        "TreeEnsembleClassifier",
        ["matrix"],
        ["label", "probabilities"],
        domain="ai.onnx.ml",
        nodes_treeids=trees.tolist(),
        nodes_nodeids=ids.tolist(),
        nodes_featureids=np.where(is_leaf, 0, random.integers(0, FEATURES, len(ids))).tolist(),
        nodes_values=np.where(is_leaf, 0, random.normal(size=len(ids))).tolist(),
        nodes_modes=["LEAF" if leaf else "BRANCH_LT" for leaf in is_leaf],
        nodes_truenodeids=np.where(is_leaf, 0, 2 * ids + 1).tolist(),
        nodes_falsenodeids=np.where(is_leaf, 0, 2 * ids + 2).tolist(),
        class_treeids=trees[leaves].tolist(),
        class_nodeids=ids[leaves].tolist(),
        class_ids=[0] * len(leaves),
        class_weights=(random.normal(size=len(leaves)) / TREES).tolist(),
        classlabels_int64s=[0, 1],
        post_transform="LOGISTIC",
    )
    names = [f"f{number}" for number in range(FEATURES)]
    graph = helper.make_graph(
        [helper.make_node("Concat", names, ["matrix"], axis=1), node],
        "forest",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", 1]) for name in names],
        [
            helper.make_tensor_value_info("label", TensorProto.INT64, ["rows"]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["rows", 2]),
        ],
    )
    return serialised(graph)


def request() -> bytes:
    """Return one request of one row as it goes over the wire."""
    values = np.random.default_rng(8).normal(size=FEATURES).round(4).tolist()
    tensors = [
        {"name": f"f{number}", "datatype": "FP32", "shape": [1, 1], "data": [value]}
        for number, value in enumerate(values)
    ]
    body = json.dumps({"inputs": tensors}).encode()
    return b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (
        PATH.encode(),
        len(body),
        body,
    )


class Asker(asyncio.Protocol):
    """One connection that asks again as soon as it is answered, until ``end``."""

    def __init__(self, message: bytes, end: float, latencies: list[float]) -> None:
        self._message = message
        self._end = end
        self._latencies = latencies
        self._received = b""
        self.finished = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        """Ask."""
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        self._started = time.perf_counter()
        self._transport.write(self._message)

    def data_received(self, data: bytes) -> None:
        """Take an answer, whole or in parts."""
        self._received += data
        if not self._received.endswith(b"]}]}"):
            return
        now = time.perf_counter()
        if not self._received.startswith(b"HTTP/1.1 200"):
            raise ValueError(self._received)
        self._received = b""
        self._latencies.append(now - self._started)
        if now < self._end:
            self._ask()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        if exc:
            self.finished.set_exception(exc)
        else:
            self.finished.set_result(None)


async def ask(port: int, connections: int) -> list[float]:
    """Return the latencies, seconds, of ``SECONDS`` of load over ``connections``."""
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    end = time.perf_counter() + SECONDS
    askers = [
        (await loop.create_connection(lambda: Asker(request(), end, latencies), "127.0.0.1", port))
        for _ in range(connections)
    ]
    await asyncio.gather(*(asker.finished for _, asker in askers))
    return latencies


def rate(action: Callable[[], object], seconds: float = SECONDS) -> float:
    """Return how often a second ``action`` can be done."""
    end, count = time.perf_counter() + seconds, 0
    while time.perf_counter() < end:
        action()
        count += 1
    return count / seconds


def handed_to_a_thread(action: Callable[[], object]) -> float:
    """Return how often a second an event loop can have ``action`` done by a thread."""

    async def run() -> float:
        loop = asyncio.get_running_loop()
        end, count = time.perf_counter() + SECONDS, 0
        with ThreadPoolExecutor(1) as thread:
            while time.perf_counter() < end:
                await loop.run_in_executor(thread, action)
                count += 1
        return count / SECONDS

    return uvloop.run(run())


def choices(bare: Callable[[], object]) -> None:
    """Print what the server's choices cost, microseconds."""
    inline, threaded = 1e6 / rate(bare), 1e6 / handed_to_a_thread(bare)
    ours = Histogram(REQUEST_SECONDS)
    registry = prometheus_client.CollectorRegistry()
    theirs = prometheus_client.Histogram(
        "h", "h", ["a", "b", "c"], buckets=REQUEST_SECONDS, registry=registry
    ).labels("a", "b", "c")
    print(f"one row in the loop {inline:.1f} us, handed to a thread and back {threaded:.1f} us")
    print(
        f"one observation: own histogram {1e6 / rate(lambda: ours.observe(0.001), 0.5):.2f} us, "
        f"prometheus_client {1e6 / rate(lambda: theirs.observe(0.001), 0.5):.2f} us"
    )


def main() -> None:
    """Measure and print."""
    model = forest()
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    feeds = {f"f{number}": np.zeros((1, 1), np.float32) for number in range(FEATURES)}

    def bare() -> object:
        return session.run(None, feeds)

    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})
    choices(bare)
    bares: list[float] = []
    rates: dict[int, list[float]] = {count: [] for count in CONNECTIONS}
    latencies: dict[int, list[float]] = {count: [] for count in CONNECTIONS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        started = time.perf_counter()
        with serving(written(artifact_files(model), folder / "artifact"), folder) as server:
            ready = time.perf_counter() - started
            os.sched_setaffinity(server.child.pid, {cores[0]})
            for _ in range(REPEATS):
                bares.append(rate(bare))
                for count in CONNECTIONS:
                    found = uvloop.run(ask(server.port, count))
                    rates[count].append(len(found) / SECONDS)
                    latencies[count] += found
            status = Path(f"/proc/{server.child.pid}/status").read_text()
    memory = int(status.partition("VmRSS:")[2].split()[0]) / 1024
    base = statistics.median(bares)
    print(f"ready after {ready:.2f} s, {memory:.0f} MB resident, model {len(model) / 1e6:.1f} MB")
    print(f"session.run in a loop: {base:,.0f}/s")
    print("connections  requests/s  of session.run    p50 ms    p99 ms")
    for count in CONNECTIONS:
        middle = statistics.median(rates[count])
        p50, p99 = np.percentile(latencies[count], [50, 99]) * 1e3
        print(f"{count:11d}  {middle:10,.0f}  {middle / base:13.2f}  {p50:8.2f}  {p99:8.2f}")


if __name__ == "__main__":
    main()
