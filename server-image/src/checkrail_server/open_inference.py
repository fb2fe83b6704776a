"""The Open Inference Protocol's inference request and answer (REST, version 2).

They are JSON, with tensors in it or as bytes after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from checkrail_server.answers import OCTETS, Answer
from checkrail_server.binary_tensors import encoded, split
from checkrail_server.errors import malformed, unprocessable
from checkrail_server.json_tensors import shape_of, tensor
from checkrail_server.names import SHOWN, with_nearest

if TYPE_CHECKING:
    from collections.abc import Container

    from checkrail_server.binary_tensors import BinaryTensors
    from checkrail_server.model import Feeds, Model
    from checkrail_server.row_layout import OneRow
    from checkrail_server.tensors import Array, Shape, TensorSpec

NOTHING: frozenset[str] = frozenset()
NOT_ANSWERED = ("classification", "shared_memory_region")
"""Parameters of outputs, of extensions that this server does not have."""
SCALARS = {bool, int, float, str}
"""What the protocol allows as the value of a parameter."""


class InferRequest:
    """A request that fits the model."""

    __slots__ = ("binary", "feeds", "id", "outputs", "parameters", "rows")

    packed = None
    """Only a ``row_layout.OneRow`` has its row packed."""

    def __init__(
        self,
        request: dict[str, Any],
        model: Model,
        max_rows: int,
        tensors: BinaryTensors | None = None,
    ) -> None:
        """Take the protocol's JSON object ``request``, and the bytes of its ``tensors``.

        Raises:
            RequestError: 400, it is not the protocol's; 422, it does not fit ``model``, or has
                more than ``max_rows`` rows.
        """
        self.id = _optional(request, "id", str, "a string")
        self.parameters = _parameters(request)
        binary = _flag(self.parameters, "binary_data_output", default=False)
        self.outputs, self.binary = _requested_outputs(request, model, binary=binary)
        self.feeds, self.rows = _feeds(request, model, max_rows, tensors)
        if tensors:
            tensors.end()


def read(
    body: bytes | bytearray, model: Model, max_rows: int, json_size: bytes = b""
) -> InferRequest | OneRow:
    """Return the request that ``body`` is.

    Args:
        body: JSON, and the bytes of binary tensors after it.
        model: What is asked.
        max_rows: More are refused.
        json_size: The header field inference-header-content-length; empty: all is JSON.

    Raises:
        RequestError: It is not JSON; and see ``InferRequest``.
    """
    if not json_size:
        request = json_object(body)
        return (model.layout and model.layout.read(request)) or InferRequest(
            request, model, max_rows
        )
    document, tensors = split(body, json_size)
    return InferRequest(json_object(document), model, max_rows, tensors)


def json_object(body: bytes | bytearray | memoryview) -> dict[str, Any]:
    """Return the JSON object that ``body`` is.

    Raises:
        RequestError: 400, it is something else.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise malformed(f"the body is not JSON: {error}") from None
    if type(value) is not dict:
        raise malformed("the body must be a JSON object")
    return value


def answer(
    request: InferRequest | OneRow, model: Model, version: str, outputs: list[Array]
) -> Answer:
    """Return the answer of ``outputs``, which are the model's, as the request wants them.

    In JSON floats have the shortest decimals that give the same float back.
    """
    document: dict[str, Any] = {"model_name": model.name, "model_version": version}
    if request.id is not None:
        document["id"] = request.id
    if request.parameters:
        document["parameters"] = request.parameters
    contents: list[bytes] = []
    document["outputs"] = [
        _tensor(spec, values, contents if spec.name in request.binary else None)
        for spec, values in zip(model.outputs, outputs, strict=True)
        if request.outputs is None or spec.name in request.outputs
    ]
    content = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    if not contents:
        return Answer(200, content)
    size = b"inference-header-content-length: %d\r\n" % len(content)
    return Answer(200, b"".join((content, *contents)), OCTETS, size)


def _tensor(spec: TensorSpec, values: Array, contents: list[bytes] | None) -> dict[str, Any]:
    """Return an output in JSON; its values go to the end of ``contents`` if there are any."""
    tensor: dict[str, Any] = {
        "name": spec.name,
        "datatype": spec.datatype,
        "shape": values.shape,
    }
    if contents is None:
        tensor["data"] = values.ravel().tolist() if spec.datatype == "BYTES" else _flat(values)
    else:
        contents.append(encoded(values, spec.datatype))
        tensor["parameters"] = {"binary_data_size": len(contents[-1])}
    return tensor


def _flat(values: Array) -> Array:
    return np.ascontiguousarray(values).ravel()


def _optional(request: dict[str, Any], key: str, kind: type, expected: str) -> Any:
    value = request.get(key)
    if value is not None and type(value) is not kind:
        raise malformed(f"{key} must be {expected}")
    return value


def _parameters(request: dict[str, Any]) -> dict[str, Any] | None:
    """Return the parameters, which the answer repeats.

    The protocol allows single values only. Anything deeper must not get to the answer: orjson
    reads JSON nested 1,024 deep and writes it 254 deep.
    """
    parameters: dict[str, Any] | None = _optional(request, "parameters", dict, "an object")
    for name, value in (parameters or {}).items():
        if type(value) not in SCALARS:
            raise malformed(f"parameter {name[:SHOWN]!r} must be a string, a number or a boolean")
    return parameters


def _list_of_objects(request: dict[str, Any], key: str) -> list[dict[str, Any]]:
    value = request.get(key)
    if type(value) is not list or not all(type(item) is dict for item in value):
        raise malformed(f"{key} must be a list of objects")
    return value


def _requested_outputs(
    request: dict[str, Any], model: Model, *, binary: bool
) -> tuple[Container[str] | None, Container[str]]:
    """Return the names the client asks for, None being all, and those it wants as bytes.

    An output that says nothing of it is wanted as bytes if ``binary``.
    """
    if request.get("outputs") in (None, []):
        return None, model.output_names if binary else NOTHING
    wanted: dict[str, bool] = {}
    for item in _list_of_objects(request, "outputs"):
        name = _name(item, "outputs")
        if name not in model.output_names:
            raise unprocessable(f"no output {with_nearest(name, model.output_names)}")
        if name in wanted:
            raise malformed(f"output {name!r} is asked for twice")
        wanted[name] = _wants_bytes(item, name, default=binary)
    return wanted, {name for name, wants in wanted.items() if wants}


def _wants_bytes(item: dict[str, Any], name: str, *, default: bool) -> bool:
    parameters = item.get("parameters")
    if parameters is None:
        return default
    if type(parameters) is not dict:
        raise malformed(f"output {name!r}: parameters must be an object")
    for parameter in NOT_ANSWERED:
        if parameter in parameters:
            raise malformed(f"output {name!r}: {parameter} is not answered here; leave it out")
    return _flag(parameters, "binary_data", default=default)


def _flag(parameters: dict[str, Any] | None, name: str, *, default: bool) -> bool:
    """Take a parameter that speaks to this server, and is no word for the answer to repeat."""
    if not parameters:
        return default
    value = parameters.pop(name, default)
    if type(value) is not bool:
        raise malformed(f"{name} must be true or false")
    return value


def _feeds(
    request: dict[str, Any], model: Model, max_rows: int, binary: BinaryTensors | None
) -> tuple[Feeds, int]:
    feeds: Feeds = {}
    rows = None
    shape: Shape | None = None
    for item in _list_of_objects(request, "inputs"):
        name = _name(item, "inputs")
        spec = model.inputs_by_name.get(name)
        if spec is None:
            raise unprocessable(f"no input {with_nearest(name, model.inputs_by_name)}")
        if name in feeds:
            raise malformed(f"input {name!r} is given twice")
        shape = shape_of(item, spec, shape)
        if rows is None:
            rows = shape.rows
            check_rows(rows, max_rows)
        elif rows != shape.rows:
            raise unprocessable(
                f"input {name!r} has {shape.rows} rows, the inputs before it have {rows}"
            )
        feeds[name] = tensor(item, spec, shape, binary)
    missing = [name for name in model.inputs_by_name if name not in feeds]
    if missing or rows is None:
        raise unprocessable(f"missing inputs: {', '.join(missing)}")
    return feeds, rows


def check_rows(rows: int, max_rows: int) -> None:
    """Raise RequestError 422 unless there are from 1 to ``max_rows`` rows."""
    if not 1 <= rows <= max_rows:
        raise unprocessable(f"{rows} rows in one request; from 1 to {max_rows} are answered")


def _name(item: dict[str, Any], where: str) -> str:
    name = item.get("name")
    if type(name) is not str:
        raise malformed(f"every item of {where} needs a name, a string")
    return name
