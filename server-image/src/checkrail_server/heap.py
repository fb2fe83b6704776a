"""The heap of C, in which bodies, tensors and answers lie."""

from __future__ import annotations

import contextlib
import ctypes

MMAP_THRESHOLD = -3
"""``M_MMAP_THRESHOLD`` of ``mallopt(3)``."""
LARGE_BYTES = 128 << 10
TOP_PAD = -2
"""``M_TOP_PAD``."""
ROOM_BYTES = 1 << 20
ARENA_MAX = -8
"""``M_ARENA_MAX``."""


def give_large_blocks_back() -> None:
    """Have every block of ``LARGE_BYTES`` or more returned to the system when it is freed.

    glibc begins so, but keeps blocks of any size that was freed once, up to 32 MiB: a few large
    bodies would leave holes in the heap for as long as the process lives.
    """
    with contextlib.suppress(AttributeError):  # musl has no such choice, and needs none
        ctypes.CDLL(None).mallopt(MMAP_THRESHOLD, LARGE_BYTES)


def keep_room() -> None:
    """Have ``ROOM_BYTES`` at the heap's end stay when all else there is returned to the system.

    Without it every request of some hundred rows has the end of the heap returned, and the next
    one takes it again, page by page.
    """
    with contextlib.suppress(AttributeError):  # as above
        ctypes.CDLL(None).mallopt(TOP_PAD, ROOM_BYTES)


def give_rest_back() -> None:
    """Return to the system what is free now, as after the loading of a model."""
    with contextlib.suppress(AttributeError):  # as above
        ctypes.CDLL(None).malloc_trim(0)


def share_one_arena() -> None:
    """Have all threads share the heap, where each would reserve 64 MiB of addresses for its own."""
    with contextlib.suppress(AttributeError):  # as above
        ctypes.CDLL(None).mallopt(ARENA_MAX, 1)
