"""What is left of a message of ONNX Runtime for people who know none of its source."""

from __future__ import annotations

import pytest

from checkrail_server.runtime_errors import LONGEST, sentence

TREE = (
    "[ONNXRuntimeError] : 1 : FAIL : Exception during initialization: /onnxruntime_src/core/"
    "tree_ensemble_common.h:288 onnxruntime::common::Status onnxruntime::TreeEnsembleCommon<T, U>"
    "::Init(int, const onnxruntime::Attributes<T>&) [with T = float; U = float] A node cannot "
    "point to itself: 0-1 (truenode).\n"
)
GRAPH = (
    "[ONNXRuntimeError] : 1 : FAIL : /onnxruntime_src/core/graph/graph.cc:1617 void onnxruntime::"
    "Graph::Initialize(std::function<void (int)>) const Graph output (y) does not exist."
)


@pytest.mark.parametrize(
    ("message", "want"),
    [
        pytest.param(
            TREE,
            "[ONNXRuntimeError] : 1 : FAIL : Exception during initialization: A node cannot point "
            "to itself: 0-1 (truenode).",
            id="a template",
        ),
        pytest.param(
            GRAPH,
            "[ONNXRuntimeError] : 1 : FAIL : Graph output (y) does not exist.",
            id="a function",
        ),
        pytest.param("no place at all (1)", "no place at all (1)", id="a plain sentence"),
        pytest.param("x" * 9_999, "x" * LONGEST, id="a long one"),
        pytest.param("", "ValueError", id="nothing"),
    ],
)
def test_a_message_keeps_its_sentence(message: str, want: str) -> None:
    assert sentence(ValueError(message)) == want
