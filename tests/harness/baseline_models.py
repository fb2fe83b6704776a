"""Tiny models that a run is compared with, and the hold-out that they are scored on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from checkrail_api.object_store import ObjectStore
from checkrail_api.run import BaselineModel
from checkrail_api.workflows import Task
from checkrail_trainer.baselines import MEMORY_BYTES, Baseline, opened
from checkrail_trainer.classes import Classes
from checkrail_trainer.prepared import Prepared
from checkrail_trainer.table import Categories, Table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FLOAT, TEXT, INT = TensorProto.FLOAT, TensorProto.STRING, TensorProto.INT64
GIVEN = BaselineModel(
    reference="Serving",
    version="model-11111111",
    uri="s3://models/model",
    sha256="1" * 64,
    store=ObjectStore(),
)


def classifier(
    inputs: Mapping[str, tuple[int, list[Any]]] | None = None, labels: list[Any] | None = None
) -> bytes:
    """Return a model that answers 1 - x and x, and their labels; it reads its first input only."""
    asked = inputs or {"x": (FLOAT, ["rows", 1])}
    values = np.array([0, 1] if labels is None else labels)
    first = next(iter(asked))
    nodes = [
        helper.make_node("Cast", [first], ["cast"], to=FLOAT),
        helper.make_node("Reshape", ["cast", "column"], ["share"]),
        helper.make_node("Sub", ["one", "share"], ["rest"]),
        helper.make_node("Concat", ["rest", "share"], ["probabilities"], axis=1),
        helper.make_node("ArgMax", ["probabilities"], ["best"], axis=1, keepdims=0),
        helper.make_node("Gather", ["names", "best"], ["label"], axis=0),
    ]
    kind = INT if values.dtype == np.int64 else TEXT
    return onnx_model(
        nodes,
        [helper.make_tensor_value_info(name, *each) for name, each in asked.items()],
        [
            helper.make_tensor_value_info("label", kind, ["rows"]),
            helper.make_tensor_value_info("probabilities", FLOAT, ["rows", 2]),
        ],
        {
            "one": np.ones(1, dtype=np.float32),
            "column": np.array([-1, 1]),
            "names": values if kind == INT else values.astype(object),
        },
    )


def regressor() -> bytes:
    """Return a model that answers x, without labels."""
    return onnx_model(
        [helper.make_node("Identity", ["x"], ["prediction"])],
        [helper.make_tensor_value_info("x", FLOAT, ["rows", 1])],
        [helper.make_tensor_value_info("prediction", FLOAT, ["rows", 1])],
        {},
    )


def onnx_model(nodes: Any, inputs: Any, outputs: Any, constants: dict[str, Any]) -> bytes:
    """Return a model of one graph, with these constants by name."""
    tensors = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    return bytes(model.SerializeToString())


def baseline(model: bytes, folder: Path, memory_bytes: int = MEMORY_BYTES) -> Baseline:
    """Return ``model`` as the limited process has opened it, in ``folder``."""
    (folder / "model.onnx").write_bytes(model)
    return opened(GIVEN, folder, memory_bytes)


SHARES = np.array([0.9, 0.2, 0.4, 0.7], dtype=np.float32)
PLACES = Categories(
    codes=np.array([0, 1, 2, 0], dtype=np.int32),
    values=np.array(["JFK", "", "Zürich \N{AIRPLANE}"], dtype=object),
)


def prepared(**columns: Any) -> Prepared:
    """Return a binary classification whose hold-out has these columns."""
    holdout = Table(features=(), columns=columns, labels=np.array([1, 0, 0, 1]))
    return Prepared(
        train=holdout,
        holdout=holdout,
        task=Task.CLASSIFICATION,
        classes_found=Classes((0, 1)),
        used=[],
        filters=[],
        origins={},
    )


PREPARED = prepared(x=SHARES)
REGRESSION = replace(PREPARED, task=Task.REGRESSION, classes_found=None)
