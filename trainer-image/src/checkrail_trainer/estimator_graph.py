"""A workflow's own ONNX graph, checked and fitted between our encoding and our answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto, compose, helper, numpy_helper

from checkrail_trainer.preprocessor import MATRIX, ML_OPSET, OPSET

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, ValueInfoProto

PROBABILITIES = "probabilities"
PREDICTION = "prediction"
PREFIX = "checkrail_estimator_"
DOMAINS = {"": OPSET, "ai.onnx": OPSET, "ai.onnx.ml": ML_OPSET}
"""Highest operator sets of an estimator. Most operators did not change since older ones; where one
did, the check of the whole graph or the parity check tells."""
FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE)


class GraphError(Exception):
    """The estimator's graph does not fit; the message says what was found and expected."""


def embed(estimator: ModelProto, answer: str) -> tuple[list[NodeProto], list[TensorProto]]:
    """Return nodes and constants from ``MATRIX`` to ``answer``, inner names behind a prefix.

    The estimator may compute in double: it is given what it takes, and its answer is rounded to
    FP32, ``(rows, classes)`` or ``(rows,)``.

    Raises:
        GraphError: Its inputs, its outputs or its operators are not what we embed.
    """
    taken = _input(estimator)
    _check_output(estimator, answer)
    _check_operators(estimator)
    graph = compose.add_prefix(estimator, PREFIX).graph
    for number, node in enumerate(graph.node):
        node.name = f"{PREFIX}{number}"
    begin, rounded = f"{PREFIX}{taken.name}", f"{answer}_as_given"
    nodes = [
        _cast(MATRIX, begin, taken.type.tensor_type.elem_type),
        *graph.node,
        _cast(f"{PREFIX}{answer}", f"checkrail_{rounded}", TensorProto.FLOAT),
        *_shaped(f"checkrail_{rounded}", answer),
    ]
    return nodes, list(graph.initializer)


def _shaped(given: str, answer: str) -> list[NodeProto]:
    if answer == PROBABILITIES:
        return [helper.make_node("Identity", [given], [answer], answer)]
    shape = "checkrail_rows"
    rows = numpy_helper.from_array(np.asarray([-1], dtype=np.int64), shape)
    return [
        helper.make_node("Constant", [], [shape], shape, value=rows),
        helper.make_node("Reshape", [given, shape], [answer], answer),
    ]


def _cast(given: str, made: str, kind: int) -> NodeProto:
    return helper.make_node("Cast", [given], [made], f"{made}_cast", to=kind)


def _input(estimator: ModelProto) -> ValueInfoProto:
    constants = {each.name for each in estimator.graph.initializer}
    found = [each for each in estimator.graph.input if each.name not in constants]
    if len(found) != 1 or found[0].type.tensor_type.elem_type not in FLOATS:
        told = ", ".join(each.name for each in found) or "none"
        raise GraphError(f"its inputs are {told}; expected one, a float or double tensor")
    taken: ValueInfoProto = found[0]
    return taken


def _check_output(estimator: ModelProto, answer: str) -> None:
    found = {each.name: each for each in estimator.graph.output}
    if answer not in found or found[answer].type.tensor_type.elem_type not in FLOATS:
        told = ", ".join(found) or "none"
        raise GraphError(f"its outputs are {told}; expected `{answer}`, a float or double tensor")


def _check_operators(estimator: ModelProto) -> None:
    for each in estimator.opset_import:
        if each.version > DOMAINS.get(each.domain, 0):
            raise GraphError(
                f"it uses version {each.version} of the operators {each.domain or 'ai.onnx'!r}; "
                f"expected at most {OPSET} of ai.onnx and {ML_OPSET} of ai.onnx.ml, and no others"
            )
    if estimator.functions or estimator.graph.sparse_initializer:
        raise GraphError("it has functions or sparse constants; expected plain nodes only")
