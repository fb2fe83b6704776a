"""Trees, weights and signatures that no trainer publishes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto, helper

from checkrail_api.reports import Signature, Tensor
from harness.scoring_server import SIGNATURE, artifact_files, flight_model
from images.hostile.case import FAILS, MEMORY, RUNTIME, Hostile, model_of, tensor

if TYPE_CHECKING:
    from collections.abc import Iterator

node = helper.make_node
NAN, INFINITY = float("nan"), float("inf")
ML = "ai.onnx.ml"
TREE: dict[str, Any] = {
    "nodes_treeids": [0, 0, 0, 0, 0],
    "nodes_nodeids": [0, 1, 2, 3, 4],
    "nodes_featureids": [0, 0, 0, 0, 0],
    "nodes_modes": ["BRANCH_LEQ", "BRANCH_LEQ", "LEAF", "LEAF", "LEAF"],
    "nodes_values": [-9.0, 1.0, 0.0, 0.0, 0.0],
    "nodes_truenodeids": [1, 3, 0, 0, 0],
    "nodes_falsenodeids": [2, 4, 0, 0, 0],
    "target_treeids": [0, 0, 0],
    "target_nodeids": [2, 3, 4],
    "target_ids": [0, 0, 0],
    "target_weights": [0.25, 0.5, 0.75],
    "n_targets": 1,
}
"""A tree whose row of zeros goes right at once: the branch on the left is met by no trial."""
HUGE = 1 << 40
BROKEN_TREES: dict[str, dict[str, Any]] = {
    "a node that is its own child": {"nodes_truenodeids": [1, 1, 0, 0, 0]},
    "a root that is its own child": {"nodes_falsenodeids": [0, 4, 0, 0, 0]},
    "a circle through the root": {"nodes_truenodeids": [1, 0, 0, 0, 0]},
    "a circle of two": {
        "nodes_modes": ["BRANCH_LEQ", "BRANCH_LEQ", "LEAF", "BRANCH_LEQ", "LEAF"],
        "nodes_truenodeids": [1, 3, 0, 1, 0],
        "nodes_falsenodeids": [2, 4, 0, 4, 0],
    },
    "a child that is not there": {"nodes_truenodeids": [1, 99, 0, 0, 0]},
    "a child far away": {"nodes_truenodeids": [1, HUGE, 0, 0, 0]},
    "a negative child": {"nodes_truenodeids": [1, -1, 0, 0, 0]},
    "a child of another tree": {"nodes_treeids": [0, 0, 0, 1, 0]},
    "a node twice": {"nodes_nodeids": [0, 1, 2, 3, 3]},
    "a feature far away": {"nodes_featureids": [0, 1 << 28, 0, 0, 0]},
    "a negative feature": {"nodes_featureids": [0, -9, 0, 0, 0]},
    "a target far away": {"target_ids": [0, 1 << 28, 0]},
    "a negative target": {"target_ids": [0, -7, 0]},
    "a target of no node": {"target_nodeids": [2, 77, 4]},
    "a target of no tree": {"target_treeids": [0, 5, 0]},
    "fewer features than nodes": {"nodes_featureids": [0]},
    "fewer thresholds than nodes": {"nodes_values": [1.0]},
    "fewer children than nodes": {"nodes_truenodeids": [1]},
    "fewer modes than nodes": {"nodes_modes": ["BRANCH_LEQ"]},
    "fewer weights than targets": {"target_weights": [0.5]},
    "fewer targets than weights": {"target_ids": [0]},
    "no nodes": {name: [] for name in TREE if name.startswith("nodes_")},
    "an unknown mode": {"nodes_modes": ["BRANCH_LEQ", "JUMP", "LEAF", "LEAF", "LEAF"]},
    "many targets": {"n_targets": HUGE},
    "a negative number of targets": {"n_targets": -1},
    "no target": {"n_targets": 0},
    "base values of others": {"base_values": [0.5] * 7},
    "a threshold that is NaN": {"nodes_values": [-9.0, NAN, 0.0, 0.0, 0.0]},
    "a weight that is NaN": {"target_weights": [0.25, NAN, 0.75]},
    "a weight that is infinite": {"target_weights": [0.25, INFINITY, 0.75]},
    "a base value that is NaN": {"base_values": [NAN]},
}


BAD_TREE = f"{RUNTIME}|{FAILS}|{MEMORY}|model.onnx has NaN|at most 1048576 values"


def trees() -> Iterator[Hostile]:
    """Yield trees that lead in circles, or out of themselves; to no trial's rows, most of them."""
    for name, changes in BROKEN_TREES.items():
        attributes = {key: value for key, value in {**TREE, **changes}.items() if value != []}
        tree = node("TreeEnsembleRegressor", ["x"], ["y"], domain=ML, **attributes)
        yield Hostile(name, model_of(tree), BAD_TREE)
        if name.startswith(("a child", "a circle", "a target", "a weight")):
            renamed = {key.replace("target_", "class_"): value for key, value in attributes.items()}
            del renamed["n_targets"]
            classifier = node(
                *("TreeEnsembleClassifier", ["x"], ["label", "y"]),
                domain=ML,
                classlabels_int64s=[0, 1],
                **renamed,
            )
            sides = {"label": (TensorProto.INT64, ["rows"]), "y": (TensorProto.FLOAT, None)}
            model = model_of(classifier, outputs=sides)
            yield Hostile(f"{name}, of a classifier", model, BAD_TREE)


LINEAR: dict[str, Any] = {"coefficients": [1.0], "intercepts": [0.0]}
NOT_FINITE = "is not finite|model.onnx has NaN or infinity"


def weights() -> Iterator[Hostile]:
    """Yield models whose answers are no numbers, and weights that are not as many as they say."""
    for value in (NAN, INFINITY, -INFINITY):
        for name in LINEAR:
            changed = {**LINEAR, name: [value]}
            linear = node("LinearRegressor", ["x"], ["y"], domain=ML, **changed)
            yield Hostile(f"{name} of {value}", model_of(linear), NOT_FINITE)
        for operator in ("MatMul", "Add", "Mul"):
            factor = tensor("w", [[value]], np.float32)
            product = node(operator, ["x", "w"], ["y"])
            model = model_of(product, initializer=[factor])
            yield Hostile(f"{operator} by {value}", model, NOT_FINITE)
        scaler = node("Scaler", ["x"], ["y"], domain=ML, offset=[0.0], scale=[value])
        yield Hostile(f"a scale of {value}", model_of(scaler), NOT_FINITE)
    yield Hostile(
        "a division by zero",
        model_of(node("Sub", ["x", "x"], ["z"]), node("Div", ["x", "z"], ["y"])),
        NOT_FINITE,
    )
    failing = f"{RUNTIME}|{FAILS}|{NOT_FINITE}|trial of the model"
    few = node(
        "LinearClassifier",
        ["x"],
        ["l", "y"],
        domain=ML,
        coefficients=[1.0],
        intercepts=[0.0] * 9,
        classlabels_ints=list(range(9)),
    )
    sides = {"l": (TensorProto.INT64, None), "y": (TensorProto.FLOAT, None)}
    yield Hostile("fewer coefficients than classes", model_of(few, outputs=sides), failing)
    wrong = node("Gemm", ["x", "w"], ["y"])
    yield Hostile(
        "a matrix of another shape",
        model_of(wrong, initializer=[tensor("w", [[1.0]] * 7, np.float32)]),
        failing,
    )
    short = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1, 64], raw_data=b"\0" * 8)
    yield Hostile(
        "fewer bytes than the shape says",
        model_of(node("Add", ["x", "w"], ["y"]), initializer=[short]),
        failing,
    )
    encoder = node(
        "LabelEncoder", ["x"], ["y"], domain=ML, keys_floats=[0.0, 1.0], values_floats=[1.0]
    )
    yield Hostile("fewer values than keys", model_of(encoder), failing)
    gather = node("Gather", ["w", "i"], ["y"])
    model = model_of(gather, initializer=[tensor("w", [1.0], np.float32), tensor("i", [HUGE])])
    yield Hostile("an index out of range", model, failing)


def signatures() -> Iterator[Hostile]:
    """Yield signatures of another model than the one beside them."""
    model = flight_model()

    def changed(side: str, index: int, **fields: Any) -> Signature:
        tensors = [*getattr(SIGNATURE, side)]
        tensors[index] = tensors[index].model_copy(update=fields)
        return SIGNATURE.model_copy(update={side: tensors})

    more = Tensor(name="seats", datatype="FP32", shape=[-1, 1])
    for name, signature in {
        "another input": changed("inputs", 0, name="Distance"),
        "another output": changed("outputs", 0, name="y"),
        "another datatype": changed("inputs", 0, datatype="FP64"),
        "numbers for texts": changed("inputs", 2, datatype="INT64"),
        "texts for labels": changed("outputs", 0, datatype="BYTES"),
        "another rank": changed("inputs", 0, shape=[-1]),
        "more columns": changed("inputs", 0, shape=[-1, 2]),
        "more classes": changed("outputs", 1, shape=[-1, 3]),
        "an input more": SIGNATURE.model_copy(update={"inputs": [*SIGNATURE.inputs, more]}),
        "an output more": SIGNATURE.model_copy(update={"outputs": [*SIGNATURE.outputs, more]}),
        "an input less": SIGNATURE.model_copy(update={"inputs": SIGNATURE.inputs[:-1]}),
        "an output less": SIGNATURE.model_copy(update={"outputs": SIGNATURE.outputs[:-1]}),
    }.items():
        files = artifact_files(model, signature)
        yield Hostile(name, model, "signature.json states", files=files)
    for name, document in {
        "no signature": {},
        "a signature of nothing": {"inputs": [], "outputs": []},
        "a signature of texts": {"inputs": "x", "outputs": "y"},
        "an unknown datatype": {
            "inputs": [{"name": "x", "datatype": "FP128", "shape": [1]}],
            "outputs": [],
        },
    }.items():
        files = artifact_files(model, SIGNATURE)
        content = json.dumps(document).encode()
        yield Hostile(name, model, "signature.json", files={**files, "signature.json": content})
