"""``python -m checkrail_server``: serve the model that the environment names."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from checkrail_server import logs, settings, termination
from checkrail_server.store import open_store
from checkrail_server.store_process import StoreProcess

if TYPE_CHECKING:
    from checkrail_server.settings import Settings
    from checkrail_server.store import Store


def main() -> int:
    """Return the exit code: 0 after a signal, 1 when the model cannot be served."""
    logs.configure()
    try:
        wanted = settings.from_environment(os.environ)
    except settings.SettingsError as error:
        logs.error("environment refused", reason=str(error))
        termination.write_message(str(error))
        return 1
    with closing(open_store(wanted, StoreProcess.fork)) as store:
        return _serve(wanted, store)


def _serve(wanted: Settings, store: Store) -> int:
    """Import what serves, while the process of the store makes its client, and serve."""
    # before NumPy is imported: its BLAS would start a thread per core that nothing here uses
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

    import uvloop  # noqa: PLC0415 - after the fork

    from checkrail_server import heap  # noqa: PLC0415 - after the fork
    from checkrail_server.limits import Limits  # noqa: PLC0415 - after the fork
    from checkrail_server.server import serve  # noqa: PLC0415 - after the fork
    from checkrail_server.trial import Trial  # noqa: PLC0415 - after the fork

    heap.give_large_blocks_back()
    heap.keep_room()
    with Trial.fork() as trial:
        return uvloop.run(serve(wanted, Limits.for_bodies(wanted.body_bytes), store, trial))


if __name__ == "__main__":
    sys.exit(main())
