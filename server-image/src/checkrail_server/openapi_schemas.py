"""JSON Schemas of what a model takes and answers, from its inputs and outputs.

They say what the server really does: wherever a schema can tell a good body from a bad one, the
server answers the bad one 4xx. What no schema can say (data that fill their shape, every input
given once) is in the descriptions.
"""

from __future__ import annotations

from functools import reduce
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from checkrail_server.tensors import ANY, DTYPES, FLOATS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from checkrail_server.model import Model
    from checkrail_server.tensors import TensorSpec

Schema = dict[str, Any]

FP32_BOUND = 2.0**128 - 2.0**103
"""The smallest number that rounds to infinity."""
SCALAR: Schema = {"type": ["string", "number", "boolean"]}
NUMERIC = [datatype for datatype in DTYPES if datatype != "BYTES"]
"""Datatypes between which values are converted where that is exact."""


def row(model: Model) -> Schema:
    """Return the schema of one row of POST /predict."""
    return closed({spec.name: _feature(spec.datatype) for spec in model.inputs})


def rows_request(max_rows: int) -> Schema:
    """Return the schema of a body of POST /predict; a row is ``#/components/schemas/Row``."""
    one = {"$ref": "#/components/schemas/Row"}
    listed = {"type": "array", "items": one, "minItems": 1, "maxItems": max_rows}
    return {"anyOf": [closed({"rows": listed}), one]}


def prediction(model: Model) -> Schema:
    """Return the schema of the answer to one row."""
    found = model.classifier
    if found is None:
        return closed({spec.name: _row_of(spec) for spec in model.outputs})
    probabilities = closed({name: {"type": "number"} for name in found.classes})
    label = _answered(model.outputs[found.label].datatype)
    return closed({"label": label, "probabilities": probabilities})


def infer_request(model: Model, max_rows: int) -> Schema:
    """Return the schema of the JSON of an inference request."""
    count = len(model.inputs)
    return {
        "type": "object",
        "required": ["inputs"],
        "properties": {
            "id": {"type": ["string", "null"]},
            "parameters": {
                "type": ["object", "null"],
                "properties": {"binary_data_output": {"type": "boolean"}},
                "additionalProperties": SCALAR,
            },
            "inputs": {
                "description": "Every input once, in any order, all with as many rows.",
                "type": "array",
                "minItems": count,
                "maxItems": count,
                "items": {"oneOf": [_input(spec, max_rows) for spec in model.inputs]},
            },
            "outputs": {
                "description": "Those to answer, each once; none or no list: all.",
                "type": ["array", "null"],
                "maxItems": len(model.outputs),
                "items": _requested_output(model.output_names),
            },
        },
    }


def infer_answer(model: Model, version: str) -> Schema:
    """Return the schema of the JSON of an inference's answer."""
    schema = closed(
        {
            "model_name": {"const": model.name},
            "model_version": {"const": version},
            "id": {"type": "string"},
            "parameters": {"type": "object", "additionalProperties": SCALAR},
            "outputs": {
                "type": "array",
                "minItems": 1,
                "maxItems": len(model.outputs),
                "items": {"oneOf": [_output(spec) for spec in model.outputs]},
            },
        }
    )
    schema["required"] = ["model_name", "model_version", "outputs"]
    return schema


def shadow_report() -> dict[str, Schema]:
    """Return the schema ``ShadowReport`` and those that it refers to."""
    from checkrail_api.shadow import ShadowReport  # noqa: PLC0415 - pydantic, when it is there

    schema = ShadowReport.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs"), "ShadowReport": schema}


def closed(properties: dict[str, Schema]) -> Schema:
    """Return the schema of an object that has all of ``properties`` and no other."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _feature(datatype: str) -> Schema:
    match datatype:
        case "BYTES":
            return {"type": ["string", "null"]}
        case "BOOL":
            return {"type": "boolean"}
        case "FP64":
            return {"type": ["number", "boolean", "null"]}
        case "FP32":
            return {
                "type": ["number", "boolean", "null"],
                "exclusiveMinimum": -FP32_BOUND,
                "exclusiveMaximum": FP32_BOUND,
            }
        case _:
            limits = np.iinfo(DTYPES[datatype])
            return {
                "type": ["integer", "boolean"],
                "minimum": int(limits.min),
                "maximum": int(limits.max),
            }


def _answered(datatype: str) -> Schema:
    if datatype in FLOATS:
        return {"type": "number"}
    return {"type": {"BYTES": "string", "BOOL": "boolean"}.get(datatype, "integer")}


def _row_of(spec: TensorSpec) -> Schema:
    """Return the schema of one row of an output: bare if it is one value, else nested lists."""
    sizes = spec.shape[1:]
    value = _answered(spec.datatype)
    nested = reduce(_list_of, reversed(sizes), value)
    if ANY in sizes:
        return {"anyOf": [value, nested]}
    return value if prod(sizes) == 1 else nested


def _list_of(items: Schema, size: int) -> Schema:
    bounds = {} if size == ANY else {"minItems": size, "maxItems": size}
    return {"type": "array", "items": items, **bounds}


def _input(spec: TensorSpec, max_rows: int) -> Schema:
    text = spec.datatype == "BYTES"
    values = ["string", "null"] if text else ["number", "boolean", "null"]
    return {
        "type": "object",
        "required": ["name", "datatype", "shape", "data"],
        "properties": {
            "name": {"const": spec.name},
            "datatype": {
                "description": f"The model's is {spec.datatype}; of another one every value must "
                "have an exact form in it.",
                "enum": ["BYTES"] if text else NUMERIC,
            },
            "shape": _shape(spec.shape, max_rows),
            "data": {
                "description": "The values row by row, flat or nested as the shape.",
                "type": "array",
                "items": {"type": [*values, "array"]},
            },
            "parameters": {"type": ["object", "null"]},
        },
    }


def _shape(shape: tuple[int, ...], max_rows: int) -> Schema:
    """Return the schema of a shape that fits ``shape``, whose first dimension is the rows."""
    sizes: list[Schema] = [
        {"type": "integer", "minimum": 0} if size == ANY else {"const": size} for size in shape
    ]
    if shape[:1] == (ANY,):
        sizes[0] = {"type": "integer", "minimum": 1, "maximum": max_rows}
    return {
        "type": "array",
        "prefixItems": sizes,
        "items": False,
        "minItems": len(sizes),
        "maxItems": len(sizes),
    }


def _requested_output(names: Iterable[str]) -> Schema:
    return {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"enum": list(names)},
            "parameters": {
                "type": ["object", "null"],
                "properties": {
                    "binary_data": {"type": "boolean"},
                    "classification": False,
                    "shared_memory_region": False,
                },
            },
        },
    }


def _output(spec: TensorSpec) -> Schema:
    size = {"type": "integer", "minimum": 0}
    fields: dict[str, Schema] = {
        "name": {"const": spec.name},
        "datatype": {"const": spec.datatype},
        "shape": {"type": "array", "items": size},
    }
    data = {"type": "array", "items": _answered(spec.datatype)}
    as_bytes = closed({"binary_data_size": size})
    return {"oneOf": [closed({**fields, "data": data}), closed({**fields, "parameters": as_bytes})]}
