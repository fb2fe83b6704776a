"""Whether rows that are inferred together get what each of them gets alone, to the bit.

Most models' do. Those of a model that looks at its whole batch do not, which a trial shows; and
those of some operators do not always, because ONNX Runtime adds up in another order when there are
more rows. MatMul and Gemm, in which our trainer writes linear models, and trees do.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from checkrail_server.probe_rows import probe_rows
from checkrail_server.tensors import ANY, FLOATS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkrail_server.model import Feeds, Model
    from checkrail_server.tensors import Array, TensorSpec

PROBES = 16
"""Different rows that are tried."""
SIZES = (2, 3, 5, 8, 13, PROBES, 4 * PROBES)
"""Rows of a run: what an operator does in blocks shows at one of them."""
ROUNDING = {b"LinearClassifier", b"LinearRegressor", b"SVMClassifier", b"SVMRegressor"}
"""Operators whose last bits follow from the number of rows (measured, ONNX Runtime 1.32)."""
PATIENCE_SECONDS = 5.0
"""A model that takes longer for all of this is so slow that its requests may run alone."""
MISSING = [1, PROBES - 1]
"""Rows of NaN: a model may drop what is missing, and with it a row."""


def rows_are_independent(model: Model, operators: frozenset[bytes]) -> bool:
    """Whether the requests of ``model`` may share its runs.

    Its inputs must leave the number of rows to the request, and nothing else; and runs of several
    numbers of rows must answer each as a run of its own does. ``operators`` are those of its graph.
    """
    if operators & ROUNDING:
        return False
    if not all(spec.shape[:1] == (ANY,) and ANY not in spec.shape[1:] for spec in model.inputs):
        return False
    rows = _probes(model.inputs)
    deadline = time.perf_counter() + PATIENCE_SECONDS

    def answers(numbers: Sequence[int]) -> list[Array]:
        if time.perf_counter() > deadline:
            raise TimeoutError
        return model.run({name: values[numbers] for name, values in rows.items()})

    try:
        alone = [answers([number]) for number in range(PROBES)]
        for size in SIZES:
            numbers = [number % PROBES for number in range(size)]
            together = answers(numbers)
            if any(len(output) != size for output in together):
                return False
            for place, number in enumerate(numbers):
                mine = [output[place : place + 1] for output in together]
                if not all(_same(*pair) for pair in zip(mine, alone[number], strict=True)):
                    return False
    except Exception:  # noqa: BLE001 - ONNX Runtime's exceptions have no base class of their own
        return False
    return True


def _probes(inputs: Sequence[TensorSpec]) -> Feeds:
    """Return rows of which some have no number at all."""
    rows = probe_rows(inputs, PROBES)
    for spec in inputs:
        if spec.datatype in FLOATS:
            rows[spec.name][MISSING] = np.nan
    return rows


def _same(one: Array, other: Array) -> bool:
    if one.shape != other.shape:
        return False
    if one.dtype == np.object_:
        return bool(one.tolist() == other.tolist())
    if one.tobytes() == other.tobytes():
        return True
    return one.dtype.kind == "f" and _without_nan(one) == _without_nan(other)


def _without_nan(values: Array) -> tuple[bytes, bytes]:
    """Return where NaN is, and all else: which of its many bits a NaN has tells nothing."""
    missing = np.isnan(values)
    return missing.tobytes(), np.where(missing, 0, values).tobytes()
