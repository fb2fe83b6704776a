"""One hostile artifact, and what it is made with."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from harness.scoring_server import artifact_files, serialised

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import ArrayLike
    from onnx import GraphProto, NodeProto, ValueInfoProto

LOOK = "model.onnx "
"""How refusals of the look into the model begin."""
CAUSE = r": .*[^\s:]$"
"""What follows where a refusal tells what ONNX Runtime said, or C++."""
RUNTIME = f"ONNX Runtime does not load model.onnx{CAUSE}"
NOT_A_MODEL = "model.onnx is not an ONNX model|model.onnx holds no graph"
MEMORY = f"takes more than the .* MiB of a trial{CAUSE}"
FAILS = f"the model fails on (a row of zeros and on one of ones|.* equal rows){CAUSE}"


@dataclass(frozen=True)
class Hostile:
    """An artifact that must be refused."""

    name: str
    """What is wrong with it."""
    model: bytes
    reason: str
    """Regular expression that the refusal must match somewhere."""
    files: dict[str, bytes] = field(default_factory=dict)
    """Files that take the place of those of a right artifact of ``model``."""
    links: dict[str, str] = field(default_factory=dict)
    """Files that are symbolic links, and where they point."""
    pipes: tuple[str, ...] = ()
    """Files that are named pipes."""

    @property
    def sha256(self) -> str:
        """Digest of the model."""
        return hashlib.sha256(self.model).hexdigest()

    def write(self, folder: Path) -> None:
        """Write the artifact into ``folder``, a new one."""
        folder.mkdir(parents=True)
        for name, content in {**artifact_files(self.model), **self.files}.items():
            (folder / name).write_bytes(content)
        for name in (*self.links, *self.pipes):
            (folder / name).unlink(missing_ok=True)
        for name, target in self.links.items():
            (folder / name).symlink_to(target)
        for name in self.pipes:
            os.mkfifo(folder / name)


def graph_of(
    nodes: Sequence[NodeProto],
    initializer: Sequence[TensorProto] = (),
    *,
    inputs: dict[str, tuple[int, Any]] | None = None,
    outputs: dict[str, tuple[int, Any]] | None = None,
) -> GraphProto:
    """Return a graph, unless told otherwise from ``x`` (rows, 1) FP32 to ``y`` FP32."""
    taken = _values(inputs or {"x": (TensorProto.FLOAT, ["rows", 1])})
    answered = _values(outputs or {"y": (TensorProto.FLOAT, None)})
    return helper.make_graph(list(nodes), "g", taken, answered, initializer=list(initializer))


def _values(side: dict[str, tuple[int, Any]]) -> list[ValueInfoProto]:
    return [
        helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in side.items()
    ]


def model_of(*nodes: NodeProto, **parts: Any) -> bytes:
    """Return a model of ``graph_of``."""
    return serialised(graph_of(nodes, **parts))


def tensor(name: str, values: ArrayLike, dtype: Any = np.int64) -> TensorProto:
    """Return an initializer."""
    return numpy_helper.from_array(np.asarray(values, dtype), name)


def identity(source: str = "x") -> NodeProto:
    """Return the node that answers ``source``."""
    return helper.make_node("Identity", [source], ["y"])


def varint(number: int) -> bytes:
    """Return a number as protobuf writes it."""
    number &= (1 << 64) - 1
    content = bytearray()
    while number > 0x7F:
        content.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*content, number))


def message(number: int, content: bytes) -> bytes:
    """Return field ``number`` of a protobuf message, of bytes."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def wire_model(graph: bytes = b"", rest: bytes = b"") -> bytes:
    """Return a model whose graph is ``graph``, as protobuf writes it, and what follows it."""
    opset = message(8, message(1, b"") + varint(2 << 3) + varint(18))
    return varint(1 << 3) + varint(9) + message(7, graph) + opset + rest
