"""The graph of a workflow is fitted in, whatever its names are, or refused with a sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from checkrail_trainer.classes import Classes
from checkrail_trainer.encoding import Encoding
from checkrail_trainer.estimator_graph import GraphError
from checkrail_trainer.export import export

ENCODING = Encoding(("a", "b"), {}, None)


def estimator(**changes: Any) -> Any:
    """A model that halves and shares out: p = (a / 2, b / 2)."""
    given: dict[str, Any] = {
        "inputs": ["matrix"],
        "answer": "probabilities",
        "kind": TensorProto.DOUBLE,
        "opset": ("", 21),
        "node": "Mul",
        "columns": 2,
        "wide": False,
    } | changes
    kind, answer = given["kind"], given["answer"]
    graph = helper.make_graph(
        [
            helper.make_node("Constant", [], ["checkrail_matrix"], value=_tensor(0.5, kind)),
            helper.make_node(given["node"], [given["inputs"][0], "checkrail_matrix"], ["half"]),
            helper.make_node("Concat", ["half"] * (1 + given["wide"]), [answer], axis=1),
        ],
        "halves",
        [helper.make_tensor_value_info(each, kind, ["rows", 2]) for each in given["inputs"]],
        [helper.make_tensor_value_info(answer, kind, ["rows", given["columns"]])],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid(*given["opset"])])


def _tensor(value: float, kind: int) -> TensorProto:
    return numpy_helper.from_array(np.asarray([value], helper.tensor_dtype_to_np_dtype(kind)))


def answers(model: bytes) -> list[Any]:
    rows = {name: np.asarray([[2.0]], np.float32) for name in ("a", "b")}
    session = onnxruntime.InferenceSession(model)
    return [each.tolist() for each in session.run(None, rows)]


@pytest.mark.parametrize(
    "kind",
    [pytest.param(TensorProto.DOUBLE, id="double"), pytest.param(TensorProto.FLOAT, id="float")],
)
def test_names_and_types_of_the_estimator_are_its_own_affair(kind: int) -> None:
    """Its constant has the name of our matrix, and it may compute in double."""
    classes = Classes(("no", "yes"))

    model = export(ENCODING, ("a", "b"), classes, estimator(kind=kind), "0" * 64)

    assert answers(model) == [["no"], [[1.0, 1.0]]]


def test_a_column_of_predictions_becomes_a_row_of_them() -> None:
    one = estimator(answer="prediction", node="Gemm", columns=1)
    one.graph.node[0].attribute[0].t.CopyFrom(numpy_helper.from_array(np.full((2, 1), 0.5)))

    assert answers(export(ENCODING, ("a", "b"), None, one, "0" * 64)) == [[2.0]]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"inputs": ["x", "y"]}, "inputs are x, y; expected one", id="two inputs"),
        pytest.param({"kind": TensorProto.INT64}, "a float or double", id="whole numbers"),
        pytest.param({"answer": "label"}, "outputs are label; expected `prob", id="no answer"),
        pytest.param({"opset": ("", 22)}, "version 22 of the operators 'ai.onnx'", id="too new"),
        pytest.param({"opset": ("com.acme", 1)}, "operators 'com.acme'", id="foreign operators"),
        pytest.param({"node": "Nonsense"}, "not valid ONNX: .*Nonsense", id="no such operator"),
        pytest.param({"wide": True}, "not valid ONNX", id="another number of classes"),
    ],
)
def test_a_graph_that_does_not_fit_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(GraphError, match=said):
        export(ENCODING, ("a", "b"), Classes((0, 1)), estimator(**changes), "0" * 64)
