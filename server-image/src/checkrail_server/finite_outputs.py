"""Whether a model's answer is one: NaN and infinity are no prediction."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from checkrail_server import logs
from checkrail_server.errors import RequestError
from checkrail_server.tensors import FEW, FLOATS

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from checkrail_server.tensors import Array, TensorSpec


class FiniteOutputs:
    """Looks at the outputs of floats of one model; the first finding in each is logged."""

    def __init__(self, outputs: Sequence[TensorSpec]) -> None:
        """Take the model's outputs, in their order."""
        self._floats = [(i, spec.name) for i, spec in enumerate(outputs) if spec.datatype in FLOATS]
        self._told: set[str] = set()

    def hold(self, outputs: Sequence[Array]) -> bool:
        """Whether every output of floats is finite."""
        return all(_is_finite(outputs[index]) for index, _ in self._floats)

    def check(self, outputs: Sequence[Array], answered: Container[str] | None) -> bool:
        """Return whether every output of floats is finite.

        Args:
            outputs: What the model answered.
            answered: Names of the outputs that the client gets; None: all.

        Raises:
            RequestError: 500, an output that the client gets is not finite.
        """
        finite = True
        for index, name in self._floats:
            if _is_finite(outputs[index]):
                continue
            finite = False
            refused = answered is None or name in answered
            row, value = _first(outputs[index])
            self._tell(name, value, refused=refused)
            if refused:
                raise RequestError(
                    500,
                    f"the model's output {name!r} is {value} in row {row}, and a prediction is a "
                    "finite number: this version cannot answer what it was asked",
                )
        return finite

    def _tell(self, name: str, value: float, *, refused: bool) -> None:
        """Log the first finding in an output; metrics count the others."""
        if name not in self._told:
            self._told.add(name)
            logs.error("output is not finite", output=name, value=str(value), refused=refused)


def _is_finite(values: Array) -> bool:
    if values.size <= FEW:
        return all(map(isfinite, values.ravel().tolist()))
    return bool(np.isfinite(values).all())


def _first(values: Array) -> tuple[int, float]:
    """Return the row and the value of what is not finite."""
    place = tuple(np.argwhere(~np.isfinite(values))[0].tolist())
    return place[0] if place else 0, float(values[place])
