"""The bytes of a segment of the spool: what the server writes and the writer reads.

    segment:  header frame, chunk frame, chunk frame, ...
    frame:    size of the content (4 bytes), its CRC-32 (4 bytes), content
    header:   JSON, see ``Header``
    chunk:    size of the JSON (4 bytes), JSON, time and latency (int64 a request), rows of each
              request and of each batch (int32), values

The values of a batch are those of its first column, then of its second, and so on, so that a server
only joins them; texts and columns of any width are told in the JSON. Little-endian. A process that
is killed leaves a frame that is cut: reading ends before it.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from checkrail_server.tensors import ANY, DTYPES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checkrail_server.tensors import Array, TensorSpec

FORMAT = 1
PREFIX = struct.Struct("<II")
SIZE = struct.Struct("<I")


class FrameError(Exception):
    """A segment is not one of this format."""


@dataclass(frozen=True)
class Column:
    """An input or an output that is recorded."""

    name: str
    datatype: str
    width: int
    """Values a row; ``ANY`` where each request decides."""
    is_list: bool
    """Whether a row has a list of values, not one."""

    @property
    def is_plain(self) -> bool:
        """Whether its values are in the chunk's bytes."""
        return self.datatype != "BYTES" and self.width != ANY


def column_of(spec: TensorSpec) -> Column:
    """Return the column that ``spec`` becomes."""
    sizes = spec.shape[1:]
    width = ANY if ANY in sizes else int(np.prod(sizes, dtype=np.int64))
    return Column(spec.name, spec.datatype, width, is_list=sizes not in ((), (1,)))


@dataclass(frozen=True)
class Header:
    """Whose answers a segment has: the same for all of them."""

    namespace: str
    model: str
    version: str
    """The digest's first 8 digits."""
    sha256: str
    revision: str
    pod: str
    inputs: tuple[Column, ...]
    outputs: tuple[Column, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """All of them, in the order of the values."""
        return (*self.inputs, *self.outputs)

    def frame(self) -> bytes:
        """Return the first frame of a segment."""
        return frame(orjson.dumps({"format": FORMAT, **self.__dict__}))


def frame(content: bytes) -> bytes:
    """Return ``content`` with its size and its checksum before it."""
    return b"".join((PREFIX.pack(len(content), zlib.crc32(content)), content))


@dataclass(frozen=True)
class Chunk:
    """Requests in the order of their answers, and the values of all their rows."""

    ids: list[str | None]
    """What the clients call their requests."""
    times: Array
    """Of the answers, microseconds since 1970."""
    latencies: Array
    """Microseconds."""
    rows: Array
    """Of each request."""
    batches: Array
    """Rows of each batch: requests that were answered together."""
    odd: list[tuple[list[Any], list[int]]]
    """Of each column that is not plain: all its values, and the values a row of each batch."""
    values: memoryview

    def plain(self, columns: tuple[Column, ...]) -> list[Array]:
        """Return the values of ``columns``, the plain ones of the header, each flat."""
        kept: list[list[Array]] = [[] for _ in columns]
        start = 0
        for rows, count in _runs(self.batches):
            layout = np.dtype(
                [
                    (str(place), DTYPES[column.datatype].newbyteorder("<"), (rows * column.width,))
                    for place, column in enumerate(columns)
                ]
            )
            table = np.frombuffer(self.values, layout, count, start)
            start += layout.itemsize * count
            for place, parts in enumerate(kept):
                parts.append(table[str(place)].ravel())
        return [np.concatenate(parts) for parts in kept]


def chunk(head: dict[str, Any], arrays: list[bytes], values: list[bytes]) -> bytes:
    """Return the frame of a chunk, see ``Chunk``.

    Args:
        head: ``ids`` and ``odd``.
        arrays: The bytes of ``times``, ``latencies``, ``rows`` and ``batches``.
        values: Of each batch.
    """
    text = orjson.dumps({**head, "batches": len(arrays[3]) // 4})
    return frame(b"".join((SIZE.pack(len(text)), text, *arrays, *values)))


def read_frames(content: bytes) -> Iterator[memoryview]:
    """Yield the contents of the whole frames at the start of ``content``."""
    rest = memoryview(content)
    while len(rest) >= PREFIX.size:
        size, checksum = PREFIX.unpack_from(rest)
        found = rest[PREFIX.size : PREFIX.size + size]
        if len(found) < size or not size or zlib.crc32(found) != checksum:
            return
        yield found
        rest = rest[PREFIX.size + size :]


def read_header(content: memoryview) -> Header:
    """Return the header.

    Raises:
        FrameError: It is none of this format.
    """
    try:
        told = orjson.loads(content)
        if told.pop("format") != FORMAT:
            raise FrameError(f"the format is not {FORMAT}")
        inputs, outputs = (
            tuple(Column(**column) for column in told.pop(side)) for side in ("inputs", "outputs")
        )
        return Header(**told, inputs=inputs, outputs=outputs)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FrameError(f"no header: {error}") from error


def read_chunk(content: memoryview) -> Chunk:
    """Return the chunk that ``chunk`` made."""
    (size,) = SIZE.unpack_from(content)
    head = orjson.loads(content[SIZE.size : SIZE.size + size])
    start = SIZE.size + size
    requests, batches = len(head["ids"]), head["batches"]

    def following(kind: str, count: int) -> Array:
        nonlocal start
        found = np.frombuffer(content, kind, count, start)
        start += found.nbytes
        return found

    return Chunk(
        ids=head["ids"],
        times=following("<i8", requests),
        latencies=following("<i8", requests),
        rows=following("<i4", requests),
        batches=following("<i4", batches),
        odd=head["odd"],
        values=content[start:],
    )


def _runs(batches: Array) -> Iterator[tuple[int, int]]:
    """Yield ``(rows, count)`` of batches of as many rows that follow each other.

    >>> list(_runs(np.array([1, 1, 5, 1])))
    [(1, 2), (5, 1), (1, 1)]
    """
    ends = [*(np.flatnonzero(np.diff(batches)) + 1).tolist(), len(batches)]
    start = 0
    for end in ends:
        yield int(batches[start]), end - start
        start = end
