"""Tensors as bytes: the binary tensor extension, and the raw contents of gRPC.

Elements follow each other in row-major order and little-endian; BOOL is one byte, 0 or 1; an
element of BYTES is its size in 4 bytes and then its UTF-8 text.

Source: Triton's "Binary Tensor Data Extension", which KServe's and Triton's clients use by default.
"""

from __future__ import annotations

import struct
from math import isinf
from typing import TYPE_CHECKING, Any

import numpy as np

from checkrail_server.coercion import check_datatype, converted
from checkrail_server.errors import malformed, unprocessable
from checkrail_server.names import SHOWN
from checkrail_server.tensors import DTYPES, FEW, FLOATS

if TYPE_CHECKING:
    from checkrail_server.tensors import Array, Shape, TensorSpec

DIGITS = 20
"""Of a size at most: longer numbers take long to read."""
TEXT_SIZE = struct.Struct("<I")


class BinaryTensors:
    """What follows the JSON of a request: taken tensor by tensor, in the order of the inputs."""

    __slots__ = ("_content", "_taken")

    def __init__(self, content: memoryview) -> None:
        """Take from ``content``, and leave nothing."""
        self._content = content
        self._taken = 0

    def take(self, name: str, size: object) -> memoryview:
        """Return the ``size`` bytes of the input ``name``.

        Raises:
            RequestError: 400, ``size`` is no size, or fewer bytes are left.
        """
        if type(size) is not int or size < 0:
            raise malformed(f"input {name!r}: binary_data_size must be a whole number of bytes")
        left = len(self._content) - self._taken
        if size > left:
            raise malformed(
                f"input {name!r}: binary_data_size is {size}, {left} bytes are left of the body"
            )
        self._taken += size
        return self._content[self._taken - size : self._taken]

    def end(self) -> None:
        """Raise RequestError 400 if bytes are left that belong to no input."""
        if left := len(self._content) - self._taken:
            raise malformed(
                f"{left} bytes at the end of the body belong to no input; binary_data_size of each "
                "input says how many are its own"
            )


def split(body: bytes | bytearray, json_size: bytes) -> tuple[memoryview, BinaryTensors]:
    """Return the JSON of ``body`` and the tensors after it.

    Args:
        body: Of the request.
        json_size: The header field ``inference-header-content-length``.

    Raises:
        RequestError: 400, the field is no size, or larger than the body.
    """
    is_size = json_size.isdigit() and len(json_size) <= DIGITS and int(json_size) <= len(body)
    if not is_size:
        raise malformed(
            f"inference-header-content-length is {json_size[:SHOWN].decode('latin-1')!r}; it must "
            "be the size of the JSON at the start of the body, a whole number of bytes up to "
            f"{len(body)}"
        )
    content, size = memoryview(body), int(json_size)
    return content[:size], BinaryTensors(content[size:])


def decoded(content: memoryview, spec: TensorSpec, shape: Shape, datatype: str) -> Array:
    """Return the tensor that ``content`` is, in the type of ``spec``.

    Floats may be NaN, which is a missing value as null is in JSON, and may not be infinite, which
    JSON has no word for.

    Raises:
        RequestError: 400, no such datatype, or BYTES that end within an element; 422, the size is
            not that of ``shape``, or a value is none of the datatype or has no exact form in
            the model's.
    """
    check_datatype(spec.name, datatype)
    if datatype == "BYTES":
        values = _texts(content, spec.name, shape)
    else:
        values = _numbers(content, spec.name, shape, datatype)
    if datatype != spec.datatype:
        values = converted(spec, values, datatype)
    return values.reshape(shape.stated)


def encoded(values: Array, datatype: str) -> bytes:
    """Return ``values`` of ``datatype`` as bytes."""
    if datatype != "BYTES":
        return values.tobytes()
    parts: list[bytes] = []
    for value in values.ravel().tolist():
        text = value.encode()
        parts += (TEXT_SIZE.pack(len(text)), text)
    return b"".join(parts)


def _numbers(content: memoryview, name: str, shape: Shape, datatype: str) -> Array:
    dtype = DTYPES[datatype]
    if len(content) != shape.size * dtype.itemsize:
        raise unprocessable(
            f"input {name!r}: {len(content)} bytes of binary data, the shape {shape.stated} of "
            f"{datatype} takes {shape.size * dtype.itemsize}"
        )
    if datatype == "BOOL":
        return _booleans(content, name)
    values: Array = np.frombuffer(content, dtype=dtype)
    if datatype in FLOATS and _has_infinity(values):
        raise unprocessable(f"input {name!r}: infinity is not a value; NaN says that it is missing")
    # ONNX Runtime computes where the values are, and JSON of any size stands before them
    return values if values.flags.aligned else values.copy()


def _has_infinity(values: Array) -> bool:
    if values.size <= FEW:
        return any(map(isinf, values.tolist()))
    return bool(np.isinf(values).any())


def _booleans(content: memoryview, name: str) -> Array:
    values = np.frombuffer(content, dtype=np.uint8)
    if (values > 1).any():
        raise unprocessable(f"input {name!r}: the byte {values.max()} is not a value of BOOL")
    return values.view(np.bool_)


def _texts(content: memoryview, name: str, shape: Shape) -> Array:
    texts: list[Any] = []
    place, end = 0, len(content)
    while place < end:
        start = place + TEXT_SIZE.size
        place = start if start > end else start + TEXT_SIZE.unpack_from(content, place)[0]
        if place > end:
            raise malformed(f"input {name!r}: the binary data ends within element {len(texts)}")
        texts.append(content[start:place])
    if len(texts) != shape.size:
        raise unprocessable(
            f"input {name!r}: the binary data has {len(texts)} elements, "
            f"the shape {shape.stated} holds {shape.size}"
        )
    try:
        return np.array([str(text, "utf-8") for text in texts], dtype=np.object_)
    except UnicodeDecodeError as error:
        raise unprocessable(f"input {name!r}: a text is not UTF-8: {error.reason}") from None
