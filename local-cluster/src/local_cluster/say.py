"""Telling the user what happens and how far it is: eight silent minutes look like a hang.

Everything goes to standard error, so that what a command answers (paths, `export` lines) can be
captured from standard output.
"""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HEARTBEAT_SECONDS = 20.0

_began = time.monotonic()
_lock = threading.Lock()


def say(message: str) -> None:
    """Print one line with the seconds since the program began."""
    with _lock:
        print(f"[{time.monotonic() - _began:6.1f}s] {message}", file=sys.stderr, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Announce a step and, unless it fails, say how long it took."""
    begin = time.monotonic()
    yield
    say(f"{title} ({time.monotonic() - begin:.1f}s)")


@contextmanager
def heartbeat(what: str, expected_seconds: float) -> Iterator[None]:
    """Say every 20 s that ``what`` still runs, for how long, and how long it is expected to."""
    done = threading.Event()
    begin = time.monotonic()

    def beat() -> None:
        while not done.wait(HEARTBEAT_SECONDS):
            passed = time.monotonic() - begin
            say(f"  still {what}: {passed:.0f} s of about {expected_seconds:.0f} s")

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
