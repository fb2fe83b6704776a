"""Trees of any library as one ONNX node, exactly as the library decides and sums.

scikit-learn compares float32 features with float64 thresholds and sums float64 leaves, so the node
computes in double: no threshold is rounded, and trees that tie in scikit-learn tie here. Where NaN
goes is said at every branch, which skl2onnx 1.20 leaves out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from checkrail_api.artifact import MAX_MODEL_BYTES
from checkrail_api.reasons import Reason
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.preprocessor import IR_VERSION, OPSETS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from onnx import ModelProto, NodeProto

NODE_BYTES, WEIGHT_BYTES = 32, 16
"""Of the model, for a node and for what a leaf adds to one sum (measured: 31 and 15.8)."""
MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Tree:
    """One tree by its nodes, ``(nodes,)`` each; node 0 is the root."""

    left: NDArray[np.int64]
    """Node to go to where the feature is at most the threshold; anything at a leaf."""
    right: NDArray[np.int64]
    """The other one."""
    feature: NDArray[np.int64]
    """Column that is compared."""
    threshold: NDArray[np.float64]
    """What it is compared with; infinity parts NaN from all numbers."""
    nan_left: NDArray[np.bool_]
    """Whether NaN goes left."""
    is_leaf: NDArray[np.bool_]
    """Which nodes end the way."""
    values: NDArray[np.float64]
    """``(nodes, some)``: what a leaf adds to some of the sums."""
    first: int = 0
    """The first of these sums; the others follow."""


def sums_node(trees: Sequence[Tree], base: Sequence[float]) -> NodeProto:
    """Return the node from ``wide`` (rows, columns) double to ``sums`` (rows, sums) float.

    Args:
        trees: All of them.
        base: What each sum begins with.
    """
    sizes = [len(each.left) for each in trees]
    is_leaf = np.concatenate([each.is_leaf for each in trees])

    def branches(name: str) -> NDArray[Any]:
        values = np.concatenate([getattr(each, name) for each in trees])
        return np.where(is_leaf, np.zeros(1, dtype=values.dtype), values)

    return helper.make_node(
        "TreeEnsembleRegressor",
        ["wide"],
        ["sums"],
        "trees",
        domain="ai.onnx.ml",
        n_targets=len(base),
        aggregate_function="SUM",
        post_transform="NONE",
        base_values_as_tensor=_double(base),
        nodes_treeids=np.repeat(np.arange(len(trees)), sizes).tolist(),
        nodes_nodeids=np.concatenate([np.arange(size) for size in sizes]).tolist(),
        nodes_featureids=branches("feature").tolist(),
        nodes_modes=np.where(is_leaf, "LEAF", "BRANCH_LEQ").tolist(),
        nodes_values_as_tensor=_double(branches("threshold")),
        nodes_truenodeids=branches("left").tolist(),
        nodes_falsenodeids=branches("right").tolist(),
        nodes_missing_value_tracks_true=branches("nan_left").astype(np.int64).tolist(),
        **_leaves(trees),
    )


def _leaves(trees: Sequence[Tree]) -> dict[str, Any]:
    """Return the attributes that say what each leaf adds to which sum."""
    places = [np.flatnonzero(each.is_leaf) for each in trees]
    values = [each.values[found] for each, found in zip(trees, places, strict=True)]
    sums = [
        np.broadcast_to(np.arange(each.first, each.first + added.shape[1]), added.shape)
        for each, added in zip(trees, values, strict=True)
    ]
    return {
        "target_treeids": np.repeat(np.arange(len(trees)), [each.size for each in values]).tolist(),
        "target_nodeids": np.concatenate(
            [np.repeat(found, each.shape[1]) for found, each in zip(places, values, strict=True)]
        ).tolist(),
        "target_ids": np.concatenate([each.ravel() for each in sums]).tolist(),
        "target_weights_as_tensor": _double(np.concatenate([each.ravel() for each in values])),
    }


def tree_model(
    trees: Sequence[Tree],
    base: Sequence[float],
    columns: int,
    answer: tuple[str, int],
    *nodes: NodeProto,
) -> ModelProto:
    """Return a model of the trees and of the ``nodes`` behind their ``sums``.

    Args:
        trees: All of them.
        base: What each sum begins with.
        columns: Columns of the matrix.
        answer: Name and columns of the output.
        nodes: From ``sums``, float ``(rows, sums)``, to the output.

    Raises:
        RunFailedError: BadParams; there is more of them than a server loads.
    """
    nodes_found = sum(len(each.left) for each in trees)
    weights = sum(int(each.is_leaf.sum()) * each.values.shape[1] for each in trees)
    size = nodes_found * NODE_BYTES + weights * WEIGHT_BYTES
    if size > MAX_MODEL_BYTES:
        raise RunFailedError(
            Reason.BAD_PARAMS,
            f"the {len(trees)} trees have {nodes_found:,} nodes: the model would have about "
            f"{size // MEBIBYTE:,} MiB, a server loads at most {MAX_MODEL_BYTES // MEBIBYTE:,}. "
            "Bound the trees in spec.train.params by their number, their depth, their leaves, or "
            "the rows of a leaf",
        )
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["matrix"], ["wide"], to=TensorProto.DOUBLE),
            sums_node(trees, base),
            *nodes,
        ],
        "trees",
        [helper.make_tensor_value_info("matrix", TensorProto.FLOAT, ["rows", columns])],
        [helper.make_tensor_value_info(answer[0], TensorProto.FLOAT, ["rows", answer[1]])],
    )
    return helper.make_model(
        graph,
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid(*each) for each in OPSETS.items()],
    )


def logistic() -> list[NodeProto]:
    """Return the nodes from one sum to the probabilities of two classes."""
    return [
        helper.make_node("Sigmoid", ["sums"], ["second"]),
        helper.make_node("Neg", ["sums"], ["negated"]),
        helper.make_node("Sigmoid", ["negated"], ["first"]),
        helper.make_node("Concat", ["first", "second"], ["probabilities"], axis=1),
    ]


def softmax() -> list[NodeProto]:
    """Return the node from a sum per class to their probabilities."""
    return [helper.make_node("Softmax", ["sums"], ["probabilities"], axis=1)]


def thresholds(trees: Sequence[Tree]) -> dict[int, NDArray[np.float32]]:
    """Return every threshold by column, rounded down: float32 ``x <= t`` decides the same."""
    features = np.concatenate([each.feature[~each.is_leaf] for each in trees])
    values = np.concatenate([each.threshold[~each.is_leaf] for each in trees])
    finite = np.isfinite(values)
    features, values = features[finite], values[finite]
    near = values.astype(np.float32)
    down = np.where(near > values, np.nextafter(near, np.float32(-np.inf)), near)
    return {int(each): np.unique(down[features == each]) for each in np.unique(features)}


def _double(values: Sequence[float] | NDArray[np.generic]) -> TensorProto:
    return numpy_helper.from_array(np.asarray(values, dtype=np.float64))
