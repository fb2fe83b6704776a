"""The one class that a workflow subclasses, built in or yours.

    raw features --encoding--> Frame.matrix --Workflow.fit--> Fitted --onnx--> graph

Everything else is done for it: data is fetched, filtered and split, categories, instants and
missing values become columns of one matrix, the hold-out is scored and judged, the graph is
completed from raw features to label and checked against ``Fitted.scores``, and all is published.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from checkrail_api.reasons import Reason
from checkrail_api.workflows import Task
from checkrail_trainer.failures import RunFailedError, first_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import numpy as np
    from numpy.typing import NDArray
    from onnx import ModelProto

__all__ = ["Fitted", "Frame", "Numbers", "Task", "Workflow", "library_refusals"]


class Numbers(StrEnum):
    """How number features, and what is derived from instants, reach the matrix."""

    AS_THEY_ARE = "AsTheyAre"
    """Unchanged, NaN where missing: for estimators that know what to do with NaN."""
    IMPUTED = "Imputed"
    """Unchanged, the mean of the rows trained on where missing."""
    STANDARDISED = "Standardised"
    """Less their mean, divided by their standard deviation, 0 where missing. Not for trees: a
    threshold on a scaled float32 may meet its neighbour when it serves."""


@dataclass(frozen=True)
class Frame:
    """What ``fit`` sees: the rows trained on, in the run's fixed order."""

    matrix: NDArray[np.float32]
    """``(rows, columns)``: numbers first, then three columns per instant, then one column of 0
    and 1 per known value of each text feature."""
    columns: tuple[str, ...]
    """What each column means."""
    labels: NDArray[Any]
    """``(rows,)`` class numbers from 0, int64; for a regression the label itself, float64."""
    classes: int | None
    """How many classes there are; None for a regression."""
    seed: int
    """``spec.train.seed``: of everything random in ``fit``."""
    threads: int
    """Threads to use. It is the same for every attempt of a run, because it changes sums."""
    advance: Callable[[float], None]
    """Takes the share of ``fit`` that is done, 0 to 1; calling it is optional and cheap."""


class Fitted(ABC):
    """A trained estimator, that can score rows and say itself in ONNX."""

    @abstractmethod
    def scores(self, matrix: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return what the library itself says, without ONNX: the truth of the parity check.

        Args:
            matrix: ``(rows, columns)``, encoded as ``Frame.matrix``; may hold infinity where
                ``thresholds`` names the column.

        Returns:
            ``(rows, classes)`` probabilities, or ``(rows,)`` predictions of a regression.
        """

    @abstractmethod
    def onnx(self) -> ModelProto:
        """Return the estimator in ONNX, opset 21 and ai.onnx.ml 3 at most.

        One input, ``(rows, columns)`` float or double, of any name. The output ``probabilities``
        ``(rows, classes)``, or ``prediction`` ``(rows,)`` or ``(rows, 1)`` of a regression;
        others are left out. Two fits of equal inputs must give equal bytes.
        """

    def native_files(self) -> dict[str, bytes]:
        """Return the library's own safe format, by file name; never a pickle. May be empty."""
        return {}

    def thresholds(self) -> dict[int, NDArray[np.float32]]:
        """Return values at which the answer jumps, by column: the parity check tries around them.

        For estimators that only compare, such as trees. They are tried with infinity as well.
        """
        return {}


class Workflow(ABC):
    """An estimator that has not been trained yet, with the parameters of the spec."""

    task: ClassVar[Task]
    """What it predicts."""
    numbers: ClassVar[Numbers]
    """How numbers reach it."""
    libraries: ClassVar[tuple[str, ...]] = ()
    """Distributions whose versions belong to the provenance."""
    allowed: ClassVar[frozenset[str]] = frozenset()
    """Names that ``spec.train.params`` may hold; any other ends the run before data is read.
    Those of built-in workflows are in `params.py`, which imports no library."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        """Keep the parameters; their names are allowed, their values are as written."""
        self.params = dict(params)

    @abstractmethod
    def fit(self, train: Frame) -> Fitted:
        """Train on ``train``.

        Raises:
            RunFailedError: BadParams; the library refused a value. See ``library_refusals``.
        """


@contextmanager
def library_refusals(params: Mapping[str, Any], *refusals: type[Exception]) -> Iterator[None]:
    """Translate what a library raises over its parameters.

    Raises:
        RunFailedError: BadParams, with the beginning of the library's message.
    """
    try:
        yield
    except refusals as error:
        raise RunFailedError(
            Reason.BAD_PARAMS,
            f"the library refused spec.train.params {json.dumps(params)}: {first_lines(error)}. "
            "Correct the value that it names",
        ) from error
