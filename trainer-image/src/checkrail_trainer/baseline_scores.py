"""What published versions say of the rows held out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from checkrail_api.workflows import Task
from checkrail_trainer.baseline_files import (
    FRACTIONS,
    NUMBERS,
    REQUEST,
    SCORES,
    TEXT,
    write_column,
)
from checkrail_trainer.baselines import in_own_process
from checkrail_trainer.gates import Rival
from checkrail_trainer.table import Categories

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from checkrail_trainer.baselines import Baseline, Port
    from checkrail_trainer.prepared import Prepared
    from checkrail_trainer.table import Values

OUTPUTS = {Task.CLASSIFICATION: "probabilities", Task.REGRESSION: "prediction"}


def rivals(baselines: Sequence[Baseline], prepared: Prepared, threads: int) -> list[Rival]:
    """Score the rows held out with published versions; each model once.

    Raises:
        RunFailedError: BadBaseline; one is of another task, has other classes, or asks for what
            the joined table does not have. Or OOMKilled.
    """
    scores: dict[Path, NDArray[np.float64]] = {}
    for each in baselines:
        if each.folder not in scores:
            scores[each.folder] = _scores(each, prepared, threads)
    return [
        Rival(each.given.reference, each.given.version, scores[each.folder]) for each in baselines
    ]


def _scores(baseline: Baseline, prepared: Prepared, threads: int) -> NDArray[np.float64]:
    output = OUTPUTS[prepared.task]
    _check_outputs(baseline, prepared.task, output)
    classes = list(prepared.classes.values) if prepared.task is Task.CLASSIFICATION else None
    held = {**prepared.holdout.columns, **prepared.holdout.extra}
    request = {
        "rows": prepared.holdout.rows,
        "threads": threads,
        "output": output,
        "classes": classes,
        "inputs": [
            _hand_over(baseline, port, held.get(port.name), str(number))
            for number, port in enumerate(baseline.inputs)
        ],
    }
    (baseline.folder / REQUEST).write_text(json.dumps(request))
    answer = in_own_process("score", baseline.given, baseline.folder, baseline.memory_bytes)
    scores = np.load(baseline.folder / SCORES, allow_pickle=False).astype(np.float64)
    checked = _checked(baseline, scores, len(classes) if classes else None, prepared.holdout.rows)
    if answer["strangers"]:
        raise baseline.bad(
            f"has other classes: its label differs from the run's class of its largest "
            f"probability in {answer['strangers']} of {prepared.holdout.rows} rows held out"
        )
    return checked


def _check_outputs(baseline: Baseline, task: Task, output: str) -> None:
    names = {each.name for each in baseline.outputs}
    wanted = {output, "label"} if task is Task.CLASSIFICATION else {output}
    if not wanted <= names:
        raise baseline.bad(
            f"answers {', '.join(sorted(names))}; a {task.value.lower()} is compared by "
            f"{' and '.join(sorted(wanted))}"
        )


def _hand_over(baseline: Baseline, port: Port, values: Values | None, file: str) -> dict[str, Any]:
    """Write a column for the process and return its entry in the request."""
    what = f"asks for the input `{port.name}`"
    if values is None:
        raise baseline.bad(
            f"{what}, which is no column of the joined table that a model can read. Select it in "
            "spec.data.query; it need not be among spec.data.features"
        )
    if len(port.shape) not in {1, 2} or port.shape[1:] not in {(), (1,)}:
        raise baseline.bad(f"{what} of shape {list(port.shape)}; expected one value per row")
    is_text = isinstance(values, Categories)
    if port.type not in {TEXT, *NUMBERS} or is_text != (port.type == TEXT):
        found = "text" if is_text else "numbers"
        raise baseline.bad(f"{what} of type {port.type}, and the column of that name holds {found}")
    if not isinstance(values, Categories) and port.type not in FRACTIONS and _has_gaps(values):
        raise baseline.bad(
            f"{what} of type {port.type}, which cannot be missing, and the column of that name has "
            "missing values. Fill them in spec.data.query"
        )
    write_column(baseline.folder, file, values)
    return {"name": port.name, "type": port.type, "rank": len(port.shape), "file": file}


def _has_gaps(values: NDArray[np.floating]) -> bool:
    return bool(np.isnan(values).any())


def _checked(
    baseline: Baseline, scores: NDArray[np.float64], classes: int | None, rows: int
) -> NDArray[np.float64]:
    """Return scores in the form of the candidate's."""
    shaped = scores.reshape(rows) if classes is None and scores.size == rows else scores
    expected = (rows,) if classes is None else (rows, classes)
    if shaped.shape != expected:
        raise baseline.bad(
            f"answers scores of shape {list(shaped.shape)}; expected {list(expected)}"
            + ("" if classes is None else f", because the label has {classes} classes here")
        )
    good = np.isfinite(shaped)
    if classes is not None:
        good = good.all(axis=1) & (shaped >= 0).all(axis=1) & (shaped.sum(axis=1) > 0)
    if wrong := rows - int(good.sum()):
        what = "finite numbers" if classes is None else "probabilities"
        raise baseline.bad(f"answers what are no {what} in {wrong} of {rows} rows held out")
    return shaped
