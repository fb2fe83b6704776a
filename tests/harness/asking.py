"""A client that asks a server whose score is its input, all the while that a test does more."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.shadowed_server import ShadowedServer

EIGHTHS = 8
"""Inputs are eighths, which FP32 holds exactly."""
PAUSE_SECONDS = 0.002
"""Between two requests: the candidate is to have some of the machine, too."""
SECONDS = 30.0


class Asking:
    """What has been answered so far."""

    def __init__(self, server: ShadowedServer) -> None:
        """Ask nothing yet."""
        self._server = server
        self._left = threading.Event()
        self._news = threading.Condition()
        self.right = 0
        self.wrong: list[str] = []
        """Answers that were not the input, and requests without an answer."""

    def ask(self) -> None:
        """Ask until the test leaves; a request that fails is noted, and the next one asked."""
        for number in itertools.count():
            value = number % EIGHTHS / EIGHTHS
            try:
                score = self._server.infer(value, f"asked-{number}")
                failure = "" if score == value else f"{value}: {score}"
            except (AssertionError, httpx.HTTPError, ValueError, LookupError) as error:
                failure = f"{value}: {error!r}"
            with self._news:
                if failure:
                    self.wrong.append(failure)
                else:
                    self.right += 1
                self._news.notify_all()
            if self._left.wait(PAUSE_SECONDS):
                return

    def wait_for_more(self) -> None:
        """Return when another two requests are done: the second began after the call."""
        deadline = time.monotonic() + SECONDS
        with self._news:
            wanted = self._done + 2
            while self._done < wanted:
                assert self._news.wait(deadline - time.monotonic()), "no answer"

    def leave(self) -> None:
        """Ask no more."""
        self._left.set()

    @property
    def _done(self) -> int:
        return self.right + len(self.wrong)


@contextlib.contextmanager
def asking(server: ShadowedServer) -> Iterator[Asking]:
    """Have a client ask ``server`` from before the block until after it.

    Raises:
        AssertionError: A request had no answer, or a wrong one.
    """
    client = Asking(server)
    thread = threading.Thread(target=client.ask)
    thread.start()
    try:
        client.wait_for_more()
        yield client
        client.wait_for_more()
    finally:
        client.leave()
        thread.join()
    assert not client.wrong, client.wrong[:3]
