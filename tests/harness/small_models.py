"""Small ONNX models with one input and one score, good ones and bad ones.

Each is a real model that the real server runs: what is wrong with a version is in its graph.
"""

import time

import numpy as np
import onnxruntime
from onnx import NodeProto, TensorProto, helper

from harness.scoring_server import serialised

WIDE = 700
"""Rows of the square matrix by which the speed of a core is measured."""
RUNS = 9


def constant(name: str, *values: float) -> NodeProto:
    """Return a constant of FP32."""
    tensor = helper.make_tensor(name, TensorProto.FLOAT, [len(values)], values)
    return helper.make_node("Constant", [], [name], value=tensor)


def of(*nodes: NodeProto, number: int) -> bytes:
    """Return a model that makes ``score`` from ``x``; another ``number`` is another digest."""
    graph = helper.make_graph(
        nodes,
        f"model {number}",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 1])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["rows", 1])],
    )
    return serialised(graph)


def good(number: int) -> bytes:
    """Return a model whose score is its input."""
    return of(helper.make_node("Identity", ["x"], ["score"]), number=number)


def not_finite_above(limit: float, number: int) -> bytes:
    """Return a model whose score is NaN where its input is above ``limit``."""
    return of(
        constant("limit", limit),
        constant("nan", float("nan")),
        helper.make_node("Greater", ["x", "limit"], ["above"]),
        helper.make_node("Where", ["above", "nan", "x"], ["score"]),
        number=number,
    )


def failing_above(limit: float, number: int) -> bytes:
    """Return a model that cannot be computed where its input is above ``limit``.

    There it asks for the second of one element, which ONNX Runtime refuses when it comes to it.
    """
    return of(
        constant("limit", limit),
        constant("only", 0.0),
        helper.make_node("Greater", ["x", "limit"], ["above"]),
        helper.make_node("Cast", ["above"], ["place"], to=TensorProto.INT64),
        helper.make_node("Gather", ["only", "place"], ["nothing"]),
        helper.make_node("Add", ["x", "nothing"], ["score"]),
        number=number,
    )


def shifted(number: int) -> bytes:
    """Return a model whose scores are all between 0.8 and 1."""
    return of(
        constant("fifth", 0.2),
        constant("most", 0.8),
        helper.make_node("Mul", ["x", "fifth"], ["less"]),
        helper.make_node("Add", ["less", "most"], ["score"]),
        number=number,
    )


def slow(number: int, wide: int) -> bytes:
    """Return a model that multiplies square matrices of ``wide`` rows before it answers its input.

    The matrix is 1/n everywhere, so that its powers are itself, and depends on the input, so that
    nothing of it can be worked out beforehand.
    """
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [wide, wide])
    return of(
        constant("zero", 0.0),
        constant("part", 1 / wide),
        helper.make_node("Constant", [], ["shape"], value=shape),
        helper.make_node("ReduceMean", ["x"], ["mean"], keepdims=1),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "part"], ["entry"]),
        helper.make_node("Expand", ["entry", "shape"], ["m0"]),
        helper.make_node("MatMul", ["m0", "m0"], ["m1"]),
        helper.make_node("MatMul", ["m1", "m0"], ["m2"]),
        helper.make_node("ReduceMean", ["m2"], ["busy"], keepdims=1),
        helper.make_node("Mul", ["busy", "zero"], ["none"]),
        helper.make_node("Add", ["x", "none"], ["score"]),
        number=number,
    )


def wide_for(seconds: float) -> int:
    """Return how wide a slow model is that takes a core of this machine ``seconds`` a run."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(slow(0, WIDE), options)

    def run() -> float:
        started = time.thread_time()
        session.run(None, {"x": np.ones((1, 1), np.float32)})
        return time.thread_time() - started

    fastest = min(run() for _ in range(RUNS))
    times_wider: float = (seconds / fastest) ** (1 / 3)
    return round(WIDE * times_wider)
