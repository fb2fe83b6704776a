"""One row in JSON, the request that most clients send, in as few steps as possible.

    {"inputs": [...]} --> bytes of each datatype --.
    {"inputs": [...]} --> bytes of each datatype ---+--> one matrix of each datatype --> feeds
    {"inputs": [...]} --> bytes of each datatype --'

What is written in any other way is left to ``open_inference``, which reads all of the protocol and
says what is wrong. Both take the same values: ``struct`` converts and checks them here as in
``coercion``.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from checkrail_server.coercion import PACKED
from checkrail_server.tensors import ANY, DTYPES

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from checkrail_server.model import Feeds
    from checkrail_server.tensors import Array, TensorSpec

Packed = list[Any]
"""Of one row, by datatype: the numbers as bytes, the texts as a list."""
MATRIX = 2
"""Dimensions of an input with several values a row."""
MEMBERS = 4
"""Of an input: name, datatype, shape, data."""


class OneRow:
    """A request of one row that fits the model and asks for nothing beside its answer."""

    __slots__ = ("_layout", "id", "packed")

    rows = 1
    outputs: Container[str] | None = None
    binary: Container[str] = ()
    parameters: dict[str, Any] | None = None

    def __init__(self, layout: RowLayout, packed: Packed, request: str | None) -> None:
        """Keep the row, and the id that the ``request`` has."""
        self._layout = layout
        self.packed = packed
        self.id = request

    @property
    def feeds(self) -> Feeds:
        """The inputs."""
        return self._layout.feeds((self.packed,))


class RowLayout:
    """How a row of one model's inputs lies in memory: values of one datatype together."""

    def __init__(self, inputs: Iterable[TensorSpec]) -> None:
        """Take inputs that are of one value a row, or of a fixed number."""
        self._groups: dict[str, _Group] = {}
        self._expected = []
        for number, spec in enumerate(inputs):
            width = spec.shape[1] if len(spec.shape) == MATRIX else 1
            group = self._groups.setdefault(spec.datatype, _Group(spec.datatype))
            group.add(spec, width)
            place = [*self._groups].index(spec.datatype)
            self._expected.append(
                (number, spec.name, spec.datatype, [1, *spec.shape[1:]], width, place)
            )
        for group in self._groups.values():
            group.end()
        self._packers = [group.packed for group in self._groups.values()]

    def read(self, request: dict[str, Any]) -> OneRow | None:
        """Return the row that ``request``, a JSON object, is; None: it is not written this way."""
        try:
            inputs, told = request["inputs"], request.get("id")
            if len(request) != (1 if told is None else 2) or len(inputs) != len(self._expected):
                return None
            columns: list[list[Any]] = [[] for _ in self._packers]
            for number, name, datatype, shape, width, place in self._expected:
                item = inputs[number]
                data, stated = item["data"], item["shape"]
                if not (
                    item["name"] == name
                    and item["datatype"] == datatype
                    and stated == shape
                    and type(stated[0]) is type(stated[-1]) is int
                    and type(data) is list
                    and len(data) == width
                    and len(item) == MEMBERS
                ):
                    return None
                columns[place] += data
            packed = [pack(*values) for pack, values in zip(self._packers, columns, strict=True)]
        except (KeyError, TypeError, AttributeError, struct.error, OverflowError):
            return None
        return OneRow(self, packed, told) if told is None or type(told) is str else None

    def feeds(self, rows: Sequence[Packed]) -> Feeds:
        """Return ``rows`` as inputs of one run."""
        feeds: Feeds = {}
        for place, group in enumerate(self._groups.values()):
            group.fill(feeds, [row[place] for row in rows])
        return feeds


def layout_of(inputs: Sequence[TensorSpec]) -> RowLayout | None:
    """Return the layout of ``inputs``; None: a row of them has no fixed number of values."""
    flat = all(
        spec.shape[:1] == (ANY,) and len(spec.shape) <= MATRIX and ANY not in spec.shape[1:]
        for spec in inputs
    )
    return RowLayout(inputs) if flat and inputs else None


class _Group:
    """The inputs of one datatype."""

    def __init__(self, datatype: str) -> None:
        self._dtype = DTYPES[datatype]
        self._format = PACKED.get(datatype)
        self._inputs: list[tuple[str, int, int, int]] = []
        self._width = 0
        self.packed: Any = _texts if datatype == "BYTES" else _booleans

    def add(self, spec: TensorSpec, width: int) -> None:
        """Put an input with so many values a row behind the others."""
        self._inputs.append((spec.name, len(spec.shape), self._width, width))
        self._width += width

    def end(self) -> None:
        """Know all inputs."""
        if self._format:
            self.packed = struct.Struct(self._format % self._width).pack

    def fill(self, feeds: Feeds, rows: Sequence[Any]) -> None:
        """Put the inputs of ``rows`` into ``feeds``."""
        count = len(rows)
        matrix = self._matrix(rows).reshape(count, self._width)
        if len(self._inputs) == 1:
            name, dimensions, _, _ = self._inputs[0]
            feeds[name] = matrix if dimensions == MATRIX else matrix.reshape(count)
            return
        columns = np.ascontiguousarray(matrix.T)
        for name, dimensions, start, width in self._inputs:
            if width == 1:
                column = columns[start]
                feeds[name] = column.reshape(count, 1) if dimensions == MATRIX else column
            else:
                feeds[name] = np.ascontiguousarray(matrix[:, start : start + width])

    def _matrix(self, rows: Sequence[Any]) -> Array:
        if self._dtype == np.object_:
            return np.array([text for row in rows for text in row], dtype=np.object_)
        return np.frombuffer(rows[0] if len(rows) == 1 else b"".join(rows), dtype=self._dtype)


def _texts(*values: Any) -> list[str]:
    if {*map(type, values)} != {str}:
        raise TypeError("a value is no text")
    return list(values)


def _booleans(*values: Any) -> bytes:
    if {*map(type, values)} != {bool}:
        raise TypeError("a value is neither true nor false")
    return bytes(values)
