"""What the server and the process of its candidate say to each other: JSON, and bytes after it.

::

    4 bytes: size of the JSON | 4 bytes: size of the rest | JSON | rest

No pickle: the process that runs an unproven model is not believed more than a client is.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from checkrail_server.tensors import DTYPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkrail_server.model import Feeds

SIZES = struct.Struct(">II")
MOST_BYTES = 64 << 20
"""Of one frame."""


class FrameError(Exception):
    """The other side does not keep to the form."""


def frame(head: dict[str, Any], rest: bytes = b"") -> bytes:
    """Return ``head`` and ``rest`` as they are sent."""
    text = orjson.dumps(head)
    return SIZES.pack(len(text), len(rest)) + text + rest


class FrameReader:
    """Takes bytes as they come, gives whole frames."""

    def __init__(self) -> None:
        """Begin at the start of a frame."""
        self._bytes = bytearray()

    def feed(self, data: bytes) -> list[tuple[dict[str, Any], bytes]]:
        """Return the frames that ``data`` completes.

        Raises:
            FrameError: It is no frame.
        """
        self._bytes += data
        found = []
        while len(self._bytes) >= SIZES.size:
            text, rest = SIZES.unpack_from(self._bytes)
            if text + rest > MOST_BYTES:
                raise FrameError(f"a frame of {text + rest} bytes; expected at most {MOST_BYTES}")
            end = SIZES.size + text + rest
            if len(self._bytes) < end:
                break
            head = orjson.loads(self._bytes[SIZES.size : SIZES.size + text])
            found.append((head, bytes(self._bytes[SIZES.size + text : end])))
            del self._bytes[:end]
        return found


def packed(rows: Sequence[Feeds]) -> tuple[list[list[Any]], bytes]:
    """Return tensors as a description and their bytes.

    All of ``rows`` have the same names, and the same shapes but for the first dimension, along
    which they are joined.
    """
    described: list[list[Any]] = []
    parts: list[bytes] = []
    for name in rows[0]:
        first = rows[0][name]
        if first.dtype == np.object_:
            kind = "BYTES"
            part = orjson.dumps([text for feeds in rows for text in feeds[name].ravel().tolist()])
        else:
            kind = first.dtype.str
            part = b"".join([feeds[name].tobytes() for feeds in rows])  # quicker than NumPy's
        count = sum(len(feeds[name]) for feeds in rows)
        shape = (count, *first.shape[1:]) if len(rows) > 1 else first.shape
        described.append([name, kind, shape, len(part)])
        parts.append(part)
    return described, b"".join(parts)


def unpacked(described: Sequence[Sequence[Any]], content: bytes) -> Feeds:
    """Return the tensors that ``packed`` made."""
    feeds: Feeds = {}
    start = 0
    for name, kind, shape, size in described:
        part, start = content[start : start + size], start + size
        if kind == "BYTES":
            values = np.array(orjson.loads(part), dtype=DTYPES["BYTES"])
        else:
            values = np.frombuffer(part, dtype=kind)
        feeds[name] = values.reshape(shape)
    return feeds
