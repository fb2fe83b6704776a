"""Models that ask for memory or time without an end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto, helper

from images.hostile.case import (
    FAILS,
    MEMORY,
    NOT_A_MODEL,
    RUNTIME,
    Hostile,
    graph_of,
    message,
    model_of,
    tensor,
    varint,
    wire_model,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onnx import NodeProto

TOO_LARGE = f"{MEMORY}|{FAILS}|{RUNTIME}"
node = helper.make_node
SIZES = (1 << 28, 1 << 31, 1 << 40, (1 << 62) + 1)
"""Values of a tensor: 1 GiB of FP32, 8 GiB, 4 TiB, and more than a size can count."""


def hidden(nodes: list[NodeProto]) -> list[NodeProto]:
    """Return nodes that answer a number of what ``nodes`` make, so that no shape tells of it."""
    nodes[-1].output[0] = "made"
    greatest = node("ReduceMax", ["made"], ["greatest"], keepdims=0)
    return [*nodes, greatest, node("Add", ["x", "greatest"], ["y"])]


def allocations() -> Iterator[Hostile]:
    """Yield models of a few bytes with a large tensor in them, by what makes it large."""
    for size in SIZES:
        length = tensor("n", [size])
        side = int(size**0.5) + 1
        both = tensor("n", [side, side])
        zero = tensor("zero", 0.0, np.float32)
        start, step = tensor("start", 0), tensor("step", 1)
        scale = tensor("scale", [1.0, float(size)], np.float32)
        pads = tensor("pads", [0, 0, 0, size])
        made: dict[str, tuple[list[NodeProto], list[TensorProto]]] = {
            "ConstantOfShape": ([node("ConstantOfShape", ["n"], ["y"])], [length]),
            "ConstantOfShape, two sides": ([node("ConstantOfShape", ["n"], ["y"])], [both]),
            "Tile": ([node("Tile", ["x", "n"], ["y"])], [both]),
            "Expand": ([node("Expand", ["x", "n"], ["y"])], [both]),
            "Expand a constant": ([node("Expand", ["zero", "n"], ["y"])], [both, zero]),
            "Resize": ([node("Resize", ["x", "", "scale"], ["y"], mode="nearest")], [scale]),
            "Upsample": ([node("Resize", ["x", "", "", "n"], ["y"], mode="nearest")], [both]),
            "Pad": ([node("Pad", ["x", "pads"], ["y"])], [pads]),
            "Range": (
                [
                    node("Range", ["start", "n0", "step"], ["r"]),
                    node("Cast", ["r"], ["y"], to=TensorProto.FLOAT),
                ],
                [start, tensor("n0", size), step],
            ),
            "OneHot": (
                [node("OneHot", ["start1", "n", "v"], ["y"])],
                [tensor("start1", [0]), length, tensor("v", [0.0, 1.0], np.float32)],
            ),
            "RandomUniform": ([node("RandomUniform", [], ["y"], shape=[side, side])], []),
            "MatMul": (
                [
                    node("ConstantOfShape", ["n"], ["column"]),
                    node("Transpose", ["column"], ["row"]),
                    node("MatMul", ["column", "row"], ["y"]),
                ],
                [tensor("n", [side, 1])],
            ),
        }
        for name, (nodes, initializer) in made.items():
            model = model_of(*hidden(nodes), initializer=initializer)
            yield Hostile(f"{name} of {size}", model, TOO_LARGE)


def growths() -> Iterator[Hostile]:
    """Yield models that double what they have, over and over."""
    for often in (30, 60):
        steps = [f"x{number}" for number in range(often)]
        pairs = list(zip(["x", *steps], [*steps, "y"], strict=True))
        for name, nodes in {
            "Concat": [node("Concat", [a, a], [b], axis=1) for a, b in pairs],
            "Tile": [node("Tile", [a, "two"], [b]) for a, b in pairs],
            "Einsum": [node("Einsum", [a, a], [b], equation="ij,ik->ijk") for a, b in pairs[:1]]
            + [node("Concat", [a, a], [b], axis=-1) for a, b in pairs[1:]],
        }.items():
            model = model_of(*hidden(nodes), initializer=[tensor("two", [1, 2])])
            yield Hostile(f"{name}, {often} times", model, TOO_LARGE)
        texts = [node("StringConcat", [a, a], [b]) for a, b in pairs[1:]]
        seeded = [node("Where", ["yes", "seed", "x"], ["x0"]), *texts]
        seed = TensorProto(
            name="seed", data_type=TensorProto.STRING, dims=[1, 1], string_data=[b"a" * 64]
        )
        graph = graph_of(
            seeded,
            [seed, tensor("yes", 1, np.bool_)],
            inputs={"x": (TensorProto.STRING, ["rows", 1])},
            outputs={"y": (TensorProto.STRING, None)},
        )
        opset = helper.make_opsetid("", 20)  # the first with StringConcat
        model = helper.make_model(graph, opset_imports=[opset], ir_version=9).SerializeToString()
        yield Hostile(f"a text, {often} times", model, TOO_LARGE)


def loop(turns: int, *, nodes: list[NodeProto] | None = None, scanned: bool = False) -> bytes:
    """Return a model of a Loop of ``turns``; ``scanned`` gathers what each turn made."""
    values = [
        helper.make_tensor_value_info("turn", TensorProto.INT64, []),
        helper.make_tensor_value_info("go", TensorProto.BOOL, []),
        helper.make_tensor_value_info("a", TensorProto.FLOAT, None),
        helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
        helper.make_tensor_value_info("b", TensorProto.FLOAT, None),
    ]
    ends = values[3:]
    made = nodes or [node("Neg", ["a"], ["b"])]
    if scanned:
        ends.append(helper.make_tensor_value_info("c", TensorProto.FLOAT, None))
        made = [*made, node("Identity", ["b"], ["c"])]
    body = helper.make_graph([node("Identity", ["go"], ["go_on"]), *made], "body", values[:3], ends)
    outputs = ["last", "y"] if scanned else ["y"]
    return model_of(
        node("Loop", ["turns", "yes", "x"], outputs, body=body),
        initializer=[tensor("turns", turns), tensor("yes", 1, np.bool_)],
    )


def endless() -> Iterator[Hostile]:
    """Yield models that answer after the end of time."""
    late = "took longer than the .* of a trial"
    for turns in (1 << 34, 1 << 48, (1 << 63) - 1):
        yield Hostile(f"a Loop of {turns}", loop(turns), late)
    doubled = loop(1 << 40, nodes=[node("Concat", ["a", "a"], ["b"], axis=1)])
    yield Hostile("a Loop that doubles", doubled, TOO_LARGE)
    yield Hostile("a Loop that gathers", loop(1 << 40, scanned=True), f"{late}|{TOO_LARGE}")
    wide = [
        node("ConstantOfShape", ["n"], ["a"]),
        node("MatMul", ["a", "a"], ["b"]),
        *(node("MatMul", [f"b{i}" if i else "b", "a"], [f"b{i + 1}"]) for i in range(60)),
        node("ReduceSum", ["b60"], ["total"]),
        node("Add", ["x", "total"], ["y"]),
    ]
    model = model_of(*wide, initializer=[tensor("n", [2_600, 2_600])])
    yield Hostile("products of large squares", model, f"{late}|{MEMORY}")


def protobufs() -> Iterator[Hostile]:
    """Yield files that are large, or become large when they are parsed."""
    many = 4 << 20
    # protobuf's parser does not look whether it got memory
    memory = f"{MEMORY}|too large to be parsed|SIGSEGV when it was about to look into .* MiB"
    empty = {
        "nodes": (1, message(1, b"")),
        "initializers": (5, message(5, b"")),
        "outputs": (12, message(12, b"")),
        "sparse initializers": (15, message(15, b"")),
    }
    for name, (_, entry) in empty.items():
        yield Hostile(
            f"{many} empty {name}",
            wire_model(entry * many),
            f"{memory}|more than",
        )
    for number, name in ((8, "opsets"), (20, "training entries"), (25, "functions")):
        model = wire_model(message(1, message(4, b"Neg")), message(number, b"") * many)
        yield Hostile(f"{many} {name}", model, f"{memory}|training|functions|more than")
    inner = message(5, b"") * many
    yield Hostile(f"{many} attributes", wire_model(message(1, inner)), memory)
    integers = message(5, message(1, b"a") + message(8, b"\1" * (16 << 20)))
    yield Hostile("16 Mi integers", wire_model(message(1, integers)), f"{memory}|{RUNTIME}")
    strings = message(5, message(1, b"a") + message(9, b"") * many)
    yield Hostile(f"{many} texts", wire_model(message(1, strings)), f"{memory}|{RUNTIME}")
    yield Hostile(
        "64 MiB of a name", wire_model(message(2, b"n" * (64 << 20))), f"{memory}|{NOT_A_MODEL}"
    )
    large = message(5, message(9, bytes(64 << 20)) + varint(2 << 3) + varint(1))
    yield Hostile("64 MiB of weights", wire_model(large), f"{MEMORY}|{NOT_A_MODEL}|{RUNTIME}")
    for dims in ([1 << 20, 1 << 20], [1 << 62, 4], [-1], [-(1 << 40), 2], [1] * 100_000):
        claimed = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=dims)
        model = model_of(node("Add", ["x", "w"], ["y"]), initializer=[claimed])
        label = f"an initializer of {dims[:2]}, it says"
        yield Hostile(f"{label}, {len(dims)} dims", model, TOO_LARGE)
