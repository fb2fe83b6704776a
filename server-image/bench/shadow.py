"""What a candidate in shadow costs the answers of the served model: ``make bench-shadow``.

An open loop of half the server's own peak, latency counted from the moment at which a request was
due; with and without a candidate, alternating, in one run. Server and candidate share one core, the
load has the other. Goal: the 99th percentile with a candidate is at most 1.10 times the one
without, by the median of all pairs. Whatever else runs on the machine for some milliseconds is most
of the 99th percentile of some seconds, so a load's is the median of those of its quarter seconds;
the one of all its requests stands beside it.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "local-cluster" / "src")]

from speed_load import open_loop, wrk  # noqa: E402
from speed_model import INFER_PATH, json_body, trained  # noqa: E402
from speed_servers import CACHE  # noqa: E402

from harness.shadowed_server import shadowed  # noqa: E402

CONNECTIONS = 64
SECONDS = 2.0
PAIRS = 40
LOWEST = 14
"""The median lies between the ratio of this rank from below and the one from above, of 40, with a
probability of 96 % (order statistics; the signs of the differences are binomial)."""
HALF = 0.5
GOAL = 1.10


@dataclass(frozen=True)
class Measured:
    """One load."""

    p99: float
    """Milliseconds, the median of those of each quarter of a second."""
    whole_p99: float
    """Of all requests."""
    cpu: float
    """Of the server, microseconds a request."""


def main() -> int:
    """Measure, print, and return 1 where the goal is missed."""
    CACHE.mkdir(parents=True, exist_ok=True)
    model = trained()
    served = model.SerializeToString()
    model.doc_string = "the same trees under another digest"
    candidate = model.SerializeToString()
    first, *_, last = sorted(os.sched_getaffinity(0))
    pairs: list[dict[bool, Measured]] = []
    with tempfile.TemporaryDirectory() as name, shadowed(served, Path(name) / "bench") as server:
        body = json_body(Path(name), 1)
        port, pid = server.server.port, server.server.child.pid
        os.sched_setaffinity(pid, {first})
        peak = wrk(port, INFER_PATH, body, connections=CONNECTIONS, seconds=SECONDS, core=last).rate

        def measure() -> Measured:
            before = _nanoseconds(pid)
            load = open_loop(
                *(port, INFER_PATH, body),
                rate=HALF * peak,
                connections=CONNECTIONS,
                seconds=SECONDS,
                core=last,
            )
            cpu = (_nanoseconds(pid) - before) / load.rate / SECONDS / 1e3
            return Measured(statistics.median(load.p99s), load.p99, cpu)

        print(f"peak {peak:,.0f} requests/s; asked for half of it, {SECONDS:g} s each time")
        print("p99 without, ms  with a candidate, ms  ratio  of all, ms    compared  dropped")
        for number in range(PAIRS):
            pair: dict[bool, Measured] = {}
            compared = dropped = 0
            for shadow in ((False, True), (True, False))[number % 2]:
                if shadow:
                    server.ask_for(candidate, attempt=str(number))
                    server.once(lambda found: found.state == "Comparing")
                pair[shadow] = measure()
                if shadow:
                    report = server.report()
                    compared, dropped = report.compared, report.dropped
                    server.remove()
                    server.once(lambda found: found.state == "Off")
            pairs.append(pair)
            print(
                f"{pair[False].p99:15.2f}  {pair[True].p99:20.2f}"
                f"  {pair[True].p99 / pair[False].p99:5.2f}"
                f"  {pair[False].whole_p99:5.2f} {pair[True].whole_p99:5.2f}"
                f"  {compared:8,d}  {dropped:7,d}",
                flush=True,
            )
    return _judged(pairs)


def _judged(pairs: list[dict[bool, Measured]]) -> int:
    ratios = sorted(pair[True].p99 / pair[False].p99 for pair in pairs)
    median = statistics.median(ratios)
    low, high = ratios[LOWEST - 1], ratios[-LOWEST]
    off, on = (statistics.median(pair[side].cpu for pair in pairs) for side in (False, True))
    print(f"CPU of the server, us a request: {off:.1f} without, {on:.1f} with a candidate")
    print(f"median ratio {median:.2f} ({low:.2f} to {high:.2f}); goal: at most {GOAL:.2f}")
    return int(median > GOAL)


def _nanoseconds(pid: int) -> int:
    """Return the CPU time of a process's main thread, where the event loop is."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])


if __name__ == "__main__":
    sys.exit(main())
