"""The keys of stores, kept from processes that run a model of which nothing is proven."""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING

from checkrail_api.serving import ENV_DECISION_LOG

if TYPE_CHECKING:
    from collections.abc import Mapping

STORES = (ENV_DECISION_LOG, "AWS_")
"""How the variables of the decision log begin, its own keys included, and those of any store."""


def without_decision_log(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a process that reads artifacts and writes no decision log."""
    return {
        name: value for name, value in environment.items() if not name.startswith(ENV_DECISION_LOG)
    }


def forget() -> None:
    """Delete the variables of all stores from this process, which talks to none."""
    library = ctypes.CDLL(None)
    library.getenv.restype = ctypes.c_void_p
    for name in [name for name in os.environ if name.startswith(STORES)]:
        # deleted it would still be where the process began, and in /proc/self/environ
        if place := library.getenv(os.fsencode(name)):
            ctypes.memset(place, 0, len(os.fsencode(os.environ[name])))
        del os.environ[name]
