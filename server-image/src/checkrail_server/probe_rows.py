"""Rows on which a model is tried: values of many sizes, always the same ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from checkrail_server.tensors import FLOATS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkrail_server.model import Feeds
    from checkrail_server.tensors import Array, TensorSpec

TEXTS = ("", "a", "UA", "unknown")


def probe_rows(inputs: Sequence[TensorSpec], count: int) -> Feeds:
    """Return ``count`` rows for ``inputs``, whose shapes after the first dimension are fixed."""
    random = np.random.default_rng(0)
    return {spec.name: _values(spec, count, random) for spec in inputs}


def _values(spec: TensorSpec, count: int, random: np.random.Generator) -> Array:
    shape = (count, *spec.shape[1:])
    wide: Any = random.normal(size=shape) * 10 ** random.uniform(-2, 3, size=shape)
    if spec.datatype == "BYTES":
        return np.array(TEXTS, dtype=np.object_)[random.integers(0, len(TEXTS), shape)]
    if spec.datatype in FLOATS:
        return np.asarray(wide, dtype=spec.dtype)
    if spec.datatype == "BOOL":
        return np.asarray(wide > 0)
    limits = np.iinfo(spec.dtype)
    whole: Array = np.clip(wide, limits.min, min(limits.max, 2**31)).astype(spec.dtype)
    return whole
