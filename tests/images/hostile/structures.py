"""Graphs, texts, versions and shapes that no exporter writes."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto, helper

from harness.scoring_server import serialised
from images.hostile.case import (
    FAILS,
    MEMORY,
    RUNTIME,
    Hostile,
    graph_of,
    identity,
    message,
    model_of,
    tensor,
    wire_model,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onnx import SparseTensorProto

node = helper.make_node


def graphs() -> Iterator[Hostile]:
    """Yield graphs that are too deep, too wide, or do not hold together."""
    for count in (100_001, 250_000):
        links = [b"x", *(b"n%d" % number for number in range(count - 1)), b"y"]
        chain = b"".join(
            message(1, message(1, a) + message(2, b) + message(4, b"Neg"))
            for a, b in itertools.pairwise(links)
        )
        sides = graph_of([]).SerializeToString()
        yield Hostile(f"a chain of {count}", wire_model(sides + chain), "more than 100000 nodes")
    broken: dict[str, bytes] = {
        "a cycle": model_of(
            node("Add", ["x", "b"], ["a"]), node("Neg", ["a"], ["b"]), node("Neg", ["b"], ["y"])
        ),
        "a node of itself": model_of(node("Add", ["x", "y"], ["y"])),
        "an input that nobody makes": model_of(node("Neg", ["z"], ["y"])),
        "an output that nobody makes": model_of(node("Neg", ["x"], ["z"])),
        "two makers of one value": model_of(node("Neg", ["x"], ["y"]), node("Abs", ["x"], ["y"])),
        "an output without a name": model_of(node("Neg", ["x"], [""])),
        "too few inputs": model_of(node("Add", ["x"], ["y"])),
        "too many inputs": model_of(node("Neg", ["x"] * 1_000, ["y"])),
        "too many outputs": model_of(node("Neg", ["x"], ["y", *(f"o{i}" for i in range(1_000))])),
        "an attribute of another kind": model_of(node("Concat", ["x", "x"], ["y"], axis="one")),
        "an attribute that is not there": model_of(node("Concat", ["x", "x"], ["y"])),
        "an attribute twice": model_of(
            node("Neg", ["x"], ["y"]), node("Cast", ["x"], ["z"], to=10_000)
        ),
        "no output": serialised(
            helper.make_graph(
                [identity()],
                "g",
                [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 1])],
                [],
            )
        ),
        "no node": model_of(),
        "values of two kinds": model_of(
            node("Cast", ["x"], ["z"], to=TensorProto.INT64), node("Add", ["x", "z"], ["y"])
        ),
        "an If without branches": model_of(node("If", ["x"], ["y"])),
        "an axis out of range": model_of(node("Concat", ["x", "x"], ["y"], axis=1 << 40)),
    }
    for name, model in broken.items():
        yield Hostile(name, model, f"{RUNTIME}|{FAILS}|holds no graph|without an output")


def versions() -> Iterator[Hostile]:
    """Yield versions of operators and of the format that there are not."""
    graph = graph_of([identity()])
    for version in (-1, 0, 99, 1 << 31, (1 << 63) - 1):
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)])
        model.ir_version = 9
        yield Hostile(f"opset {version}", model.SerializeToString(), RUNTIME)
    for version in (99, 1 << 31, (1 << 63) - 1):
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
        model.ir_version = version
        yield Hostile(f"IR version {version}", model.SerializeToString(), RUNTIME)


def texts() -> Iterator[Hostile]:
    """Yield names and values that are no text."""
    wrong = "is not UTF-8|has an .* with a name that cannot be printed"
    base = model_of(identity("??"), inputs={"??": (TensorProto.FLOAT, ["rows", 1])})
    answers = model_of(node("Identity", ["x"], ["??"]), outputs={"??": (TensorProto.FLOAT, None)})
    for name, content in {
        "a lone byte": b"\xff?",
        "a surrogate": b"\xed\xa0",
        "an overlong slash": b"\xc0\xaf",
        "a character that was cut": b"?\xe2",
        "an end of line": b"a\n",
        "a zero": b"a\0",
        "an escape": b"\x1b[",
    }.items():
        yield Hostile(f"an input, {name}", base.replace(b"??", content), wrong)
        yield Hostile(f"an output, {name}", answers.replace(b"??", content), wrong)
    value = TensorProto(
        name="w", data_type=TensorProto.STRING, dims=[1, 1], string_data=[b"\xff\xfe"]
    )
    text = {"y": (TensorProto.STRING, None)}
    yield Hostile(
        "a text of a constant",
        model_of(node("Constant", [], ["y"], value=value), outputs=text),
        wrong,
    )
    yield Hostile(
        "a text of an initializer",
        model_of(identity("w"), initializer=[value], outputs=text),
        wrong,
    )
    encoder = node(
        "LabelEncoder", ["x"], ["y"], domain="ai.onnx.ml", keys_floats=[0.0], values_strings=["??"]
    )
    yield Hostile(
        "a text of an attribute", model_of(encoder, outputs=text).replace(b"??", b"\xff\xfe"), wrong
    )


KINDS = {
    "half": TensorProto.FLOAT16,
    "bfloat": TensorProto.BFLOAT16,
    "complex": TensorProto.COMPLEX64,
    "float of 8 bits": TensorProto.FLOAT8E4M3FN,
    "an integer of 4 bits": TensorProto.INT4,
    "nothing": TensorProto.UNDEFINED,
    "an unknown kind": 4_000,
}


def inputs() -> Iterator[Hostile]:
    """Yield inputs that no request can fill."""
    for name, kind in KINDS.items():
        model = model_of(identity(), inputs={"x": (kind, ["rows", 1])}, outputs={"y": (kind, None)})
        yield Hostile(name, model, f"it must be a tensor|{RUNTIME}")
    for shape in ([1 << 40], ["rows", 1 << 40], ["rows", 1 << 62], ["rows", *[64] * 8], [2, -1]):
        model = model_of(identity(), inputs={"x": (TensorProto.FLOAT, shape)})
        yield Hostile(f"shape {shape}", model, "at most 1048576 values|first dimension")
    flat = {"x": (TensorProto.FLOAT, ["rows", 1])}
    summed = node("ReduceSum", ["x"], ["y"], keepdims=0)
    yield Hostile("one answer for all rows", model_of(summed, inputs=flat), "first dimension")
    many = {f"x{number}": (TensorProto.FLOAT, ["rows", 1]) for number in range(20_000)}
    yield Hostile(
        "20000 inputs",
        model_of(node("Sum", list(many), ["y"]), inputs=many),
        "more than 4096 inputs",
    )
    sequence = helper.make_tensor_sequence_value_info("x", TensorProto.FLOAT, None)
    optional = helper.make_value_info(
        "x", helper.make_optional_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, None))
    )
    for name, value in {"a sequence": sequence, "an optional": optional}.items():
        graph = helper.make_graph(
            [identity()], "g", [value], [type(value)(name="y", type=value.type)]
        )
        yield Hostile(name, serialised(graph), f"it must be a tensor|{RUNTIME}")


def sparse(values: Any, indices: Any, dims: list[int]) -> SparseTensorProto:
    """Return a sparse tensor."""
    return helper.make_sparse_tensor(tensor("v", values, np.float32), tensor("i", indices), dims)


def sparse_tensors() -> Iterator[Hostile]:
    """Yield sparse tensors that are not sparse enough, or point outside."""
    reason = f"{RUNTIME}|{FAILS}|{MEMORY}"
    for name, value in {
        "dims of 4 TiB": sparse([1.0], [0], [1 << 20, 1 << 20]),
        "dims that overflow": sparse([1.0], [0], [1 << 62, 16]),
        "a negative dim": sparse([1.0], [0], [-4]),
        "an index outside": sparse([1.0], [1 << 40], [4]),
        "a negative index": sparse([1.0], [-(1 << 40)], [4]),
        "more values than indices": sparse([1.0, 2.0], [0], [4]),
        "indices of three dims": sparse([1.0], [[[0]]], [4]),
    }.items():
        constant = node("Constant", [], ["w"], sparse_value=value)
        add = node("Add", ["x", "w"], ["y"])
        yield Hostile(f"a constant, {name}", model_of(constant, add), reason)
        graph = graph_of([add])
        value.values.name = "w"
        graph.sparse_initializer.append(value)
        yield Hostile(f"an initializer, {name}", serialised(graph), reason)
