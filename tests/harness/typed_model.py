"""A model with an input of every datatype, each of which it answers as it came."""

from __future__ import annotations

from onnx import ValueInfoProto, helper

from checkrail_server.tensors import DTYPES
from harness.scoring_server import serialised

COLUMNS = 3
"""Of the packed matrix."""
MATRIX = "MATRIX"


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


def _onnx_type(name: str) -> int:
    return int(helper.np_dtype_to_tensor_dtype(DTYPES["FP32" if name == MATRIX else name]))
