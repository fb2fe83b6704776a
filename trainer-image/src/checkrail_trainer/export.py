"""One ONNX graph from raw features to the answer.

    raw features -> encoding (ours) -> estimator (the workflow's) -> probabilities -> label
                                                                  -> prediction

The bytes are a function of the inputs: every name is ours or fixed, nothing is timed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

from checkrail_api.reports import Signature, Tensor
from checkrail_trainer.estimator_graph import PREDICTION, PROBABILITIES, GraphError, embed
from checkrail_trainer.preprocessor import IR_VERSION, OPSETS, TYPES, datatype, inputs, nodes

if TYPE_CHECKING:
    from checkrail_trainer.classes import Classes
    from checkrail_trainer.encoding import Encoding

LABEL = "label"
INPUTS_DIGEST = "checkrail.inputs.sha256"
"""Metadata of the model: digest of all that went into it. Two runs with different inputs therefore
never share a digest, even where their trees are equal."""
ANSWER_TYPES = {**TYPES, "INT64": TensorProto.INT64}


def export(
    encoding: Encoding,
    features: tuple[str, ...],
    classes: Classes | None,
    estimator: ModelProto,
    inputs_digest: str,
) -> bytes:
    """Return the serialised model.

    Args:
        encoding: From raw features to the estimator's matrix.
        features: Names of the inputs, in order.
        classes: What the estimator's class numbers mean; None for a regression.
        estimator: What `Fitted.onnx` returned.
        inputs_digest: Goes into the model's metadata.

    Raises:
        GraphError: The estimator's graph does not fit.
    """
    inner, constants = embed(estimator, PROBABILITIES if classes else PREDICTION)
    graph = helper.make_graph(
        [*nodes(encoding), *inner, *(_label(classes) if classes else ())],
        "checkrail",
        inputs(encoding, features),
        [
            helper.make_tensor_value_info(
                each.name, ANSWER_TYPES[each.datatype], ["rows", *each.shape[1:]]
            )
            for each in signature(encoding, features, classes).outputs
        ],
        initializer=constants,
    )
    model = helper.make_model(
        graph,
        producer_name="checkrail",
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid(*each) for each in OPSETS.items()],
    )
    helper.set_model_props(model, {INPUTS_DIGEST: inputs_digest})
    try:
        checker.check_model(model, full_check=True)
    except Exception as error:  # those of onnx's C++ have no base class of their own
        raise GraphError(f"it is not valid ONNX: {str(error).strip().splitlines()[0]}") from error
    return bytes(model.SerializeToString(deterministic=True))


def signature(encoding: Encoding, features: tuple[str, ...], classes: Classes | None) -> Signature:
    """Return inputs and outputs in the terms of the Open Inference Protocol."""
    if classes is None:
        outputs = [Tensor(name=PREDICTION, datatype="FP32", shape=[-1])]
    else:
        outputs = [
            Tensor(name=LABEL, datatype="BYTES" if classes.are_text else "INT64", shape=[-1]),
            Tensor(name=PROBABILITIES, datatype="FP32", shape=[-1, len(classes.values)]),
        ]
    return Signature(
        inputs=[
            Tensor(name=name, datatype=datatype(encoding, name), shape=[-1, 1]) for name in features
        ],
        outputs=outputs,
    )


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
