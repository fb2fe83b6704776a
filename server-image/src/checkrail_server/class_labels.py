"""What the columns of a classifier's probabilities are called, read from the graph.

classes (constant) --+
+--> Gather --> label        our trainer, and converters of pipelines
probabilities --> ArgMax

matrix --> LinearClassifier(classlabels_...) --> label, probabilities       converters of one
"""

from __future__ import annotations

from typing import Any

import numpy as np

INT64 = 7
STRING = 8
"""``TensorProto.DataType``."""
PICKING = {b"Gather", b"ArrayFeatureExtractor"}
"""Operators that pick labels out of their first input."""


def class_labels(graph: Any) -> tuple[str, ...]:
    """Return the labels that the producer of the graph's first output chooses from, or ()."""
    if not graph.output:
        return ()
    label = graph.output[0].name
    producer = next((node for node in graph.node if label in node.output), None)
    if producer is None:
        return ()
    if producer.op_type in PICKING and producer.input:
        constant = _constant(graph, producer.input[0])
        return () if constant is None else _values(constant)
    for attribute in producer.attribute:
        if attribute.name in {b"classlabels_ints", b"classlabels_int64s"} and attribute.ints:
            return tuple(map(str, attribute.ints))
        if attribute.name == b"classlabels_strings" and attribute.strings:
            return _texts(attribute.strings)
    return ()


def _constant(graph: Any, name: bytes) -> Any | None:
    """Return the tensor called ``name``, an initializer or the value of a Constant node."""
    for tensor in graph.initializer:
        if tensor.name == name:
            return tensor
    for node in graph.node:
        if node.op_type == b"Constant" and name in node.output:
            return next((each.t for each in node.attribute if each.name == b"value"), None)
    return None


def _values(tensor: Any) -> tuple[str, ...]:
    if tensor.data_type == STRING:
        return _texts(tensor.string_data)
    if tensor.data_type != INT64:
        return ()
    if tensor.raw_data:
        whole = len(tensor.raw_data) // 8 * 8
        return tuple(map(str, np.frombuffer(tensor.raw_data[:whole], "<i8").tolist()))
    return tuple(map(str, tensor.int64_data))


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(value.decode("utf-8", "replace") for value in values)
