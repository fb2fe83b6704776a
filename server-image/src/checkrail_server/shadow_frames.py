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
    from checkrail_server.tensors import Array

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


def packed(rows: Sequence[Feeds]) -> tuple[list[dict[str, Any]], bytes]:
    """Return tensors of one row each as a description and their bytes; all have the same names."""
    described: list[dict[str, Any]] = []
    parts: list[bytes] = []
    for feeds in rows:
        tensors = []
        for name, values in feeds.items():
            text = values.dtype == np.object_
            part = orjson.dumps(values.ravel().tolist()) if text else values.tobytes()
            kind = "BYTES" if text else values.dtype.str
            tensors.append([name, kind, values.shape, len(part)])
            parts.append(part)
        described.append({"tensors": tensors})
    return described, b"".join(parts)


def unpacked(described: Sequence[dict[str, Any]], content: bytes) -> list[dict[str, Array]]:
    """Return what ``packed`` took."""
    rows, start = [], 0
    for each in described:
        feeds = {}
        for name, kind, shape, size in each["tensors"]:
            part, start = content[start : start + size], start + size
            if kind == "BYTES":
                values = np.array(orjson.loads(part), dtype=DTYPES["BYTES"])
            else:
                values = np.frombuffer(part, dtype=kind)
            feeds[name] = values.reshape(shape)
        rows.append(feeds)
    return rows
