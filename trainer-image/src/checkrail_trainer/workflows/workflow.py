"""What a workflow is: an estimator on a matrix, that can say itself in ONNX."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from checkrail_api.reasons import Reason
from checkrail_trainer.failures import RunFailedError, first_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import numpy as np
    from numpy.typing import NDArray
    from onnx import ModelProto


class Workflow(ABC):
    """An estimator with its settings; a new one is a subclass and an entry in ``load``.

    The rows of a matrix are encoded features, see `encoding.py`; labels are class numbers from 0.
    Two fits of equal inputs must give equal bytes from ``model`` and ``native_files``.
    """

    standardises: ClassVar[bool]
    """Whether numbers are standardised before the estimator sees them. Never before trees."""
    libraries: ClassVar[tuple[str, ...]]
    """Distributions whose versions belong to the provenance."""

    def __init__(self, params: Mapping[str, Any], *, seed: int, threads: int) -> None:
        """Keep the settings; ``threads`` are part of them, because they change sums of floats."""
        self.params = dict(params)
        self.seed = seed
        self.threads = threads

    @abstractmethod
    def fit(
        self,
        matrix: NDArray[np.float32],
        labels: NDArray[np.int64],
        advance: Callable[[float], None],
    ) -> None:
        """Fit on ``(rows, columns)`` and ``(rows,)``, telling ``advance`` the share done.

        Raises:
            RunFailedError: BadParams; the library refused a value.
        """

    @abstractmethod
    def scores(self, matrix: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return ``(rows, classes)`` probabilities by the library itself, without ONNX."""

    @abstractmethod
    def model(self) -> ModelProto:
        """Return the estimator in ONNX: input ``matrix``, output ``probabilities``."""

    @abstractmethod
    def native_files(self) -> dict[str, bytes]:
        """Return the library's own safe format, by file name; never a pickle."""

    def thresholds(self) -> dict[int, NDArray[np.float32]]:
        """Return the values at which the answer jumps, by column of the matrix."""
        return {}


@contextmanager
def library_refusals(params: Mapping[str, Any], *refusals: type[Exception]) -> Iterator[None]:
    """Translate what a library raises over its parameters."""
    try:
        yield
    except refusals as error:
        raise RunFailedError(
            Reason.BAD_PARAMS,
            f"the library refused spec.train.params {json.dumps(params)}: {first_lines(error)}. "
            "Correct the value that it names",
        ) from error
