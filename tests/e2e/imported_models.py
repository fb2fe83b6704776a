"""Small ONNX models with one input and one score, good ones and bad ones, and how to import them.

Each is a real model that the real server runs: what is wrong with a version is in its graph.
"""

import hashlib
from collections.abc import Mapping

from demo.team import FIRST_QUARTER, Body, Team, example
from onnx import NodeProto, TensorProto, helper

from checkrail_api.artifact import MANIFEST_FILE, MODEL_FILE, FeatureProfile, Profile
from checkrail_api.reports import Signature, Tensor
from e2e.bucket import write_object
from harness.scoring_server import artifact_files, serialised

LINE = "steady"
EDGES = [round(0.1 * n, 1) for n in range(1, 10)]
SIGNATURE = Signature(
    inputs=[Tensor(name="x", datatype="FP32", shape=[-1, 1])],
    outputs=[Tensor(name="score", datatype="FP32", shape=[-1, 1])],
)
WIDE = 500
"""Rows of a square matrix whose product with itself keeps a core busy for some milliseconds: slow
for a model, and yet it answers every request."""


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


def shifted(number: int) -> bytes:
    """Return a model whose scores are all between 0.8 and 1."""
    return of(
        constant("fifth", 0.2),
        constant("most", 0.8),
        helper.make_node("Mul", ["x", "fifth"], ["less"]),
        helper.make_node("Add", ["less", "most"], ["score"]),
        number=number,
    )


def slow(number: int) -> bytes:
    """Return a model that multiplies large matrices before it answers its input.

    The matrix is 1/n everywhere, so that its powers are itself, and depends on the input, so that
    nothing of it can be worked out beforehand.
    """
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [WIDE, WIDE])
    return of(
        constant("zero", 0.0),
        constant("part", 1 / WIDE),
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


def import_version(team: Team, model: bytes, *, line: str = LINE) -> str:
    """Put a model and its profile into the store, record it, and return its version's name."""
    profile = Profile(
        features=[FeatureProfile(name="x", datatype="FP32", null_rate="0", min="0", max="1")],
        score_output="score",
        score_edges=EDGES,
    )
    digest = hashlib.sha256(model).hexdigest()
    uri = f"s3://models/imported/{digest}"
    publish(uri, artifact_files(model, SIGNATURE, profile))
    name = f"{line}-{digest[:8]}"
    store: Body = example(FIRST_QUARTER)["spec"]["store"]
    spec = {
        "model": line,
        "artifact": {"uri": uri, "sha256": digest, "sizeBytes": len(model), "format": "ONNX"},
        "signature": SIGNATURE.dump(),
        "scores": {"output": "score", "edges": [str(edge) for edge in EDGES]},
        "store": {key: value for key, value in store.items() if key != "uri"},
    }
    team.apply(version(name, spec))
    return name


def version(name: str, spec: Body) -> Body:
    """Return a ModelVersion."""
    return {
        "apiVersion": "checkrail.dev/v1alpha1",
        "kind": "ModelVersion",
        "metadata": {"name": name},
        "spec": spec,
    }


def publish(uri: str, files: Mapping[str, bytes]) -> None:
    """Write the files, the manifest last."""
    for name in sorted(files, key=lambda each: (each == MANIFEST_FILE, each != MODEL_FILE)):
        write_object(f"{uri}/{name}", files[name])
