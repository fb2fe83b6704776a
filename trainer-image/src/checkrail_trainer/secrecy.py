"""Keys of this process stay in it, although it starts others of the same user."""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_DUMPABLE = 4
"""Of linux/prctl.h."""


def close_to_other_processes() -> None:
    """Keep processes of the same user from reading this one's memory and environment.

    A baseline's process opens a model that others may have written; /proc would give it the
    environment of its parent, with the keys of every store.

    Raises:
        OSError: The kernel refuses.
    """
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
