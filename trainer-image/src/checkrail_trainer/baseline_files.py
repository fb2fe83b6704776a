"""What the run and the limited process of a baseline hand each other: plain arrays in a folder.

Numbers are one array. Text is the codes of its values, and the values as one long UTF-8 text with
the places where each ends: an array of fixed width would grow with the longest value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from checkrail_trainer.table import Categories

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from checkrail_trainer.table import Values

MODEL = "model.onnx"
REQUEST = "request.json"
SCORES = "scores.npy"
TEXT = "tensor(string)"
NUMBERS: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
}
"""Types of inputs that a column of numbers can be."""
FRACTIONS = {"tensor(float)", "tensor(double)"}
"""Those that can say that a number is missing."""


def write_column(folder: Path, name: str, values: Values) -> None:
    """Write a raw column under ``name``."""
    if not isinstance(values, Categories):
        np.save(folder / f"{name}.npy", values, allow_pickle=False)
        return
    texts = [str(each).encode() for each in values.values]
    ends = np.cumsum([len(each) for each in texts], dtype=np.int64)
    np.save(folder / f"{name}.npy", values.codes, allow_pickle=False)
    np.save(folder / f"{name}.ends.npy", ends, allow_pickle=False)
    (folder / f"{name}.utf8").write_bytes(b"".join(texts))


def read_column(folder: Path, name: str, kind: str) -> Callable[[slice], NDArray[Any]]:
    """Return what reads some rows of a column, ``(rows,)`` of ONNX Runtime's type ``kind``."""
    values = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
    if kind in NUMBERS:
        return lambda rows: np.asarray(values[rows]).astype(NUMBERS[kind])
    body = (folder / f"{name}.utf8").read_bytes()
    ends = np.load(folder / f"{name}.ends.npy", allow_pickle=False).tolist()
    begins = [0, *ends[:-1]]
    texts = [body[begin:end].decode() for begin, end in zip(begins, ends, strict=True)]
    known = np.asarray(texts, dtype=object)
    return lambda rows: known[values[rows]]
