"""One ONNX graph from raw features to label and probabilities.

    raw features -> encoding (ours) -> estimator (the library's converter) -> probabilities
                                                                -> largest one -> label

The bytes are a function of the inputs: every name is ours or fixed, nothing is timed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

from checkrail_api.reports import Signature, Tensor
from checkrail_trainer.preprocessor import IR_VERSION, MATRIX, OPSETS, inputs, nodes

if TYPE_CHECKING:
    from checkrail_trainer.classes import Classes
    from checkrail_trainer.encoding import Encoding

LABEL = "label"
PROBABILITIES = "probabilities"
INPUTS_DIGEST = "checkrail.inputs.sha256"
"""Metadata of the model: digest of all that went into it. Two runs with different inputs therefore
never share a digest, even where their trees are equal."""


def export(
    encoding: Encoding,
    features: tuple[str, ...],
    classes: Classes,
    estimator: ModelProto,
    inputs_digest: str,
) -> bytes:
    """Return the serialised model.

    Args:
        encoding: From raw features to the estimator's matrix.
        features: Names of the inputs, in order.
        classes: What the estimator's class numbers mean.
        estimator: Input ``matrix`` (rows, columns), output ``probabilities`` (rows, classes).
        inputs_digest: Goes into the model's metadata.
    """
    graph = helper.make_graph(
        [*nodes(encoding), *_renamed(estimator), *_label(classes)],
        "checkrail",
        inputs(encoding, features),
        [
            helper.make_tensor_value_info(
                LABEL, TensorProto.STRING if classes.are_text else TensorProto.INT64, ["rows"]
            ),
            helper.make_tensor_value_info(
                PROBABILITIES, TensorProto.FLOAT, ["rows", len(classes.values)]
            ),
        ],
        initializer=[_prefixed(each) for each in estimator.graph.initializer],
    )
    model = helper.make_model(
        graph,
        producer_name="checkrail",
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid(*each) for each in OPSETS.items()],
    )
    helper.set_model_props(model, {INPUTS_DIGEST: inputs_digest})
    checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def signature(encoding: Encoding, features: tuple[str, ...], classes: Classes) -> Signature:
    """Return inputs and outputs in the terms of the Open Inference Protocol."""
    return Signature(
        inputs=[
            Tensor(
                name=name,
                datatype="BYTES" if name in encoding.categories else "FP32",
                shape=[-1, 1],
            )
            for name in features
        ],
        outputs=[
            Tensor(name=LABEL, datatype="BYTES" if classes.are_text else "INT64", shape=[-1]),
            Tensor(name=PROBABILITIES, datatype="FP32", shape=[-1, len(classes.values)]),
        ],
    )


def _renamed(estimator: ModelProto) -> list[NodeProto]:
    """Return the estimator's nodes on our names; its own label stays unused."""
    known = {estimator.graph.input[0].name: MATRIX, PROBABILITIES: PROBABILITIES, "": ""}
    made = []
    for number, node in enumerate(estimator.graph.node):
        copy = NodeProto()
        copy.CopyFrom(node)
        copy.name = f"checkrail_estimator_{number}"
        for names in (copy.input, copy.output):
            renamed = [known.get(name, _inner(name)) for name in names]
            del names[:]
            names.extend(renamed)
        made.append(copy)
    return made


def _prefixed(tensor: TensorProto) -> TensorProto:
    copy = TensorProto()
    copy.CopyFrom(tensor)
    copy.name = _inner(tensor.name)
    return copy


def _inner(name: str) -> str:
    return f"checkrail_estimator_{name}"


def _label(classes: Classes) -> list[NodeProto]:
    """Answer the most probable class; of equals, the first."""
    values = numpy_helper.from_array(classes.array, "checkrail_classes")
    return [
        helper.make_node("Constant", [], ["checkrail_classes"], "checkrail_classes", value=values),
        helper.make_node(
            "ArgMax", [PROBABILITIES], ["checkrail_best"], "checkrail_best", axis=1, keepdims=0
        ),
        helper.make_node("Gather", ["checkrail_classes", "checkrail_best"], [LABEL], LABEL, axis=0),
    ]
