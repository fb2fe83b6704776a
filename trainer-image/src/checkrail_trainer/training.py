"""Fitting the workflow of the spec, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from checkrail_trainer.encoding import Encoding, fit_encoding
from checkrail_trainer.estimator_graph import GraphError
from checkrail_trainer.export import export, signature
from checkrail_trainer.parity import Compared, check_parity
from checkrail_trainer.preprocessor import encode
from checkrail_trainer.workflow import Fitted, Frame
from checkrail_trainer.workflows import workflow_class
from checkrail_trainer.workflows.custom import bad_workflow, in_workflow

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from checkrail_api.reports import ParityReport, Signature
    from checkrail_api.run import Run
    from checkrail_trainer.classes import Classes
    from checkrail_trainer.prepared import Prepared
    from checkrail_trainer.table import Table


@dataclass(frozen=True)
class Trained:
    """A fitted workflow, with the encoding it was fitted on."""

    run: Run
    prepared: Prepared
    encoding: Encoding
    libraries: tuple[str, ...]
    """Distributions that made it."""
    fitted: Fitted

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the model's inputs, in order."""
        return tuple(each.name for each in self.prepared.train.features)

    @cached_property
    def scores(self) -> NDArray[np.float64]:
        """What it says of the rows held out.

        ``(rows, classes)`` probabilities, or ``(rows,)`` predictions of a regression.

        Raises:
            RunFailedError: BadWorkflow; a custom one says something else.
        """
        matrix = encode(self.prepared.holdout, self.encoding, self.run.threads)
        name = self.run.train.workflow
        with in_workflow(name, "scores"):
            scores = np.asarray(self.fitted.scores(matrix), dtype=np.float64)
        classes = self.prepared.classes_found
        wanted = (len(matrix), len(classes.values)) if classes else (len(matrix),)
        if scores.shape != wanted:
            raise bad_workflow(name, f"scores has the shape {scores.shape}; expected {wanted}")
        if not np.isfinite(scores).all():
            raise bad_workflow(name, "scores of the hold-out are not all finite; expected numbers")
        return scores

    @property
    def signature(self) -> Signature:
        """Inputs and outputs of its model."""
        return signature(self.encoding, self.names, self.prepared.classes_found)

    def native_files(self) -> dict[str, bytes]:
        """Return the library's own format, by file name; empty where it has no safe one."""
        with in_workflow(self.run.train.workflow, "native_files"):
            return self.fitted.native_files()

    def export(self, inputs_digest: str) -> bytes:
        """Return the model in ONNX, with the digest of all that went into it.

        Raises:
            RunFailedError: BadWorkflow; the graph of a custom one does not fit.
        """
        name, classes = self.run.train.workflow, self.prepared.classes_found
        with in_workflow(name, "onnx"):
            estimator = self.fitted.onnx()
        try:
            return export(self.encoding, self.names, classes, estimator, inputs_digest)
        except GraphError as error:
            raise bad_workflow(name, f"the graph of onnx() does not fit: {error}") from error

    def check_parity(self, model: bytes) -> ParityReport:
        """Compare ``model`` with the trained estimator in a fresh process.

        Raises:
            RunFailedError: ParityFailed.
        """
        compared = Compared(self.encoding, self.fitted, self.prepared.classes_found)
        bounds = self.run.evaluation.parity
        with in_workflow(self.run.train.workflow, "scores or thresholds"):
            return check_parity(model, self.prepared.holdout, compared, bounds)


def train(run: Run, prepared: Prepared, advance: Callable[[float], None]) -> Trained:
    """Fit the workflow of the spec on the rows to train on.

    Raises:
        RunFailedError: BadParams, BadFeature or BadWorkflow.
    """
    name = run.train.workflow
    found = workflow_class(name)
    encoding = fit_encoding(prepared.train, found.numbers)
    classes = prepared.classes_found
    frame = Frame(
        matrix=encode(prepared.train, encoding, run.threads),
        columns=tuple(encoding.column_names),
        labels=labels_of(prepared.train, classes),
        classes=len(classes.values) if classes else None,
        seed=run.train.seed,
        threads=run.threads,
        advance=advance,
    )
    with in_workflow(name, "fit"):
        fitted = found(run.train.params).fit(frame)
    if not isinstance(fitted, Fitted):
        raise bad_workflow(
            name, f"fit returned a {type(fitted).__name__}; expected a checkrail_trainer Fitted"
        )
    return Trained(run, prepared, encoding, found.libraries, fitted)


def labels_of(side: Table, classes: Classes | None) -> NDArray[np.int64] | NDArray[np.float64]:
    """Return ``(rows,)`` class numbers, or the label itself for a regression."""
    if classes is not None:
        return classes.numbers(side.labels)
    return np.asarray(side.labels, dtype=np.float64)
