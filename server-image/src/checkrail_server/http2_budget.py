"""How many frames of HTTP/2 a client may send that bring nothing.

Every frame costs the server about as much, whether it carries a message or is one of a flood:
PING, SETTINGS, WINDOW_UPDATE, empty DATA, CONTINUATION, or a call that is begun and reset at once
("rapid reset", CVE-2023-44487). So a connection has a budget: each frame takes 1 of it, and it
grows with what is worth something: calls that are answered, bytes that are carried, and time.
"""

from __future__ import annotations

import math

FRAMES = 1_000.0
"""Frames that may come at once beyond those that are paid for."""
FRAMES_A_SECOND = 100.0
"""By which the budget grows again."""
FRAMES_A_CALL = 8.0
"""That an answered call pays for: its header, message, window updates and a ping."""
BYTES_A_FRAME = 1_024
"""Bytes of messages, either way, that pay for one frame more."""


class FrameBudget:
    """What one connection may still send. ``now`` is a time of ``time.perf_counter``."""

    __slots__ = ("_left", "_since")

    def __init__(self, now: float) -> None:
        """Begin with all of it."""
        self._left = FRAMES
        self._since = now

    def take(self, size: int, now: float) -> bool:
        """Take a frame that carries ``size`` bytes of a message; False if none was left."""
        cost = 1.0 - min(size / BYTES_A_FRAME, 1.0)
        if self._left < cost:
            self._earn((now - self._since) * FRAMES_A_SECOND)
            self._since = now
        if self._left < cost:
            return False
        self._left -= cost
        return True

    def answered(self, size: int) -> None:
        """Pay for what a call needs whose answer has ``size`` bytes."""
        self._earn(FRAMES_A_CALL + math.ceil(size / BYTES_A_FRAME))

    def _earn(self, frames: float) -> None:
        self._left = min(self._left + frames, FRAMES)
