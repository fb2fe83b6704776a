"""A model that answers a finite score to whatever it is given, missing values included."""

from onnx import TensorProto, helper

from harness.scoring_server import carrier_number, serialised

ROW = {"distance": 500, "delay": 2.5, "seats": 180, "gate": 7, "weekend": True, "carrier": "UA"}
"""A row of it."""
NUMBERS = {
    "distance": TensorProto.FLOAT,
    "delay": TensorProto.DOUBLE,
    "seats": TensorProto.INT64,
    "gate": TensorProto.UINT8,
    "weekend": TensorProto.BOOL,
}


def tree_model() -> bytes:
    """Return a classifier of one tree over columns of six datatypes.

    The one on the left of the tree's root are flights of at most 1,000 miles; their class is 0.
    """
    casts = [
        helper.make_node("Cast", [name], [f"{name}_number"], to=TensorProto.FLOAT)
        for name in NUMBERS
    ]
    columns = [f"{name}_number" for name in [*NUMBERS, "carrier"]]
    matrix = helper.make_node("Concat", columns, ["matrix"], axis=1)
    tree = helper.make_node(
        "TreeEnsembleClassifier",
        ["matrix"],
        ["label", "probabilities"],
        domain="ai.onnx.ml",
        nodes_treeids=[0, 0, 0],
        nodes_nodeids=[0, 1, 2],
        nodes_featureids=[0, 0, 0],
        nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"],
        nodes_values=[1000.0, 0.0, 0.0],
        nodes_truenodeids=[1, 0, 0],
        nodes_falsenodeids=[2, 0, 0],
        class_treeids=[0, 0, 0, 0],
        class_nodeids=[1, 1, 2, 2],
        class_ids=[0, 1, 0, 1],
        class_weights=[0.75, 0.25, 0.125, 0.875],
        classlabels_int64s=[0, 1],
        post_transform="NONE",
    )
    inputs = {**NUMBERS, "carrier": TensorProto.STRING}
    graph = helper.make_graph(
        [*casts, carrier_number(), matrix, tree],
        "tree",
        [
            helper.make_tensor_value_info(name, datatype, ["rows", 1])
            for name, datatype in inputs.items()
        ],
        [
            helper.make_tensor_value_info("label", TensorProto.INT64, ["rows"]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["rows", 2]),
        ],
    )
    return serialised(graph)
