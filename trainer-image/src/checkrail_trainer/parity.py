"""The parity check: ONNX Runtime in a fresh process must say what the trained model says.

Rows are a sample of the hold-out and rows made to hurt: missing and unknown values, extremes, and
each threshold of the trees with its float32 neighbours.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from checkrail_api.exit_codes import ExitCode
from checkrail_api.reasons import Reason
from checkrail_api.reports import ParityReport
from checkrail_trainer.failures import NAMES_SHOWN, RunFailedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from checkrail_api.evaluation import Parity
    from checkrail_trainer.classes import Classes
    from checkrail_trainer.encoding import Encoding
    from checkrail_trainer.table import Table
    from checkrail_trainer.workflows.workflow import Workflow

Tensors = dict[str, "NDArray[Any]"]

SAMPLE_ROWS = 4000
"""Rows of the hold-out, evenly spaced; all of them where there are fewer."""
THRESHOLDS = 1000
"""Thresholds of the whole model that get rows, evenly spaced; each gets three."""
UNKNOWN = "\N{REPLACEMENT CHARACTER}unknown"
PROCESS = "checkrail_trainer.parity_process"


def parity_rows(holdout: Table, encoding: Encoding, workflow: Workflow) -> Tensors:
    """Return the inputs to compare on, by feature ``(rows, 1)``."""
    spaced = np.unique(np.linspace(0, holdout.rows - 1, SAMPLE_ROWS).astype(np.int64))
    everything = holdout.tensors(slice(None))
    sample = {name: values[spaced] for name, values in everything.items()}
    base = {name: values[:1] for name, values in everything.items()}
    edges = edge_rows(base, encoding, workflow.thresholds())
    return {name: np.concatenate([sample[name], edges[name]]) for name in sample}


def edge_rows(
    base: Tensors, encoding: Encoding, thresholds: Mapping[int, NDArray[np.float32]]
) -> Tensors:
    """Return rows that differ from ``base`` in one feature each, and one with nothing in it.

    Infinity is tried where the model only compares, which is where it has thresholds: anywhere
    else the trained model itself has no answer to it.
    """
    changes: list[dict[str, Any]] = [
        {name: math.nan if name in encoding.numbers else "" for name in base}
    ]
    for name in encoding.categories:
        changes += [{name: ""}, {name: UNKNOWN}]
    for name in encoding.numbers:
        changes += [{name: value} for value in (math.nan, 0.0, -1.0, 1e6, -1e6)]
    chosen = _spaced(thresholds, len(encoding.numbers))
    for column in sorted({column for column, _ in chosen}):
        name = encoding.numbers[column]
        changes += [{name: math.inf}, {name: -math.inf}]
    for column, value in chosen:
        around = (np.nextafter(value, -np.inf), value, np.nextafter(value, np.inf))
        changes += [{encoding.numbers[column]: float(each)} for each in around]
    rows = {name: np.repeat(values, len(changes), axis=0) for name, values in base.items()}
    for number, change in enumerate(changes):
        for name, value in change.items():
            rows[name][number, 0] = value
    return rows


def check_parity(  # noqa: PLR0917 - the run's whole state meets here
    model: bytes,
    rows: Tensors,
    encoding: Encoding,
    workflow: Workflow,
    classes: Classes,
    bounds: Parity,
) -> ParityReport:
    """Compare ``model`` with the trained estimator on ``rows``.

    Raises:
        RunFailedError: ParityFailed; a bound is exceeded, so nothing may be published.
    """
    scores = workflow.scores(encoding.encode(rows))
    labels = classes.array[scores.argmax(axis=1)]
    found = _in_fresh_process(model, rows, scores, labels)
    if found["max_abs_diff"] > float(bounds.max_abs_diff) or found["flips"] > bounds.max_flips:
        worst = found["worst_row"]
        raise RunFailedError(
            Reason.PARITY_FAILED,
            f"the ONNX model differs from the trained one on {found['rows']} rows: largest "
            f"difference of a score {found['max_abs_diff']:.3g}, allowed "
            f"{bounds.max_abs_diff}; {found['flips']} labels differ, allowed {bounds.max_flips}. "
            f"Worst row: number {worst} of these, {kinds(rows, worst, encoding)}. "
            "Nothing was published. Simplify the model, or widen "
            "spec.evaluation.parity if the difference does not matter",
            ExitCode.PARITY_FAILED,
        )
    return ParityReport(
        rows=found["rows"], max_abs_diff=f"{found['max_abs_diff']:.3g}", flips=found["flips"]
    )


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
    model: bytes, rows: Tensors, scores: NDArray[np.float64], labels: NDArray[Any]
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="parity-") as name:
        folder = Path(name)
        (folder / "model.onnx").write_bytes(model)
        np.savez(folder / "inputs.npz", **{key: _plain(each) for key, each in rows.items()})  # type: ignore[arg-type]  # allow_pickle is not among them
        np.savez(folder / "expected.npz", scores=scores, labels=_plain(labels))
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


def _spaced(
    thresholds: Mapping[int, NDArray[np.float32]], numbers: int
) -> list[tuple[int, np.float32]]:
    """Return up to ``THRESHOLDS`` thresholds of number columns, evenly spaced over all."""
    everything = [
        (column, value)
        for column, values in sorted(thresholds.items())
        if column < numbers
        for value in values
    ]
    step = max(1, math.ceil(len(everything) / THRESHOLDS))
    return everything[::step]
