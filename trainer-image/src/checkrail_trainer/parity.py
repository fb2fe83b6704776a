"""The parity check: ONNX Runtime in a fresh process must say what the trained model says.

Rows are a sample of the hold-out and rows made to hurt, see `edges.py`.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from checkrail_api.exit_codes import ExitCode
from checkrail_api.reasons import Reason
from checkrail_api.reports import ParityReport
from checkrail_trainer.edges import edge_rows
from checkrail_trainer.failures import NAMES_SHOWN, RunFailedError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from checkrail_api.evaluation import Parity
    from checkrail_trainer.classes import Classes
    from checkrail_trainer.edges import Tensors
    from checkrail_trainer.encoding import Encoding
    from checkrail_trainer.table import Table
    from checkrail_trainer.workflow import Fitted

SAMPLE_ROWS = 4000
"""Rows of the hold-out, evenly spaced; all of them where there are fewer."""
PROCESS = "checkrail_trainer.parity_process"


@dataclass(frozen=True)
class Compared:
    """What the exported model must say the same as."""

    encoding: Encoding
    fitted: Fitted
    classes: Classes | None
    """None for a regression."""

    def says(self, rows: Tensors) -> dict[str, NDArray[Any]]:
        """Return ``scores``, and the ``labels`` of a classification, for these raw rows.

        The encoding is numpy's and the scores are the library's. Labels are decided as they are
        when it serves, between probabilities in FP32, the first of equals: the trees of a forest
        often tie, and then the last digit of a float64 would decide.
        """
        scores = np.asarray(self.fitted.scores(self.encoding.encode(rows)), dtype=np.float64)
        if self.classes is None:
            return {"scores": scores}
        best = scores.astype(np.float32).argmax(axis=1)
        return {"scores": scores, "labels": _plain(self.classes.array[best])}


def check_parity(model: bytes, holdout: Table, compared: Compared, bounds: Parity) -> ParityReport:
    """Compare ``model`` with the trained estimator on rows of the hold-out and edge rows.

    A score is a probability, compared by its difference, or a prediction, compared by its
    difference as a share of the larger of 1 and its size.

    Raises:
        RunFailedError: ParityFailed; a bound is exceeded, so nothing may be published.
    """
    rows = parity_rows(holdout, compared)
    found = _in_fresh_process(model, rows, compared.says(rows))
    if failure := found.get("failure"):
        raise RunFailedError(
            Reason.PARITY_FAILED,
            f"ONNX Runtime does not run the exported model: {failure}. Nothing was published. "
            "Simplify the model",
            ExitCode.PARITY_FAILED,
        )
    report = ParityReport(
        rows=found["rows"], max_abs_diff=f"{found['max_abs_diff']:.3g}", flips=found["flips"]
    )
    if found["max_abs_diff"] > float(bounds.max_abs_diff) or found["flips"] > bounds.max_flips:
        worst = found["worst_row"]
        raise RunFailedError(
            Reason.PARITY_FAILED,
            f"the ONNX model differs from the trained one on {found['rows']} rows: largest "
            f"difference of a score {found['max_abs_diff']:.3g}, allowed "
            f"{bounds.max_abs_diff}; {found['flips']} labels differ, allowed {bounds.max_flips}. "
            f"Worst row: number {worst} of these, {kinds(rows, worst, compared.encoding)}. "
            "Nothing was published. Simplify the model, or widen "
            "spec.evaluation.parity if the difference does not matter",
            ExitCode.PARITY_FAILED,
        ).with_parity(report)
    return report


def parity_rows(holdout: Table, compared: Compared) -> Tensors:
    """Return the inputs to compare on, by feature ``(rows, 1)``."""
    spaced = np.unique(np.linspace(0, holdout.rows - 1, SAMPLE_ROWS).astype(np.int64))
    sample = holdout.tensors(spaced)
    edges = edge_rows(holdout.tensors(slice(1)), compared.encoding, compared.fitted.thresholds())
    return {name: np.concatenate([sample[name], edges[name]]) for name in sample}


def kinds(rows: Tensors, row: int, encoding: Encoding) -> str:
    """Say which features of a row are missing, infinite or unknown, and none of its values.

    The message ends in a status, which more people may read than the data.
    """
    special: dict[str, list[str]] = {"missing": [], "infinite": [], "unknown to the model": []}
    for name, values in rows.items():
        value = values[row, 0]
        known = encoding.categories.get(name)
        if known is None and math.isinf(value):
            special["infinite"].append(name)
        elif value == "" if known is not None else math.isnan(value):
            special["missing"].append(name)
        elif known is not None and value not in known:
            special["unknown to the model"].append(name)
    told = [f"{_few(names)} {kind}" for kind, names in special.items() if names]
    return f"with {', '.join(told)}" if told else "with ordinary values only"


def _few(names: list[str]) -> str:
    more = len(names) - NAMES_SHOWN
    shown = ", ".join(f"`{name}`" for name in names[:NAMES_SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown


def _in_fresh_process(
    model: bytes, rows: Tensors, expected: dict[str, NDArray[Any]]
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="parity-") as name:
        folder = Path(name)
        (folder / "model.onnx").write_bytes(model)
        np.savez(folder / "inputs.npz", **{key: _plain(each) for key, each in rows.items()})  # type: ignore[arg-type]  # allow_pickle is not among them
        np.savez(folder / "expected.npz", **expected)  # type: ignore[arg-type]  # as above
        done = subprocess.run(
            [sys.executable, "-m", PROCESS, str(folder)],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        raise RuntimeError(f"{PROCESS} ended with {done.returncode}: {done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _plain(values: NDArray[Any]) -> NDArray[Any]:
    """Return text as fixed-width characters: objects would need a pickle."""
    return values.astype(np.str_) if values.dtype == object else values
