"""``python -m checkrail_server``: serve the model that the environment names."""

import os
import sys
from contextlib import closing

# before NumPy is imported: its BLAS would start a thread per core that nothing here uses
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import uvloop

from checkrail_server import heap, logs, settings
from checkrail_server.limits import Limits
from checkrail_server.server import TERMINATION_LOG, serve, write_termination_message
from checkrail_server.store import open_store
from checkrail_server.store_process import StoreProcess
from checkrail_server.trial import Trial


def main() -> int:
    """Return the exit code: 0 after a signal, 1 when the model cannot be served."""
    logs.configure()
    try:
        wanted = settings.from_environment(os.environ)
    except settings.SettingsError as error:
        logs.error("environment refused", reason=str(error))
        write_termination_message(str(error), TERMINATION_LOG)
        return 1
    heap.give_large_blocks_back()
    # before the trial, which imports ONNX Runtime meanwhile
    with closing(open_store(wanted, StoreProcess.fork)) as store, Trial.fork() as trial:
        return uvloop.run(serve(wanted, Limits.for_bodies(wanted.body_bytes), store, trial))


if __name__ == "__main__":
    sys.exit(main())
