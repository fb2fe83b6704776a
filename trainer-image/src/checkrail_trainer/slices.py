"""Metrics of the rows of each value of a column.

The 20 most frequent values of a column are judged one by one, most frequent first, equals by name.
Figures of a few rows say little and look like much, so under 100 rows there is a note instead.
A slice's name holds a value of the data: who names a column in ``evaluation.slices`` says that its
values may be read by everybody who may read the status.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from checkrail_api.reports import Metric
from checkrail_trainer.evaluate import tell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from checkrail_api.workflows import MetricName

FEWEST_ROWS = 100
MOST_VALUES = 20
NAME_LENGTH = 192
"""Characters of a slice's name that a report holds."""


def by_slice(
    names: Sequence[MetricName],
    slices: Mapping[str, NDArray[np.object_]],
    labels: NDArray[Any],
    scores: NDArray[np.float64],
) -> list[Metric]:
    """Return the named metrics of every slice, in the order of ``slices``.

    Args:
        names: Which.
        slices: By column, ``(rows,)`` text, ``""`` where missing.
        labels: ``(rows,)``, as in ``evaluate``.
        scores: As in ``evaluate``.
    """
    found: list[Metric] = []
    for column, values in slices.items():
        counts = Counter(values.tolist())
        ranked = sorted(counts, key=lambda value: (-counts[value], value))
        for value in ranked[:MOST_VALUES]:
            rows = values == value
            found += _one(names, _cut(f"{column}={value}"), labels[rows], scores[rows])
        if rest := ranked[MOST_VALUES:]:
            others = sum(counts[value] for value in rest)
            found.append(_unjudged(names[0], column, len(rest), others))
    return found


def _one(
    names: Sequence[MetricName], where: str, labels: NDArray[Any], scores: NDArray[np.float64]
) -> list[Metric]:
    told = {"slice": where, "rows": len(labels)}
    if len(labels) < FEWEST_ROWS:
        note = f"too few rows: under {FEWEST_ROWS}"
        return [Metric(name=name, value="", note=note, **told) for name in names]
    return [tell(name, labels, scores).model_copy(update=told) for name in names]


def _unjudged(name: MetricName, column: str, values: int, rows: int) -> Metric:
    """Say how much of a column is not judged; no value has this slice's name: it has no ``=``."""
    note = f"{values} rarer values are not judged one by one"
    return Metric(name=name, value="", slice=column, rows=rows, note=note)


def _cut(name: str) -> str:
    return name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 1]}…"
