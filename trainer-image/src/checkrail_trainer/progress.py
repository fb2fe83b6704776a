"""How far the run is: one JSON line on standard output at every step and at least each 5 s.

Everything that the operator reads from standard output goes through here.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Self, TextIO

from checkrail_api.reports import Phase, ProgressEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

HEARTBEAT_SECONDS = 5.0
SPANS = {
    Phase.FETCHING: (0, 20),
    Phase.TRAINING: (20, 75),
    Phase.EVALUATING: (75, 80),
    Phase.EXPORTING: (80, 90),
    Phase.CHECKING_PARITY: (90, 95),
    Phase.PUBLISHING: (95, 100),
}
"""Where each phase begins and ends, percent of the whole run."""
FIRST_GUESS_PERCENT = 10
"""Below it, no time to the end is guessed."""


def own_stdout() -> TextIO:
    """Return standard output for the operator's lines alone.

    Whatever else the process prints from now on, the C and C++ of libraries and the workflows of
    users included, goes to standard error, which is the log.
    """
    sys.stdout.flush()
    own = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return own


class Progress:
    """Tells the operator how far the run is; a thread repeats it while a phase says nothing."""

    def __init__(
        self, out: TextIO = sys.stdout, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Write to ``out``; ``clock`` counts seconds and starts the run now."""
        self._out = out
        self._clock = clock
        self._started = clock()
        self._said = float("-inf")
        self._phase = Phase.FETCHING
        self._share = 0.0
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._heart = threading.Thread(target=self._beat, daemon=True)

    def begin(self, phase: Phase) -> None:
        """Say that ``phase`` is under way."""
        with self._lock:
            self._phase, self._share = phase, 0.0
            self._say()

    def advance(self, share: float) -> None:
        """Note that this share of the phase is done, 0 to 1; said at most once a second."""
        with self._lock:
            self._share = min(max(share, 0.0), 1.0)
            if self._clock() - self._said >= 1.0:
                self._say()

    def tell(self, lines: Iterable[str]) -> None:
        """Write other lines for the operator; no event comes between them."""
        with self._lock:
            self._out.write("".join(f"{line}\n" for line in lines))
            self._out.flush()

    def event(self) -> ProgressEvent:
        """Answer how far the run is now."""
        begin, end = SPANS[self._phase]
        done = begin + (end - begin) * self._share
        left = None
        if done >= FIRST_GUESS_PERCENT:
            left = round((self._clock() - self._started) * (100 - done) / done)
        return ProgressEvent(phase=self._phase, percent=int(done), eta_seconds=left)

    def _say(self) -> None:
        self._said = self._clock()
        print(
            self.event().model_dump_json(by_alias=True, exclude_none=True),
            file=self._out,
            flush=True,
        )

    def _beat(self) -> None:
        while not self._over.wait(1.0):
            with self._lock:
                if self._clock() - self._said >= HEARTBEAT_SECONDS - 1.0:
                    self._say()

    def __enter__(self) -> Self:
        self._heart.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._heart.join()
