"""The encoding as an ONNX graph: raw features in, one matrix out.

Estimators are trained on what this graph answers in ONNX Runtime, not on what numpy would: a
threshold that a tree learns from one float32 must meet the same float32 when it serves (measured:
otherwise labels flip).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
from onnx import NodeProto, TensorProto, ValueInfoProto, checker, helper, numpy_helper

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from checkrail_trainer.encoding import Encoding, Standard
    from checkrail_trainer.table import Table

IR_VERSION = 10
OPSET = 21
ML_OPSET = 3
OPSETS: Mapping[str, int] = {"": OPSET, "ai.onnx.ml": ML_OPSET}
"""What every supported ONNX Runtime since 1.20 loads."""
MATRIX = "checkrail_matrix"
"""Name of the answer; the prefix keeps inner names apart from those of features."""
BATCH_ROWS = 16_384


def inputs(encoding: Encoding, features: tuple[str, ...]) -> list[ValueInfoProto]:
    """Return the model's inputs, in the order of the features: ``(rows, 1)`` each."""
    return [
        helper.make_tensor_value_info(
            name,
            TensorProto.STRING if name in encoding.categories else TensorProto.FLOAT,
            ["rows", 1],
        )
        for name in features
    ]


def nodes(encoding: Encoding) -> list[NodeProto]:
    """Return the nodes from the raw features to ``MATRIX``."""
    blocks: list[str] = []
    made: list[NodeProto] = []
    if encoding.numbers:
        blocks.append("checkrail_numbers")
        made.append(helper.make_node("Concat", [*encoding.numbers], blocks, blocks[-1], axis=1))
        if encoding.standard is not None:
            made += _standardised(encoding.standard)
            blocks = ["checkrail_standardised"]
    for number, (name, values) in enumerate(encoding.categories.items()):
        block = f"checkrail_category_{number}"
        made += [
            helper.make_node(
                "OneHotEncoder",
                [name],
                [f"{block}_cube"],
                f"{block}_cube",
                domain="ai.onnx.ml",
                cats_strings=list(values),
                zeros=1,
            ),
            helper.make_node("Flatten", [f"{block}_cube"], [block], block, axis=1),
        ]
        blocks.append(block)
    return [*made, helper.make_node("Concat", blocks, [MATRIX], MATRIX, axis=1)]


def preprocessor(encoding: Encoding, features: tuple[str, ...]) -> bytes:
    """Return a model of nothing but the encoding."""
    answer = helper.make_tensor_value_info(MATRIX, TensorProto.FLOAT, ["rows", encoding.width])
    graph = helper.make_graph(
        nodes(encoding), "checkrail-preprocessor", inputs(encoding, features), [answer]
    )
    model = helper.make_model(
        graph,
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid(*each) for each in OPSETS.items()],
    )
    checker.check_model(model)
    return bytes(model.SerializeToString())


def encode(frame: Table, encoding: Encoding, threads: int) -> NDArray[np.float32]:
    """Return the matrix ``(rows, width) float32`` as ONNX Runtime computes it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    names = tuple(each.name for each in frame.features)
    session = onnxruntime.InferenceSession(
        preprocessor(encoding, names), options, providers=["CPUExecutionProvider"]
    )
    matrix = np.empty((frame.rows, encoding.width), dtype=np.float32)
    for start in range(0, frame.rows, BATCH_ROWS):
        rows = slice(start, min(start + BATCH_ROWS, frame.rows))
        matrix[rows] = session.run([MATRIX], frame.tensors(rows))[0]
    return matrix


def _standardised(standard: Standard) -> list[NodeProto]:
    """Subtract the mean and divide by the scale; NaN becomes 0, which is the mean."""

    def constant(name: str, values: NDArray[np.float32]) -> NodeProto:
        tensor = numpy_helper.from_array(values, name)
        return helper.make_node("Constant", [], [name], name, value=tensor)

    return [
        constant("checkrail_mean", standard.mean),
        constant("checkrail_scale", standard.scale),
        constant("checkrail_zero", np.zeros(1, dtype=np.float32)),
        *(
            helper.make_node(kind, taken, [given], given)
            for kind, taken, given in (
                ("Sub", ["checkrail_numbers", "checkrail_mean"], "checkrail_centred"),
                ("Div", ["checkrail_centred", "checkrail_scale"], "checkrail_scaled"),
                ("IsNaN", ["checkrail_scaled"], "checkrail_absent"),
                (
                    "Where",
                    ["checkrail_absent", "checkrail_zero", "checkrail_scaled"],
                    "checkrail_standardised",
                ),
            )
        ),
    ]
