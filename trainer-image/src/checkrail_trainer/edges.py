"""Rows made to hurt: where an exported model goes wrong first, if it does.

Missing and unknown values, extremes, and the thresholds of trees with their neighbours.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from checkrail_trainer.encoding import DAY_SECONDS, PARTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from checkrail_trainer.encoding import Encoding

Tensors = dict[str, "NDArray[Any]"]
"""Raw features by name, ``(rows, 1)`` each."""

THRESHOLDS = 1000
"""Thresholds of the whole model that get rows, evenly spaced; each gets three."""
UNKNOWN = "\N{REPLACEMENT CHARACTER}unknown"
PLAIN = (math.nan, 0.0, -1.0, 1e6, -1e6)
INSTANTS = (math.nan, 0.0, -1.0, -1e10, 0.1 + DAY_SECONDS, 4e9)


def edge_rows(
    base: Tensors, encoding: Encoding, thresholds: Mapping[int, NDArray[np.float32]]
) -> Tensors:
    """Return rows that differ from ``base`` in one feature each, and one with nothing in it.

    Infinity is tried where the model only compares, which is where it has thresholds: anywhere
    else the trained model itself has no answer to it.
    """
    nothing = {name: "" if name in encoding.categories else math.nan for name in base}
    changes: list[dict[str, Any]] = [
        nothing,
        *({name: value} for name in encoding.categories for value in ("", UNKNOWN)),
        *({name: value} for name in encoding.numbers for value in PLAIN),
        *({name: value} for name in encoding.times for value in INSTANTS),
        *_around(_spaced(thresholds, encoding.quantities), base, encoding),
    ]
    rows = {name: np.repeat(values, len(changes), axis=0) for name, values in base.items()}
    for number, change in enumerate(changes):
        for name, value in change.items():
            rows[name][number, 0] = value
    return rows


def _around(
    chosen: list[tuple[int, np.float32]], base: Tensors, encoding: Encoding
) -> Iterator[dict[str, Any]]:
    numbers = len(encoding.numbers)
    for column in sorted({column for column, _ in chosen if column < numbers}):
        name = encoding.numbers[column]
        yield {name: math.inf}
        yield {name: -math.inf}
    for column, value in chosen:
        if column < numbers:
            for each in (np.nextafter(value, -np.inf), value, np.nextafter(value, np.inf)):
                yield {encoding.numbers[column]: float(each)}
        else:
            place, part = divmod(column - numbers, len(PARTS))
            name = encoding.times[place]
            yield from ({name: each} for each in _instants(part, value, base[name][0, 0]))


def _instants(part: int, value: np.float32, instant: float) -> list[float]:
    """Return instants whose ``part`` is about ``value``, at most a second from it."""
    midnight = 0.0 if math.isnan(instant) else instant // DAY_SECONDS * DAY_SECONDS
    match PARTS[part]:
        case "day":
            found = float(math.ceil(value) * DAY_SECONDS)
        case "second":
            found = midnight + float(value)
        case _:
            found = midnight + math.ceil(value) * DAY_SECONDS
    return [found - 1.0, found, found + 1.0]


def _spaced(
    thresholds: Mapping[int, NDArray[np.float32]], columns: int
) -> list[tuple[int, np.float32]]:
    """Return up to ``THRESHOLDS`` thresholds of the first columns, evenly spaced over all."""
    everything = [
        (column, value)
        for column, values in sorted(thresholds.items())
        if column < columns
        for value in values
    ]
    step = max(1, math.ceil(len(everything) / THRESHOLDS))
    return everything[::step]
