"""The Open Inference Protocol's inference request and answer as messages of gRPC.

A request is made into what it would be in JSON, and read by the same rules: raw contents are the
binary tensors, typed contents the data.
"""

from __future__ import annotations

from math import isinf
from typing import TYPE_CHECKING, Any

import numpy as np

from checkrail_server import open_inference_pb2 as protocol
from checkrail_server.binary_tensors import BinaryTensors, encoded
from checkrail_server.coercion import check_datatype
from checkrail_server.errors import malformed, unprocessable
from checkrail_server.names import SHOWN
from checkrail_server.open_inference import InferRequest
from checkrail_server.tensors import FLOATS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checkrail_server.model import Model
    from checkrail_server.tensors import Array

CONTENTS = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
"""The field of typed contents by datatype."""


def read(message: Any, model: Model, max_rows: int) -> InferRequest:
    """Return the request that ``message``, a ``ModelInferRequest``, is.

    Raises:
        RequestError: 400 and 422, see ``InferRequest``.
    """
    inputs, raw = message.inputs, message.raw_input_contents
    if len(inputs) > len(model.inputs):  # before a million of them become objects
        raise unprocessable(f"{len(inputs)} inputs; the model has {len(model.inputs)}")
    if raw and len(raw) != len(inputs):
        raise malformed(f"{len(raw)} raw_input_contents for {len(inputs)} inputs")
    document: dict[str, Any] = {
        "inputs": [
            _raw(item, raw[index]) if raw else _typed(item) for index, item in enumerate(inputs)
        ],
        "parameters": _parameters(message.parameters),
    }
    if len(message.outputs) > len(model.outputs):
        raise unprocessable(f"{len(message.outputs)} outputs; the model has {len(model.outputs)}")
    document["outputs"] = [
        {"name": item.name, "parameters": _parameters(item.parameters)} for item in message.outputs
    ]
    if message.id:
        document["id"] = message.id
    tensors = BinaryTensors(memoryview(b"".join(raw))) if raw else None
    return InferRequest(document, model, max_rows, tensors)


def answer(
    message: Any, request: InferRequest, model: Model, version: str, outputs: list[Array]
) -> bytes:
    """Return the answer of ``outputs``, which are the model's: raw if ``message`` was."""
    told = protocol.ModelInferResponse(
        model_name=model.name, model_version=version, id=request.id or ""
    )
    for name, value in message.parameters.items():
        told.parameters[name].CopyFrom(value)
    for spec, values in zip(model.outputs, outputs, strict=True):
        if request.outputs is not None and spec.name not in request.outputs:
            continue
        tensor = told.outputs.add(name=spec.name, datatype=spec.datatype, shape=values.shape)
        if message.raw_input_contents:
            told.raw_output_contents.append(encoded(values, spec.datatype))
        else:
            contents = getattr(tensor.contents, CONTENTS[spec.datatype])
            contents.extend(_plain(values, spec.datatype))
    content: bytes = told.SerializeToString()
    return content


def _plain(values: Array, datatype: str) -> list[Any]:
    plain: list[Any] = np.ascontiguousarray(values).ravel().tolist()
    return [text.encode() for text in plain] if datatype == "BYTES" else plain


def _raw(item: Any, content: bytes) -> dict[str, Any]:
    if item.HasField("contents") and item.contents.ByteSize():
        raise malformed(f"input {item.name[:SHOWN]!r} has contents beside its raw_input_contents")
    return {**_head(item), "parameters": {"binary_data_size": len(content)}}


def _typed(item: Any) -> dict[str, Any]:
    check_datatype(item.name[:SHOWN], item.datatype)
    field = CONTENTS[item.datatype]
    for described, _ in item.contents.ListFields():
        if described.name != field:
            raise malformed(
                f"input {item.name[:SHOWN]!r} has {described.name}; "
                f"those of {item.datatype} are {field}"
            )
    data = list(getattr(item.contents, field))
    if item.datatype in FLOATS and any(map(isinf, data)):
        raise unprocessable(f"input {item.name[:SHOWN]!r}: infinity is not a value")
    if item.datatype == "BYTES":
        data = [_text(text, item.name) for text in data]
    return {**_head(item), "data": data}


def _text(text: bytes, name: str) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise unprocessable(
            f"input {name[:SHOWN]!r}: a text is not UTF-8: {error.reason}"
        ) from None


def _head(item: Any) -> dict[str, Any]:
    return {"name": item.name, "datatype": item.datatype, "shape": list(item.shape)}


def _parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters as JSON has them."""
    plain = {}
    for name, value in parameters.items():
        choice = value.WhichOneof("parameter_choice")
        if choice is None:
            raise malformed(f"parameter {name[:SHOWN]!r} has no value")
        plain[name] = getattr(value, choice)
    return plain
