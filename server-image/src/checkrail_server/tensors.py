"""Tensors in the terms of the Open Inference Protocol, NumPy and ONNX Runtime."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

DTYPES: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype(np.bool_),
    "INT8": np.dtype(np.int8),
    "INT16": np.dtype(np.int16),
    "INT32": np.dtype(np.int32),
    "INT64": np.dtype(np.int64),
    "UINT8": np.dtype(np.uint8),
    "UINT16": np.dtype(np.uint16),
    "UINT32": np.dtype(np.uint32),
    "UINT64": np.dtype(np.uint64),
    "FP32": np.dtype(np.float32),
    "FP64": np.dtype(np.float64),
    "BYTES": np.dtype(np.object_),
}
"""Datatypes of the protocol that this server takes and answers."""

FLOATS = {"FP32", "FP64"}
"""Those that have NaN and infinity."""

FEW = 16
"""Up to so many values a loop in Python is faster than NumPy."""

ONNX_DATATYPES = {
    "tensor(bool)": "BOOL",
    "tensor(int8)": "INT8",
    "tensor(int16)": "INT16",
    "tensor(int32)": "INT32",
    "tensor(int64)": "INT64",
    "tensor(uint8)": "UINT8",
    "tensor(uint16)": "UINT16",
    "tensor(uint32)": "UINT32",
    "tensor(uint64)": "UINT64",
    "tensor(float)": "FP32",
    "tensor(double)": "FP64",
    "tensor(string)": "BYTES",
}
"""What ONNX Runtime calls them."""

ANY = -1
"""A dimension that the request decides: the number of rows."""


@dataclass(frozen=True)
class TensorSpec:
    """An input or output of the model."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    """Dimensions; ``ANY`` where the request decides."""

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """The NumPy type of its values."""
        return DTYPES[self.datatype]

    @property
    def is_feature(self) -> bool:
        """Whether it is one value per row: (rows, 1) or (rows,)."""
        return self.shape in {(ANY,), (ANY, 1)}

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Whether a tensor of ``shape`` may be given for it."""
        return len(shape) == len(self.shape) and all(
            wanted in (ANY, found) for wanted, found in zip(self.shape, shape, strict=True)
        )

    def described(self) -> dict[str, object]:
        """Return it as the protocol's metadata does."""
        return {"name": self.name, "datatype": self.datatype, "shape": list(self.shape)}


class Shape(NamedTuple):
    """A shape that fits an input."""

    stated: list[int]
    wanted: tuple[int, ...]
    """The shape of the input that it was found to fit."""
    rows: int
    size: int
    """Values it holds."""
