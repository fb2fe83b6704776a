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
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from checkrail_server.coercion import PACKED
from checkrail_server.tensors import ANY, DTYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence

    from checkrail_server.model import Feeds
    from checkrail_server.tensors import Array, TensorSpec

Packed = list[Any]
"""Of one row, by datatype: the numbers as bytes, the texts as a list."""
MATRIX = 2
"""Dimensions of an input with several values a row."""
MEMBERS = itemgetter("name", "shape", "datatype", "data")
"""Of an input."""
NO_OTHERS, LISTS, INTEGERS = {4}, {list}, {int}
IDS = {str, type(None)}


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
    """How a row of one model's inputs lies in memory: values of one datatype together.

    Its loops run in C, because a request of raw features has a tensor for each.
    """

    def __init__(self, inputs: Sequence[TensorSpec]) -> None:
        """Take inputs that are of one value a row, or of a fixed number."""
        self._names = tuple(spec.name for spec in inputs)
        self._datatypes = tuple(spec.datatype for spec in inputs)
        self._shapes = tuple([1, *spec.shape[1:]] for spec in inputs)
        self._widths = [_width(spec) for spec in inputs]
        self._groups = [
            _Group(datatype, [(n, spec) for n, spec in enumerate(inputs) if spec.dtype == dtype])
            for datatype, dtype in {spec.datatype: spec.dtype for spec in inputs}.items()
        ]

    def read(self, request: dict[str, Any]) -> OneRow | None:
        """Return the row that ``request``, a JSON object, is; None: it is not written this way."""
        told = request.get("id")
        if len(request) != (1 if told is None else 2) or type(told) not in IDS:
            return None
        try:
            inputs = request["inputs"]
            names, shapes, datatypes, data = zip(*map(MEMBERS, inputs), strict=True)
            if not (
                names == self._names
                and datatypes == self._datatypes
                and shapes == self._shapes
                and {*map(type, chain.from_iterable(shapes))} == INTEGERS
                and {*map(type, data)} == LISTS
                and [*map(len, data)] == self._widths
                and {*map(len, inputs)} == NO_OTHERS
            ):
                return None
            return OneRow(self, [group.pack(data) for group in self._groups], told)
        except (KeyError, TypeError, ValueError, struct.error, OverflowError):
            return None

    def feeds(self, rows: Sequence[Packed]) -> Feeds:
        """Return ``rows`` as inputs of one run."""
        feeds: Feeds = {}
        for place, group in enumerate(self._groups):
            group.fill(feeds, [row[place] for row in rows])
        return feeds


def layout_of(inputs: Sequence[TensorSpec]) -> RowLayout | None:
    """Return the layout of ``inputs``; None: a row of them has no fixed number of values."""
    flat = all(
        spec.shape[:1] == (ANY,) and len(spec.shape) <= MATRIX and ANY not in spec.shape[1:]
        for spec in inputs
    )
    return RowLayout(inputs) if flat and inputs else None


def _width(spec: TensorSpec) -> int:
    """Return how many values of an input a row has."""
    return spec.shape[1] if len(spec.shape) == MATRIX else 1


class _Group:
    """The inputs of one datatype."""

    def __init__(self, datatype: str, inputs: Sequence[tuple[int, TensorSpec]]) -> None:
        """Take inputs with their places among all."""
        self._dtype = DTYPES[datatype]
        self._places = [place for place, _ in inputs]
        self._inputs: list[tuple[str, int, int, int]] = []
        self._width = 0
        for _, spec in inputs:
            self._inputs.append((spec.name, len(spec.shape), self._width, _width(spec)))
            self._width += _width(spec)
        self._convert: Callable[..., Any] = {"BYTES": _texts, "BOOL": _booleans}.get(
            datatype
        ) or struct.Struct(PACKED[datatype] % self._width).pack

    def pack(self, data: Sequence[list[Any]]) -> Any:
        """Return this group's part of a row, of which ``data`` has the values of all inputs.

        Raises:
            TypeError, struct.error, OverflowError: A value is not of the datatype.
        """
        if len(self._places) == 1:
            return self._convert(*data[self._places[0]])
        if len(self._places) < len(data):
            data = [data[place] for place in self._places]
        return self._convert(*chain.from_iterable(data))

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
