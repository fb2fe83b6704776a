"""The Open Inference Protocol's inference request and answer as JSON (REST, version 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from checkrail_server.errors import malformed, unprocessable
from checkrail_server.json_tensors import Shape, shape_of, tensor
from checkrail_server.names import SHOWN, with_nearest

if TYPE_CHECKING:
    from checkrail_server.model import Feeds, Model
    from checkrail_server.tensors import Array

SCALARS = {bool, int, float, str}
"""What the protocol allows as the value of a parameter."""


class InferRequest:
    """A request that fits the model."""

    __slots__ = ("feeds", "id", "outputs", "parameters", "rows")

    def __init__(self, body: bytes | bytearray, model: Model, max_rows: int) -> None:
        """Read ``body``.

        Raises:
            RequestError: 400, it is not the protocol's JSON; 422, it does not fit ``model``.
        """
        request = json_object(body)
        self.id = _optional(request, "id", str, "a string")
        self.parameters = _parameters(request)
        self.outputs = _requested_outputs(request, model)
        self.feeds, self.rows = _feeds(request, model, max_rows)


def json_object(body: bytes | bytearray) -> dict[str, Any]:
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


def answer(request: InferRequest, model: Model, version: str, outputs: list[Array]) -> bytes:
    """Return the answer of ``outputs``, which are the model's, as JSON.

    Floats have the shortest decimals that give the same float back.
    """
    document: dict[str, Any] = {"model_name": model.name, "model_version": version}
    if request.id is not None:
        document["id"] = request.id
    if request.parameters is not None:
        document["parameters"] = request.parameters
    document["outputs"] = [
        {
            "name": spec.name,
            "datatype": spec.datatype,
            "shape": values.shape,
            "data": values.ravel().tolist() if spec.datatype == "BYTES" else _flat(values),
        }
        for spec, values in zip(model.outputs, outputs, strict=True)
        if request.outputs is None or spec.name in request.outputs
    ]
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)


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


def _requested_outputs(request: dict[str, Any], model: Model) -> set[str] | None:
    """Return the names the client asks for; None: all."""
    if not request.get("outputs"):
        return None
    names = {_name(item, "outputs") for item in _list_of_objects(request, "outputs")}
    if unknown := names - set(model.output_names):
        raise unprocessable(f"no output {with_nearest(min(unknown), model.output_names)}")
    return names


def _feeds(request: dict[str, Any], model: Model, max_rows: int) -> tuple[Feeds, int]:
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
        if rows not in (None, shape.rows):
            raise unprocessable(
                f"input {name!r} has {shape.rows} rows, the inputs before it have {rows}"
            )
        rows = shape.rows
        feeds[name] = tensor(item, spec, shape)
    missing = [name for name in model.inputs_by_name if name not in feeds]
    if missing or rows is None:
        raise unprocessable(f"missing inputs: {', '.join(missing)}")
    check_rows(rows, max_rows)
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
