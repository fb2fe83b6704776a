"""The encoding as an ONNX graph: raw features in, one matrix out.

Estimators are trained on what this graph answers in ONNX Runtime, not on what numpy would: a
threshold that a tree learns from one float32 must meet the same float32 when it serves (measured:
otherwise labels flip).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import NodeProto, TensorProto, ValueInfoProto, checker, helper, numpy_helper

from checkrail_trainer.encoding import (
    DAY_SECONDS,
    PARTS,
    WEEK_DAYS,
    WEEKDAY_OF_DAY_0,
    Imputed,
)

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
INSTANT = "instant"
QUANTITIES = "checkrail_numbers"
CHANGED = "checkrail_changed"
TYPES = {"BYTES": TensorProto.STRING, "FP32": TensorProto.FLOAT, "FP64": TensorProto.DOUBLE}
"""What ONNX calls a datatype of the Open Inference Protocol."""
BATCH_ROWS = 16_384


def inputs(encoding: Encoding, features: tuple[str, ...]) -> list[ValueInfoProto]:
    """Return the model's inputs, in the order of the features: ``(rows, 1)`` each."""
    return [
        helper.make_tensor_value_info(name, TYPES[datatype(encoding, name)], ["rows", 1])
        for name in features
    ]


def datatype(encoding: Encoding, feature: str) -> str:
    """Return an input's datatype, as the Open Inference Protocol calls it."""
    if feature in encoding.categories:
        return "BYTES"
    return "FP64" if feature in encoding.times else "FP32"


def nodes(encoding: Encoding) -> list[NodeProto]:
    """Return the nodes from the raw features to ``MATRIX``."""
    made: list[NodeProto] = []
    blocks = list(encoding.numbers)
    for number, name in enumerate(encoding.times):
        block = f"checkrail_time_{number}"
        made += _parts(name, block)
        blocks.append(block)
    if blocks:
        made.append(
            helper.make_node("Concat", blocks, [QUANTITIES], QUANTITIES, axis=1),
        )
        blocks = [QUANTITIES]
    if encoding.change is not None:
        made += _changed(encoding.change)
        blocks = [CHANGED]
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
    """Return the matrix ``(rows, width) float32`` as ONNX Runtime computes it.

    Where the graph would only put number features side by side, they already are, in the table: the
    matrix is a view of it then, not to be written to.
    """
    only_numbers = encoding.change is None and encoding.width == len(encoding.numbers)
    if frame.numbers is not None and only_numbers:
        matrix = frame.numbers.view()
        matrix.flags.writeable = False
        return matrix
    onnxruntime = import_module("onnxruntime")  # 18 MiB that a table of numbers does without
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


def _parts(feature: str, block: str) -> list[NodeProto]:
    """Take an instant apart in float64; see `encoding.parts`, which does the same."""
    wide = f"{block}_float64"
    steps = (
        ("Div", (INSTANT, "day_length"), "days"),
        ("Floor", ("days",), "day"),
        ("Mul", ("day", "day_length"), "midnight"),
        ("Sub", (INSTANT, "midnight"), "second"),
        ("Add", ("day", "first_weekday"), "shifted"),
        ("Div", ("shifted", "week_length"), "weeks"),
        ("Floor", ("weeks",), "week"),
        ("Mul", ("week", "week_length"), "monday"),
        ("Sub", ("shifted", "monday"), "weekday"),
    )

    def named(name: str) -> str:
        return feature if name == INSTANT else f"{block}_{name}"

    return [
        *(
            _constant(named(name), np.asarray([value], dtype=np.float64))
            for name, value in (
                ("day_length", DAY_SECONDS),
                ("week_length", WEEK_DAYS),
                ("first_weekday", WEEKDAY_OF_DAY_0),
            )
        ),
        *(
            helper.make_node(kind, [named(each) for each in taken], [named(given)], named(given))
            for kind, taken, given in steps
        ),
        helper.make_node("Concat", [named(each) for each in PARTS], [wide], wide, axis=1),
        helper.make_node("Cast", [wide], [block], block, to=TensorProto.FLOAT),
    ]


def _changed(change: Imputed | Standard) -> list[NodeProto]:
    """Put the mean in the place of NaN; of standardised numbers the mean is 0."""
    absent = helper.make_node("IsNaN", [QUANTITIES], ["checkrail_absent"], "checkrail_absent")
    mean = _constant("checkrail_mean", change.mean)
    if isinstance(change, Imputed):
        taken = ["checkrail_absent", "checkrail_mean", QUANTITIES]
        return [mean, absent, helper.make_node("Where", taken, [CHANGED], CHANGED)]
    return [
        mean,
        absent,
        _constant("checkrail_scale", change.scale),
        _constant("checkrail_zero", np.zeros(1, dtype=np.float32)),
        *(
            helper.make_node(kind, taken, [given], given)
            for kind, taken, given in (
                ("Sub", [QUANTITIES, "checkrail_mean"], "checkrail_centred"),
                ("Div", ["checkrail_centred", "checkrail_scale"], "checkrail_scaled"),
                ("Where", ["checkrail_absent", "checkrail_zero", "checkrail_scaled"], CHANGED),
            )
        ),
    ]


def _constant(name: str, values: NDArray[Any]) -> NodeProto:
    tensor = numpy_helper.from_array(values, name)
    return helper.make_node("Constant", [], [name], name, value=tensor)
