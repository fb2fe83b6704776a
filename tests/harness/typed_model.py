"""A model with an input of every datatype, each of which it answers as it came."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import ValueInfoProto, helper

from checkrail_server.tensors import DTYPES
from harness.scoring_server import serialised

COLUMNS = 3
"""Of the packed matrix."""
MATRIX = "MATRIX"
ROWS = 3


def typed_model() -> bytes:
    """Return a model of ``in_<datatype>`` to ``out_<datatype>``, and of a matrix of FP32."""
    columns = {**dict.fromkeys(DTYPES, 1), MATRIX: COLUMNS}

    def values(side: str) -> list[ValueInfoProto]:
        return [
            helper.make_tensor_value_info(f"{side}_{name}", _onnx_type(name), ["rows", width])
            for name, width in columns.items()
        ]

    nodes = [helper.make_node("Identity", [f"in_{name}"], [f"out_{name}"]) for name in columns]
    return serialised(helper.make_graph(nodes, "typed", values("in"), values("out")))


def extremes() -> dict[str, np.ndarray[Any, Any]]:
    """Return values for every input, the extremes of its datatype among them."""
    values: dict[str, np.ndarray[Any, Any]] = {}
    for datatype, dtype in DTYPES.items():
        match datatype:
            case "BOOL":
                data: list[Any] = [True, False, True]
            case "BYTES":
                data = ["", "Zürich", "a\x00b"]
            case "FP32" | "FP64":
                data = [np.finfo(dtype).max, np.finfo(dtype).smallest_subnormal, -0.0]
            case _:
                data = [np.iinfo(dtype).min, 1, np.iinfo(dtype).max]
        values[datatype] = np.array(data, dtype=dtype).reshape(ROWS, 1)
    values[MATRIX] = np.random.default_rng(7).normal(size=(ROWS, COLUMNS)).astype(np.float32)
    return values


def datatype_of(name: str) -> str:
    """Return the datatype of an input by its name without ``in_``."""
    return "FP32" if name == MATRIX else name


def _onnx_type(name: str) -> int:
    return int(helper.np_dtype_to_tensor_dtype(DTYPES[datatype_of(name)]))
