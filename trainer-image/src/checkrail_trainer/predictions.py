"""What two published models say of the same rows, and how far apart that is."""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from checkrail_api.artifact import MODEL_FILE
from checkrail_api.object_store import ObjectStore
from checkrail_api.run import BaselineModel
from checkrail_trainer.baseline_files import REQUEST, SCORES, TEXT, write_column
from checkrail_trainer.baseline_scores import OUTPUTS
from checkrail_trainer.baselines import in_own_process, memory_for
from checkrail_trainer.parity_process import apart
from checkrail_trainer.table import Categories

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from checkrail_api.evaluation import Parity
    from checkrail_trainer.environment import Environment
    from checkrail_trainer.prepared import Prepared
    from checkrail_trainer.table import Values


@dataclass(frozen=True)
class Distance:
    """The distance of two models on the rows held out; rows count from 0."""

    rows: int
    max_abs_diff: float
    """Largest difference of a score, counted as spec.evaluation.parity counts it."""
    worst: int
    """The row of the largest difference."""
    flips: int
    """Rows with another label."""
    first: int | None
    """The first row that differs by more than is allowed, or has another label."""
    first_by: float
    """The difference of that row."""

    def is_within(self, bounds: Parity) -> bool:
        """Answer whether the models say the same within the bounds of a run."""
        near = self.max_abs_diff <= float(bounds.max_abs_diff)
        return near and self.flips <= bounds.max_flips


def scores_of(model: bytes, prepared: Prepared, environment: Environment) -> NDArray[np.float64]:
    """Score the rows held out with a published model, in the limited process of baselines.

    Returns:
        ``(rows, classes)`` probabilities, or ``(rows,)`` predictions.

    Raises:
        RunFailedError: BadBaseline; the model does not take these rows. Or OOMKilled.
    """
    digest = hashlib.sha256(model).hexdigest()
    given = BaselineModel(
        reference="a replay", version=digest[:8], uri="", sha256=digest, store=ObjectStore()
    )
    with tempfile.TemporaryDirectory(dir=environment.scratch, prefix="replay-") as name:
        folder = Path(name)
        (folder / MODEL_FILE).write_bytes(model)
        inputs = [
            _hand_over(folder, feature, str(number), values)
            for number, (feature, values) in enumerate(prepared.holdout.columns.items())
        ]
        request = {
            "rows": prepared.holdout.rows,
            "threads": 1,
            "output": OUTPUTS[prepared.task],
            "classes": None,
            "inputs": inputs,
        }
        (folder / REQUEST).write_text(json.dumps(request))
        in_own_process("score", given, folder, memory_for(environment))
        scores = np.load(folder / SCORES, allow_pickle=False)
    return np.asarray(scores, dtype=np.float64)


def _hand_over(folder: Path, feature: str, file: str, values: Values) -> dict[str, Any]:
    """Write a column for the process and return its entry in the request."""
    write_column(folder, file, values)
    if isinstance(values, Categories):
        kind = TEXT
    else:
        kind = "tensor(double)" if values.dtype == np.float64 else "tensor(float)"
    return {"name": feature, "type": kind, "rank": 2, "file": file}


def distance(
    recorded: NDArray[np.float64], made: NDArray[np.float64], bounds: Parity
) -> Distance | None:
    """Measure how far ``made`` is from ``recorded``.

    Args:
        recorded: ``(rows, classes)`` probabilities, or ``(rows,)`` predictions.
        made: Those of the other model.
        bounds: What is allowed.

    Returns:
        None where the two have other shapes: another number of classes.
    """
    if recorded.shape != made.shape:
        return None
    differences = apart(made, recorded)
    flipped = np.zeros(len(recorded), dtype=bool)
    if recorded.ndim > 1:
        flipped = recorded.argmax(axis=1) != made.argmax(axis=1)
    beyond = np.flatnonzero((differences > float(bounds.max_abs_diff)) | flipped)
    first = int(beyond[0]) if len(beyond) else None
    return Distance(
        rows=len(recorded),
        max_abs_diff=float(differences.max()),
        worst=int(differences.argmax()),
        flips=int(flipped.sum()),
        first=first,
        first_by=0.0 if first is None else float(differences[first]),
    )
