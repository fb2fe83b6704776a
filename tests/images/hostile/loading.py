"""Load artifacts one after the other, as the server does, and tell how each ended.

    python -m images.hostile.loading FOLDER MEMORY_BYTES SECONDS

FOLDER has a folder for each artifact, with the digest that the operator asks for in `expected`.
This process forks a child for each of them, as the server does for its one.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from checkrail_server import artifact, graph, logs, model
from checkrail_server.errors import LoadError
from checkrail_server.store import DirectoryStore
from checkrail_server.trial import Trial
from checkrail_server.trial_ending import TrialLimits

if TYPE_CHECKING:
    from checkrail_server.model import Findings

KIB = 1 << 10


def peak_bytes() -> int:
    """Return the peak of this program's memory; rusage counts what was before it was executed."""
    status = Path("/proc/self/status").read_text()
    (peak,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(peak) * KIB


def main() -> None:
    """Write a line of JSON for each artifact: its name, why it was refused, seconds, memory."""
    folder, limits = Path(sys.argv[1]), TrialLimits(int(sys.argv[2]), int(sys.argv[3]))
    logs.configure()
    logs.LOGGER.disabled = True
    graph.prepare()  # once for all children
    for case in sorted(folder.iterdir()):
        started = time.monotonic()
        with Trial.fork() as trial:

            def tried(content: bytes, threads: int, trial: Trial = trial) -> Findings:
                return trial.run(content, threads, limits)

            refused = None
            try:
                digest = (case / "expected").read_text()
                model.load("m", artifact.fetch(DirectoryStore(case), digest), 1, None, tried)
            except LoadError as error:
                refused = str(error)
        told = {
            "name": case.name,
            "refused": refused,
            "seconds": time.monotonic() - started,
            "own_bytes": peak_bytes(),
            "children_bytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * KIB,
        }
        sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()
