"""Models of one packed matrix, made without a trainer: linear ones, trees, and odd ones."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto, helper

from harness.scoring_server import serialised

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onnx import NodeProto

FEATURES = 3


def model_of(nodes: Sequence[NodeProto], *, features: int = FEATURES) -> bytes:
    """Return a model from ``matrix`` (rows, features) to ``score`` (rows, 1), all of FP32."""
    graph = helper.make_graph(
        list(nodes),
        "one-matrix",
        [helper.make_tensor_value_info("matrix", TensorProto.FLOAT, ["rows", features])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["rows", 1])],
    )
    return serialised(graph)


def linear_model(features: int = FEATURES) -> bytes:
    """Return a logistic regression as our trainer writes it."""
    weights = np.random.default_rng(1).normal(size=features).tolist()
    tensor = helper.make_tensor("weights", TensorProto.FLOAT, [features, 1], weights)
    return model_of(
        [
            helper.make_node("Constant", [], ["weights"], value=tensor),
            helper.make_node("MatMul", ["matrix", "weights"], ["sums"]),
            helper.make_node("Sigmoid", ["sums"], ["score"]),
        ],
        features=features,
    )


def sum_model() -> bytes:
    """Return a model that answers the sum of a row, which may be infinite."""
    ones = helper.make_tensor("ones", TensorProto.FLOAT, [FEATURES, 1], [1.0] * FEATURES)
    return model_of(
        [
            helper.make_node("Constant", [], ["ones"], value=ones),
            helper.make_node("MatMul", ["matrix", "ones"], ["score"]),
        ]
    )


def tree_model(features: int = FEATURES, trees: int = 20, depth: int = 4) -> bytes:
    """Return full trees with random thresholds and leaves."""
    random = np.random.default_rng(7)
    inner, all_nodes = 2**depth - 1, 2 ** (depth + 1) - 1
    ids = np.tile(np.arange(all_nodes), trees)
    of_trees = np.repeat(np.arange(trees), all_nodes)
    is_leaf = ids >= inner
    leaves = np.flatnonzero(is_leaf)
    node = helper.make_node(
        "TreeEnsembleRegressor",
        ["matrix"],
        ["score"],
        domain="ai.onnx.ml",
        n_targets=1,
        nodes_treeids=of_trees.tolist(),
        nodes_nodeids=ids.tolist(),
        nodes_featureids=np.where(is_leaf, 0, random.integers(0, features, len(ids))).tolist(),
        nodes_values=np.where(is_leaf, 0, random.normal(size=len(ids))).tolist(),
        nodes_modes=["LEAF" if leaf else "BRANCH_LT" for leaf in is_leaf],
        nodes_truenodeids=np.where(is_leaf, 0, 2 * ids + 1).tolist(),
        nodes_falsenodeids=np.where(is_leaf, 0, 2 * ids + 2).tolist(),
        target_treeids=of_trees[leaves].tolist(),
        target_nodeids=ids[leaves].tolist(),
        target_ids=[0] * len(leaves),
        target_weights=random.normal(size=len(leaves)).tolist(),
    )
    return model_of([node], features=features)


def dropping_model(value: float) -> bytes:
    """Return a model that answers the sums of rows, and none of those that begin with ``value``."""
    constants = [
        helper.make_tensor("ones", TensorProto.FLOAT, [FEATURES, 1], [1.0] * FEATURES),
        helper.make_tensor("place", TensorProto.INT64, [], [0]),
        helper.make_tensor("value", TensorProto.FLOAT, [], [value]),
    ]
    dropped = (
        helper.make_node("IsNaN", ["first"], ["dropped"])
        if math.isnan(value)
        else helper.make_node("Equal", ["first", "value"], ["dropped"])
    )
    return model_of(
        [
            *(helper.make_node("Constant", [], [each.name], value=each) for each in constants),
            helper.make_node("Gather", ["matrix", "place"], ["first"], axis=1),
            dropped,
            helper.make_node("Not", ["dropped"], ["kept"]),
            helper.make_node("Compress", ["matrix", "kept"], ["rest"], axis=0),
            helper.make_node("MatMul", ["rest", "ones"], ["score"]),
        ]
    )


def centring_model() -> bytes:
    """Return a model that answers how far a row is from the mean of its batch."""
    axes = helper.make_tensor("axes", TensorProto.INT64, [1], [0])
    columns = helper.make_tensor("columns", TensorProto.INT64, [1], [1])
    return model_of(
        [
            helper.make_node("Constant", [], ["axes"], value=axes),
            helper.make_node("Constant", [], ["columns"], value=columns),
            helper.make_node("ReduceMean", ["matrix", "axes"], ["mean"]),
            helper.make_node("Sub", ["matrix", "mean"], ["centred"]),
            helper.make_node("ReduceSum", ["centred", "columns"], ["score"]),
        ]
    )
