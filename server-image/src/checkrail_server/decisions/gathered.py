"""Requests that were answered, until there are enough of them for a chunk of the spool."""

from __future__ import annotations

import time
from itertools import compress
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from checkrail_server.decisions.frames import chunk

if TYPE_CHECKING:
    from collections.abc import Sequence

TEXT_BYTES = 3
"""What JSON adds to a text: two quotes and a comma."""


class Requests(NamedTuple):
    """Requests that were inferred together, in the order of their rows: a value each in every list.

    Lists and no object for each: this is part of what every request costs.
    """

    ids: list[str | None]
    """What the clients call them."""
    rows: list[int]
    seconds: list[float]
    """From the first byte of each to its answer."""
    recorded: list[bool]
    """False: it was not answered 2xx, and only has rows among those of others."""

    def only(self, kept: Sequence[bool]) -> Requests:
        """Return those that are ``kept``."""
        return Requests(
            list(compress(self.ids, kept)),
            list(compress(self.rows, kept)),
            list(compress(self.seconds, kept)),
            list(compress(self.recorded, kept)),
        )


class Gathered:
    """What the next chunk is made of, see ``frames.Chunk``."""

    def __init__(self, odd: int) -> None:
        """Begin with nothing; ``odd`` columns are not plain."""
        self._ids: list[str | None] = []
        self._seconds: list[float] = []
        self._rows: list[int] = []
        # a value for each batch
        self._times: list[int] = []
        self._requests: list[int] = []
        self._batches: list[int] = []
        self._values: list[bytes] = []
        self._odd: list[tuple[list[Any], list[int]]] = [([], []) for _ in range(odd)]
        self.size = 0
        """Bytes, about."""

    @property
    def requests(self) -> int:
        """How many there are."""
        return len(self._ids)

    def add(self, batch: Requests, values: bytes, odd: Sequence[list[Any]], size: int) -> None:
        """Add a batch that is answered now.

        Args:
            batch: Its requests.
            values: Of its plain columns, one column after the other.
            odd: The values of each other column.
            size: See ``size_of``.
        """
        rows = sum(batch.rows)
        per_row = [len(found) // rows for found in odd]  # whatever fails, fails before a change
        self._ids += batch.ids
        self._seconds += batch.seconds
        self._rows += batch.rows
        self._times.append(time.time_ns() // 1_000)
        self._requests.append(len(batch.ids))
        self._batches.append(rows)
        self._values.append(values)
        for (kept, widths), found, width in zip(self._odd, odd, per_row, strict=True):
            kept.extend(found)
            widths.append(width)
        self.size += size

    def frame(self) -> bytes:
        """Return the chunk's frame."""
        arrays = (
            np.repeat(np.array(self._times, "<i8"), self._requests),
            (np.array(self._seconds) * 1e6).astype("<i8"),
            np.array(self._rows, "<i4"),
            np.array(self._batches, "<i4"),
        )
        head = {"ids": self._ids, "odd": self._odd}
        return chunk(head, [each.tobytes() for each in arrays], self._values)


def size_of(batch: Requests, values: bytes, odd: Sequence[list[Any]]) -> int:
    """Return the bytes that a batch adds to a chunk, about."""
    return len(values) + _bytes_of_texts(batch.ids) + sum(map(_bytes_of, odd))


def _bytes_of(values: list[Any]) -> int:
    return _bytes_of_texts(values) if values and isinstance(values[0], str) else 8 * len(values)


def _bytes_of_texts(texts: Sequence[str | None]) -> int:
    return sum(map(len, filter(None, texts))) + TEXT_BYTES * len(texts)
