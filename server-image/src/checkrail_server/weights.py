"""Weights that are no numbers, where training puts its results.

A tree with a leaf of NaN answers well until a row reaches that leaf, so no trial finds it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from checkrail_server.errors import LoadError

if TYPE_CHECKING:
    from checkrail_server.tensors import Array

DOMAIN = b"ai.onnx.ml"
FINITE = {
    *(b"class_weights", b"target_weights", b"base_values", b"leaf_weights"),
    *(b"class_weights_as_tensor", b"target_weights_as_tensor", b"base_values_as_tensor"),
    *(b"coefficients", b"intercepts", b"rho", b"support_vectors", b"offset", b"scale"),
}
"""Attributes of operators of ``DOMAIN`` that must be numbers."""
COMPARED = {b"nodes_values", b"nodes_values_as_tensor", b"nodes_splits"}
"""Those that rows are compared with: all but NaN. Infinity splits off what is missing."""
RAW_TYPES = {1: "<f4", 10: "<f2", 11: "<f8"}
"""``TensorProto.DataType`` of floats, as ``raw_data`` has them."""


def check_weights(node: Any) -> None:
    """Refuse a node whose weights hold NaN or infinity.

    Raises:
        LoadError: It names the attribute.
    """
    if node.domain != DOMAIN:
        return
    for attribute in node.attribute:
        if attribute.name in FINITE:
            wrong, what = ~np.isfinite(_values(attribute)), "NaN or infinity"
        elif attribute.name in COMPARED:
            wrong, what = np.isnan(_values(attribute)), "NaN"
        else:
            continue
        if wrong.any():
            operator, name = node.op_type.decode("utf-8", "replace"), attribute.name.decode()
            raise LoadError(
                f"model.onnx has {what} in {name} of {operator}: the training went wrong"
            )


def _values(attribute: Any) -> Array:
    if attribute.floats:
        return np.fromiter(attribute.floats, np.float32, len(attribute.floats))
    tensor = attribute.t
    dtype = RAW_TYPES.get(tensor.data_type)
    if tensor.raw_data and dtype:
        whole = len(tensor.raw_data) // np.dtype(dtype).itemsize * np.dtype(dtype).itemsize
        return np.frombuffer(tensor.raw_data[:whole], dtype)
    return np.array([*tensor.float_data, *tensor.double_data], np.float64)
