"""Models that refer to other files, bring operators of their own, or nest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from onnx import AttributeProto, TensorProto, helper

from harness.scoring_server import serialised
from images.hostile.case import (
    NOT_A_MODEL,
    Hostile,
    graph_of,
    identity,
    message,
    model_of,
    tensor,
    varint,
    wire_model,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onnx import GraphProto

PATHS = (
    "weights.bin",
    "../../../../etc/passwd",
    "/etc/passwd",
    "/proc/self/environ",
    "/dev/zero",
    "file:///etc/passwd",
    "\\\\host\\share",
    "model.onnx",
    "\0",
)
ELSEWHERE = "keeps its values in another file"


def external(path: str, name: str = "w") -> TensorProto:
    """Return a tensor whose values are at ``path``."""
    values = tensor(name, [[1]], np.float32)
    values.ClearField("raw_data")
    values.data_location = TensorProto.EXTERNAL
    values.external_data.add(key="location", value=path)
    return values


def branch(value: TensorProto | None = None) -> GraphProto:
    """Return a graph without inputs that answers ``z``."""
    node = helper.make_node("Identity", ["x"], ["z"])
    if value is not None:
        node = helper.make_node("Constant", [], ["z"], value=value)
    return helper.make_graph(
        [node], "branch", [], [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)]
    )


def external_data() -> Iterator[Hostile]:
    """Yield models with values in other files, by path and by place."""
    add = helper.make_node("Add", ["x", "w"], ["y"])
    for path in PATHS:
        there = external(path)
        yes = tensor("yes", 1, np.bool_)
        choice = helper.make_node(
            "If", ["yes"], ["y"], then_branch=branch(there), else_branch=branch()
        )
        constant = helper.make_node("Constant", [], ["y"], value=there)
        several = helper.make_node("Identity", ["x"], ["y"])
        several.attribute.append(
            AttributeProto(name="more", type=AttributeProto.TENSORS, tensors=[there])
        )
        for place, model in {
            "an initializer": model_of(add, initializer=[there]),
            "a constant": model_of(constant),
            "a branch": model_of(choice, initializer=[yes]),
            "an attribute": model_of(several),
        }.items():
            yield Hostile(f"{place} at {path!r}", model, ELSEWHERE)
    hidden = external("")
    hidden.ClearField("data_location")
    yield Hostile("a path alone", model_of(add, initializer=[hidden]), ELSEWHERE)
    hidden.ClearField("external_data")
    hidden.data_location = TensorProto.EXTERNAL
    yield Hostile("a location alone", model_of(add, initializer=[hidden]), ELSEWHERE)
    for part in ("values", "indices"):
        sparse = helper.make_sparse_tensor(tensor("v", [1.0], np.float32), tensor("i", [0]), [9])
        getattr(sparse, part).CopyFrom(external("/etc/passwd"))
        node = helper.make_node("Constant", [], ["y"], sparse_value=sparse)
        yield Hostile(f"{part} of a sparse constant", model_of(node), ELSEWHERE)
        graph = graph_of([helper.make_node("Add", ["x", "w"], ["y"])])
        graph.sparse_initializer.append(sparse)
        yield Hostile(f"{part} of a sparse initializer", serialised(graph), ELSEWHERE)


DOMAINS = (
    "com.microsoft",
    "com.microsoft.nchwc",
    "com.ms.internal.nhwc",
    "ai.onnx.training",
    "ai.onnx.preview.training",
    "org.pytorch.aten",
    "com.example",
    "ai.onnx.ml.",
    "AI.ONNX",
    " ",
    "ai.onnx\0",
    "d" * 100_000,
)


def own_operators() -> Iterator[Hostile]:
    """Yield models with operators of other domains, functions, and training graphs."""
    for domain in DOMAINS:
        node = helper.make_node("Mine", ["x"], ["y"], domain=domain)
        label = domain[:24]
        reason = "uses operators of the domain"
        yield Hostile(f"a node of {label!r}", model_of(node), reason)
        yield Hostile(f"an import of {label!r}", serialised(graph_of([identity()]), domain), reason)
    odd = model_of(helper.make_node("Mine", ["x"], ["y"], domain="????"))
    yield Hostile("a domain that is not UTF-8", odd.replace(b"????", b"\xff\xfe\xff\xfe"), "domain")
    base = model_of(identity())
    function = message(1, b"Identity") + message(4, b"x") + message(5, b"y")
    yield Hostile("a function", base + message(25, function), "defines functions")
    yield Hostile("an empty function", base + message(25, b""), "defines functions")
    yield Hostile("a training graph", base + message(20, message(2, b"")), "holds training graphs")
    yield Hostile("a training entry", base + message(20, b""), "holds training graphs")
    for name in ("Mine", "", "identity", "Identity\0", "PyOp", "ATen"):
        node = helper.make_node(name, ["x"], ["y"])
        yield Hostile(f"an operator {name!r}", model_of(node), "does not load")


def nested_graphs() -> Iterator[Hostile]:
    """Yield models whose graphs are in graphs in graphs, and messages in messages."""
    for depth in (8, 9, 12, 20, 40, 200):
        for kind, attribute in (("If", "then_branch"), ("Loop", "body"), ("Scan", "body")):
            model = wire_model(nested(kind, attribute, depth))
            reason = f"nests graphs deeper than 8|{NOT_A_MODEL}"
            yield Hostile(f"{kind}, {depth} deep", model, reason)
    for depth in (101, 1_000, 100_000):
        opened = varint(99 << 3 | 3) * depth
        closed = varint(99 << 3 | 4) * depth
        yield Hostile(f"groups, {depth} deep", wire_model(rest=opened + closed), NOT_A_MODEL)
        yield Hostile(f"open groups, {depth}", wire_model(rest=opened), NOT_A_MODEL)


def nested(kind: str, attribute: str, depth: int) -> bytes:
    """Return a graph with ``depth`` graphs in it, one in another, as protobuf writes it."""
    graph = message(1, message(1, b"x") + message(2, b"z") + message(4, b"Identity"))
    for _ in range(depth):
        graph += message(2, b"g") + message(12, message(1, b"z"))
        body = message(1, attribute.encode()) + varint(20 << 3) + varint(5) + message(6, graph)
        graph = message(
            1, message(1, b"x") + message(2, b"z") + message(4, kind.encode()) + message(5, body)
        )
    return graph
