"""One input tensor of the Open Inference Protocol's JSON, its values in it or after it.

A request of raw features has a tensor for each, all of one shape: it is checked once, and the
tensors after it only compare.
"""

from __future__ import annotations

from itertools import chain
from math import prod
from typing import TYPE_CHECKING, Any

from checkrail_server.binary_tensors import decoded
from checkrail_server.coercion import column
from checkrail_server.errors import malformed, unprocessable
from checkrail_server.names import SHOWN
from checkrail_server.tensors import Shape

if TYPE_CHECKING:
    from checkrail_server.binary_tensors import BinaryTensors
    from checkrail_server.tensors import Array, TensorSpec


def shape_of(item: dict[str, Any], spec: TensorSpec, before: Shape | None) -> Shape:
    """Return the shape that ``item`` states for ``spec``; ``before`` if it is the same.

    Raises:
        RequestError: 400, it is not a shape; 422, it does not fit ``spec``.
    """
    stated = item.get("shape")
    if before and stated == before.stated and spec.shape == before.wanted:
        return before
    if type(stated) is not list or not all(type(size) is int and size >= 0 for size in stated):
        raise malformed(f"input {spec.name!r}: shape must be a list of whole numbers")
    if not spec.fits(tuple(stated)):
        raise unprocessable(
            f"input {spec.name!r} has the shape {str(stated)[:SHOWN]}, "
            f"the model takes {list(spec.shape)}"
        )
    return Shape(stated, spec.shape, stated[0] if stated else 1, prod(stated))


def tensor(
    item: dict[str, Any], spec: TensorSpec, shape: Shape, binary: BinaryTensors | None
) -> Array:
    """Return the values of ``item`` in the type of ``spec``.

    Args:
        item: One of the request's inputs.
        spec: The model's input of that name.
        shape: The one that ``item`` states.
        binary: What follows the JSON; None: the body is JSON alone.

    Raises:
        RequestError: 400, the item is not of the protocol's form; 422, its data do not fit.
    """
    datatype = item.get("datatype")
    if type(datatype) is not str:
        raise malformed(f"input {spec.name!r}: datatype must be a string")
    parameters = item.get("parameters")
    if parameters is not None and type(parameters) is not dict:
        raise malformed(f"input {spec.name!r}: parameters must be an object")
    if parameters and "binary_data_size" in parameters:
        content = _binary(item, spec.name, binary, parameters["binary_data_size"])
        return decoded(content, spec, shape, datatype)
    data = item.get("data")
    if type(data) is not list:
        raise malformed(f"input {spec.name!r}: data must be a list")
    if data and type(data[0]) is list:
        data = _flattened(data, shape.stated, spec.name)
    if len(data) != shape.size:
        raise unprocessable(
            f"input {spec.name!r}: data has {len(data)} values, "
            f"the shape {shape.stated} holds {shape.size}"
        )
    return column(spec, data, datatype).reshape(shape.stated)


def _binary(
    item: dict[str, Any], name: str, binary: BinaryTensors | None, size: object
) -> memoryview:
    if binary is None:
        raise malformed(
            f"input {name!r} has a binary_data_size, and the request no header "
            "inference-header-content-length, which says where the JSON ends"
        )
    if "data" in item:
        raise malformed(f"input {name!r} has data and a binary_data_size; send one of them")
    return binary.take(name, size)


def _flattened(data: list[Any], shape: list[int], name: str) -> list[Any]:
    """Return ``data``, nested as ``shape``, as a flat list."""
    if len(data) != shape[0]:
        raise unprocessable(f"input {name!r}: data has {len(data)} rows, shape says {shape}")
    values = data
    for size in shape[1:]:
        if not all(type(item) is list and len(item) == size for item in values):
            raise unprocessable(f"input {name!r}: data is not nested as the shape {shape}")
        values = list(chain.from_iterable(values))
    return values
