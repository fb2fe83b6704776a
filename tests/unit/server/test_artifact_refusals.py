"""What the server refuses to serve, by what it says."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from checkrail_api.artifact import (
    MANIFEST_FILE,
    MODEL_FILE,
    PROFILE_FILE,
    SIGNATURE_FILE,
    FeatureProfile,
)
from checkrail_server import artifact, model
from checkrail_server.errors import LoadError
from checkrail_server.graph import inspect
from checkrail_server.model import Classifier, Model
from checkrail_server.store import DirectoryStore
from harness.scoring_server import (
    PROFILE,
    SIGNATURE,
    artifact_files,
    flight_files,
    flight_model,
    serialised,
    written,
)

if TYPE_CHECKING:
    from pathlib import Path


def loaded(files: dict[str, bytes], folder: Path) -> Model:
    written(files, folder)
    digest = hashlib.sha256(files[MODEL_FILE]).hexdigest()
    return model.load("m", artifact.fetch(DirectoryStore(folder), digest), threads=1)


def one_node_model(*nodes: Any, domains: tuple[str, ...] = (), **parts: Any) -> bytes:
    """A model from ``x`` (rows, 1) FP32 to ``y`` of the same shape."""
    sides = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", 1]) for name in ("x", "y")
    ]
    graph = helper.make_graph(list(nodes), "g", sides[:1], sides[1:], **parts)
    return serialised(graph, *domains)


def external(tensor: TensorProto) -> TensorProto:
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")
    return tensor


def nested_ifs(depth: int) -> Any:
    """An If in an If in an If."""
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["z0"])],
        "g0",
        [],
        [helper.make_tensor_value_info("z0", TensorProto.FLOAT, None)],
    )
    for level in range(1, depth):
        node = helper.make_node("If", ["c"], [f"z{level}"], then_branch=graph, else_branch=graph)
        output = helper.make_tensor_value_info(f"z{level}", TensorProto.FLOAT, None)
        graph = helper.make_graph([node], f"g{level}", [], [output])
    return helper.make_node("If", ["c"], ["y"], then_branch=graph, else_branch=graph)


IDENTITY = helper.make_node("Identity", ["x"], ["y"])
ADD = helper.make_node("Add", ["x", "w"], ["y"])
WEIGHT = numpy_helper.from_array(np.ones((1, 1), np.float32), "w")
REFUSED_MODELS = [
    pytest.param(b"", "holds no graph", id="nothing"),
    pytest.param(b"not a model", "is not an ONNX model", id="text"),
    pytest.param(flight_model()[:200], "is not an ONNX model", id="half a model"),
    pytest.param(
        one_node_model(helper.make_node("Mine", ["x"], ["y"], domain="com.example")),
        "operators of the domain 'com.example'",
        id="a node of another domain",
    ),
    pytest.param(
        one_node_model(IDENTITY, domains=("com.microsoft",)),
        "operators of the domain 'com.microsoft'",
        id="an import of another domain",
    ),
    pytest.param(
        one_node_model(ADD, initializer=[external(WEIGHT)]),
        "the tensor 'w' of model.onnx keeps its values in another file",
        id="weights in another file",
    ),
    pytest.param(
        one_node_model(helper.make_node("Constant", [], ["y"], value=external(WEIGHT))),
        "keeps its values in another file",
        id="a constant in another file",
    ),
    pytest.param(one_node_model(nested_ifs(9)), "nests graphs deeper than 8", id="nested graphs"),
    pytest.param(
        one_node_model(helper.make_node("Identity", ["z"], ["y"])),
        "ONNX Runtime does not load model.onnx",
        id="a graph with a loose end",
    ),
]


@pytest.mark.parametrize(("content", "message"), REFUSED_MODELS)
def test_a_model_that_is_not_ours_to_run_is_refused(
    tmp_path: Path, content: bytes, message: str
) -> None:
    with pytest.raises(LoadError, match=re.escape(message)):
        loaded(artifact_files(content), tmp_path)


def changed_files(name: str, old: bytes, new: bytes) -> dict[str, bytes]:
    files = flight_files()
    assert old in files[name]
    return {**files, name: files[name].replace(old, new)}


CARRIER = FeatureProfile(name="carrier", datatype="BYTES", null_rate="0")


def profiled(**fields: Any) -> dict[str, bytes]:
    """An artifact whose profile is what no trainer writes."""
    return artifact_files(flight_model(), SIGNATURE, PROFILE.model_copy(update=fields))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        pytest.param(
            changed_files(SIGNATURE_FILE, b"INT64", b"INT32"),
            "signature.json has SHA-256",
            id="a changed signature",
        ),
        pytest.param(
            changed_files(PROFILE_FILE, b"probabilities", b"p"),
            "bytes, its manifest says",
            id="a cut profile",
        ),
        pytest.param(
            changed_files(MANIFEST_FILE, b'"opset": 18', b'"opset": "x"'),
            "manifest.json is not valid: opset",
            id="a manifest of another form",
        ),
        pytest.param(
            profiled(score_edges=[i / 300 for i in range(300)]),
            "profile.json is not valid: scoreEdges: List should have at most 256 items",
            id="a histogram of many edges",
        ),
        pytest.param(
            profiled(score_edges=[0.1, float("inf")]),
            "profile.json is not valid: scoreEdges.1: Input should be a finite number",
            id="an edge that is no number",
        ),
        pytest.param(
            profiled(score_edges=[0.1, 0.5, 0.5]),
            "profile.json is not valid: scoreEdges: Value error, edges must be strictly "
            "increasing; 0.5 follows 0.5",
            id="an edge twice",
        ),
        pytest.param(
            profiled(score_output="label"),
            "profile.json takes scores from 'label'; the model's outputs of floats are "
            "probabilities",
            id="scores that are labels",
        ),
        pytest.param(
            profiled(features=[CARRIER] * 513),
            "profile.json is not valid: features: List should have at most 512 items",
            id="a profile of many features",
        ),
        pytest.param(
            profiled(features=[CARRIER.model_copy(update={"categories": ["x"] * 1001})]),
            "profile.json is not valid: features.0.categories: List should have at most 1000",
            id="a feature of many categories",
        ),
        pytest.param(
            artifact_files(
                flight_model(),
                SIGNATURE.model_copy(update={"outputs": SIGNATURE.outputs[:1]}),
                PROFILE,
            ),
            "signature.json states the outputs ['label'], model.onnx has",
            id="a signature of another model",
        ),
    ],
)
def test_an_artifact_that_does_not_hold_together_is_refused(
    tmp_path: Path, files: dict[str, bytes], message: str
) -> None:
    with pytest.raises(LoadError, match=re.escape(message)):
        loaded(files, tmp_path)


def test_a_model_too_large_for_the_container_is_not_even_read(tmp_path: Path) -> None:
    files = flight_files()
    written(files, tmp_path)
    size = len(files[MODEL_FILE])
    digest = hashlib.sha256(files[MODEL_FILE]).hexdigest()

    assert artifact.fetch(DirectoryStore(tmp_path), digest, size).model == files[MODEL_FILE]
    with pytest.raises(LoadError, match=f"larger than the {size - 1} bytes it may have"):
        artifact.fetch(DirectoryStore(tmp_path), digest, size - 1)


def gathered(classes: Any) -> bytes:
    """A classifier as our trainer exports it: labels are picked out of a constant."""
    nodes = [
        helper.make_node("Softmax", ["x"], ["probabilities"], axis=1),
        helper.make_node("ArgMax", ["probabilities"], ["best"], axis=1, keepdims=0),
        helper.make_node("Constant", [], ["classes"], value=numpy_helper.from_array(classes)),
        helper.make_node("Gather", ["classes", "best"], ["label"], axis=0),
    ]
    kind = TensorProto.STRING if classes.dtype == object else TensorProto.INT64
    columns = len(classes)
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", columns])],
        [
            helper.make_tensor_value_info("label", kind, ["rows"]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["rows", columns]),
        ],
    )
    return serialised(graph)


@pytest.mark.parametrize(
    ("content", "want"),
    [
        pytest.param(flight_model((3, 7)), ("3", "7"), id="a classifier node's numbers"),
        pytest.param(gathered(np.array([5, 9])), ("5", "9"), id="a constant's numbers"),
        pytest.param(
            gathered(np.array(["early", "late", "on time"], dtype=object)),
            ("early", "late", "on time"),
            id="a constant's texts",
        ),
    ],
)
def test_probabilities_are_named_by_the_models_own_labels(
    tmp_path: Path, content: bytes, want: tuple[str, ...]
) -> None:
    assert loaded(artifact_files(content), tmp_path).classifier == Classifier(0, 1, want)


def test_the_look_counts_nodes() -> None:
    assert inspect(flight_model()).nodes == 3
