"""A look into model.onnx before ONNX Runtime parses it: is everything in it what we serve?

The look uses protobuf's own parser (upb, C) on the few fields of onnx.proto that matter here, so
it merges, skips and limits nesting exactly as the parser inside ONNX Runtime does: what this
module does not see, ONNX Runtime does not see either. A hand-written reader would have to copy
those rules; the onnx package would cost 40 MB. See docs/decisions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from checkrail_server.class_labels import class_labels
from checkrail_server.errors import LoadError
from checkrail_server.weights import check_weights

if TYPE_CHECKING:
    from collections.abc import Iterator

DOMAINS = {b"", b"ai.onnx", b"ai.onnx.ml"}
MAX_NODES = 100_000
MAX_DEPTH = 8
MAX_TENSORS = 100_000
MAX_VALUES = 4_096
"""Inputs, and outputs. A profile has at most 512 features."""
MAX_OPSETS = 64
LONGEST_TEXT = 50
EXTERNAL = 1
"""``TensorProto.DataLocation.EXTERNAL``: the values are in another file."""

Field = tuple[str, int, str, bool]
"""Name, number, type (of ``SCALARS``, or a message's name), repeated?"""

SCALARS = ("bytes", "int64", "int32", "float", "double")
MESSAGES: dict[str, list[Field]] = {
    "Opset": [("domain", 1, "bytes", False), ("version", 2, "int64", False)],
    "Value": [("name", 1, "bytes", False)],
    "Entry": [("key", 1, "bytes", False)],
    "Function": [("name", 1, "bytes", False)],
    "Training": [("algorithm", 2, "Graph", False)],
    "Tensor": [
        ("data_type", 2, "int32", False),
        ("float_data", 4, "float", True),
        ("string_data", 6, "bytes", True),
        ("int64_data", 7, "int64", True),
        ("name", 8, "bytes", False),
        ("raw_data", 9, "bytes", False),
        ("double_data", 10, "double", True),
        ("external_data", 13, "Entry", True),
        ("data_location", 14, "int32", False),
    ],
    "Sparse": [("values", 1, "Tensor", False), ("indices", 2, "Tensor", False)],
    "Attribute": [
        ("name", 1, "bytes", False),
        ("s", 4, "bytes", False),
        ("t", 5, "Tensor", False),
        ("g", 6, "Graph", False),
        ("floats", 7, "float", True),
        ("ints", 8, "int64", True),
        ("strings", 9, "bytes", True),
        ("tensors", 10, "Tensor", True),
        ("graphs", 11, "Graph", True),
        ("sparse_tensor", 22, "Sparse", False),
        ("sparse_tensors", 23, "Sparse", True),
    ],
    "Node": [
        ("input", 1, "bytes", True),
        ("output", 2, "bytes", True),
        ("op_type", 4, "bytes", False),
        ("attribute", 5, "Attribute", True),
        ("domain", 7, "bytes", False),
    ],
    "Graph": [
        ("node", 1, "Node", True),
        ("initializer", 5, "Tensor", True),
        ("input", 11, "Value", True),
        ("output", 12, "Value", True),
        ("sparse_initializer", 15, "Sparse", True),
    ],
    "Model": [
        ("graph", 7, "Graph", False),
        ("opset_import", 8, "Opset", True),
        ("training_info", 20, "Training", True),
        ("functions", 25, "Function", True),
    ],
}
"""The part of onnx.proto (IR version 13) that is looked at; other fields are skipped."""


@dataclass(frozen=True)
class Graph:
    """What the look found."""

    nodes: int
    """Nodes, those of nested graphs included."""
    class_labels: tuple[str, ...]
    """Labels of a classifier's columns; empty when the graph does not state them."""
    operators: frozenset[bytes]
    """Types of all nodes."""


def inspect(model: bytes) -> Graph:
    """Look into ``model``.

    Raises:
        LoadError: It is not an ONNX model, or holds what this server refuses: operators of other
            domains, local functions, training graphs, tensors in other files, weights that are
            no numbers, texts that are not UTF-8, more of something than the ``MAX_``s above.
    """
    parsed = _parse(model)
    _check_count("versions of operators", len(parsed.opset_import), MAX_OPSETS)
    for opset in parsed.opset_import:
        _check_domain(opset.domain)
    if parsed.functions:
        raise LoadError("model.onnx defines functions of its own; export it with standard ones")
    if parsed.training_info:
        raise LoadError("model.onnx holds training graphs; export it for inference")
    for side in ("input", "output"):
        values = getattr(parsed.graph, side)
        _check_count(f"{side}s", len(values), MAX_VALUES)
        for value in values:
            _check_name(side, value.name)
    nodes = tensors = 0
    operators = set()
    for graph in _graphs(parsed.graph):
        nodes += len(graph.node)
        tensors += len(graph.initializer) + len(graph.sparse_initializer)
        _check_count("nodes", nodes, MAX_NODES)
        _check_count("tensors", tensors, MAX_TENSORS)
        for tensor in _tensors(graph):
            _check_tensor(tensor)
        for node in graph.node:
            _check_domain(node.domain)
            _check_texts(node)
            check_weights(node)
            operators.add(node.op_type)
    if not nodes:
        raise LoadError("model.onnx holds no graph: it is empty or not an ONNX model")
    return Graph(nodes, class_labels(parsed.graph), frozenset(operators))


def prepare() -> None:
    """Import protobuf and build its messages now and not when the first model is there."""
    _message_class()


def _parse(model: bytes) -> Any:
    from google.protobuf.message import (  # type: ignore[import-untyped]  # noqa: PLC0415 - load only
        DecodeError,
    )

    try:
        return _message_class().FromString(model)
    except DecodeError as error:
        raise LoadError(
            "model.onnx is not an ONNX model, nests too deeply, or is too large to be parsed"
        ) from error


def _graphs(root: Any) -> Iterator[Any]:
    """Yield ``root`` and every graph nested in its nodes."""
    level = [root]
    for _ in range(MAX_DEPTH):
        yield from level
        level = [
            nested
            for graph in level
            for node in graph.node
            for attribute in node.attribute
            for nested in (*((attribute.g,) if attribute.HasField("g") else ()), *attribute.graphs)
        ]
        if not level:
            return
    raise LoadError(f"model.onnx nests graphs deeper than {MAX_DEPTH}")


def _tensors(graph: Any) -> Iterator[Any]:
    """Yield every tensor of a graph but those of graphs nested in it."""
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            yield attribute.t
            yield from attribute.tensors
            for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                yield from (sparse.values, sparse.indices)


def _check_count(what: str, count: int, most: int) -> None:
    if count > most:
        raise LoadError(f"model.onnx has more than {most} {what}")


def _check_name(side: str, name: bytes) -> None:
    """Refuse names that no request can hold, or no line of a log."""
    _check_text(name)
    if not name.decode().isprintable():
        raise LoadError(f"model.onnx has an {side} with a name that cannot be printed: {name!r}")


def _check_texts(node: Any) -> None:
    for attribute in node.attribute:
        _check_text(attribute.s)
        for value in attribute.strings:
            _check_text(value)


def _check_text(text: bytes) -> None:
    try:
        text.decode()
    except UnicodeDecodeError as error:
        raise LoadError(f"the text {text[:LONGEST_TEXT]!r} of model.onnx is not UTF-8") from error


def _check_domain(domain: bytes) -> None:
    if domain not in DOMAINS:
        name = domain.decode("utf-8", "replace")
        raise LoadError(
            f"model.onnx uses operators of the domain {name!r}; "
            "only those of ai.onnx and ai.onnx.ml are served"
        )


def _check_tensor(tensor: Any) -> None:
    if tensor.external_data or tensor.data_location == EXTERNAL:
        name = tensor.name.decode("utf-8", "replace")
        raise LoadError(
            f"the tensor {name!r} of model.onnx keeps its values in another file; "
            "save the model as one file"
        )
    for value in tensor.string_data:
        _check_text(value)


@cache
def _message_class() -> Any:
    """Build the message class of ``MESSAGES["Model"]``."""
    from google.protobuf import (  # type: ignore[import-untyped]  # noqa: PLC0415 - load only
        descriptor_pb2,
        descriptor_pool,
        message_factory,
    )

    kinds = descriptor_pb2.FieldDescriptorProto
    scalars = {name: getattr(kinds, f"TYPE_{name.upper()}") for name in SCALARS}
    file = descriptor_pb2.FileDescriptorProto(
        name="checkrail/onnx_look.proto", package="checkrail.look", syntax="proto2"
    )
    for message_name, fields in MESSAGES.items():
        message = file.message_type.add(name=message_name)
        for name, number, kind, repeated in fields:
            field = message.field.add(
                name=name,
                number=number,
                label=kinds.LABEL_REPEATED if repeated else kinds.LABEL_OPTIONAL,
                type=scalars.get(kind, kinds.TYPE_MESSAGE),
            )
            if kind not in scalars:
                field.type_name = f".checkrail.look.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("checkrail.look.Model"))
