"""What a candidate in shadow costs the answers of the served model: ``make bench-shadow``.

An open loop of half the server's own peak, latency counted from the moment at which a request was
due; with and without a candidate, alternating, in one run. Server and candidate share one core, the
load has the other. Goal: the 99th percentile with a candidate is at most 1.10 times the one
without.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "local-cluster" / "src")]

from speed_load import open_loop, wrk  # noqa: E402
from speed_model import INFER_PATH, json_body, trained  # noqa: E402
from speed_servers import CACHE  # noqa: E402

from harness.shadowed_server import shadowed  # noqa: E402

CONNECTIONS = 64
SECONDS = 8.0
PAIRS = 5
HALF = 0.5
GOAL = 1.10


def main() -> int:
    """Measure, print, and return 1 where the goal is missed."""
    CACHE.mkdir(parents=True, exist_ok=True)
    model = trained()
    served = model.SerializeToString()
    model.doc_string = "the same trees under another digest"
    candidate = model.SerializeToString()
    first, *_, last = sorted(os.sched_getaffinity(0))
    ratios = []
    with tempfile.TemporaryDirectory() as name, shadowed(served, Path(name) / "bench") as server:
        body = json_body(Path(name), 1)
        port = server.server.port
        os.sched_setaffinity(server.server.child.pid, {first})
        peak = wrk(port, INFER_PATH, body, connections=CONNECTIONS, seconds=SECONDS, core=last).rate

        def p99() -> float:
            rate = HALF * peak
            return open_loop(
                *(port, INFER_PATH, body),
                rate=rate,
                connections=CONNECTIONS,
                seconds=SECONDS,
                core=last,
            ).p99

        print(f"peak {peak:,.0f} requests/s; asked for half of it, {SECONDS:g} s each time")
        print("p99 without, ms  with a candidate, ms  ratio  compared  dropped")
        for number in range(PAIRS):
            figures: dict[bool, float] = {}
            compared = dropped = 0
            for shadow in ((False, True), (True, False))[number % 2]:
                if shadow:
                    server.ask_for(candidate, attempt=str(number))
                    server.once(lambda found: found.state == "Comparing")
                figures[shadow] = p99()
                if shadow:
                    report = server.report()
                    compared, dropped = report.compared, report.dropped
                    server.remove()
                    server.once(lambda found: found.state == "Off")
            ratios.append(figures[True] / figures[False])
            print(
                f"{figures[False]:15.2f}  {figures[True]:20.2f}  {ratios[-1]:5.2f}"
                f"  {compared:8,d}  {dropped:7,d}"
            )
    median = statistics.median(ratios)
    print(f"median ratio {median:.2f}; goal: at most {GOAL:.2f}")
    return int(median > GOAL)


if __name__ == "__main__":
    sys.exit(main())
