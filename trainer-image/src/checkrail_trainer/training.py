"""Fitting the workflow of the spec, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from checkrail_trainer.encoding import Encoding, fit_encoding
from checkrail_trainer.export import export, signature
from checkrail_trainer.parity import check_parity, parity_rows
from checkrail_trainer.preprocessor import encode
from checkrail_trainer.workflows import load

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from checkrail_api.reports import ParityReport, Signature
    from checkrail_api.run import Run
    from checkrail_trainer.prepared import Prepared
    from checkrail_trainer.workflows.workflow import Workflow


@dataclass(frozen=True)
class Trained:
    """A fitted workflow, with the encoding it was fitted on."""

    run: Run
    prepared: Prepared
    encoding: Encoding
    workflow: Workflow

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the model's inputs, in order."""
        return tuple(each.name for each in self.prepared.train.features)

    @cached_property
    def scores(self) -> NDArray[np.float64]:
        """What it says of the rows held out: ``(rows, classes)`` probabilities."""
        matrix = encode(self.prepared.holdout, self.encoding, self.run.threads)
        return self.workflow.scores(matrix)

    @property
    def signature(self) -> Signature:
        """Inputs and outputs of its model."""
        return signature(self.encoding, self.names, self.prepared.classes)

    def export(self, inputs_digest: str) -> bytes:
        """Return the model in ONNX, with the digest of all that went into it."""
        return export(
            self.encoding,
            self.names,
            self.prepared.classes,
            self.workflow.model(),
            inputs_digest,
        )

    def check_parity(self, model: bytes) -> ParityReport:
        """Compare ``model`` with the workflow in a fresh process.

        Raises:
            RunFailedError: ParityFailed.
        """
        rows = parity_rows(self.prepared.holdout, self.encoding, self.workflow)
        bounds = self.run.evaluation.parity
        return check_parity(
            model, rows, self.encoding, self.workflow, self.prepared.classes, bounds
        )


def train(run: Run, prepared: Prepared, advance: Callable[[float], None]) -> Trained:
    """Fit the workflow of the spec on the rows to train on.

    Raises:
        RunFailedError: BadParams or BadFeature.
    """
    workflow = load(run.train, run.threads)
    encoding = fit_encoding(prepared.train, standardise=workflow.standardises)
    matrix = encode(prepared.train, encoding, run.threads)
    workflow.fit(matrix, prepared.classes.numbers(prepared.train.labels), advance)
    return Trained(run, prepared, encoding, workflow)
