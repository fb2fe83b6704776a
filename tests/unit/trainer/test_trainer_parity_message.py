"""A failed parity check names kinds of values: its message is read where the data is not."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from checkrail_trainer.encoding import Encoding
from checkrail_trainer.parity import kinds

ENCODING = Encoding(("hour", "wage"), {"town": ("Bern", "Rome")}, None)


def rows(hour: float, wage: float, town: str) -> dict[str, Any]:
    """Two rows; the second is the one to describe."""
    numbers = {"hour": [7.0, hour], "wage": [1e3, wage]}
    tensors = {name: np.asarray(each, np.float32).reshape(-1, 1) for name, each in numbers.items()}
    return {**tensors, "town": np.asarray(["Rome", town], object).reshape(-1, 1)}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        pytest.param(rows(7, 4321, "Bern"), "with ordinary values only", id="ordinary"),
        pytest.param(rows(math.nan, 4321, "Bern"), "with `hour` missing", id="a missing number"),
        pytest.param(rows(7, 4321, ""), "with `town` missing", id="a missing text"),
        pytest.param(rows(7, -math.inf, "Bern"), "with `wage` infinite", id="infinity"),
        pytest.param(rows(7, 4321, "Oslo"), "with `town` unknown to the model", id="unknown"),
        pytest.param(
            rows(math.nan, math.inf, ""), "with `hour`, `town` missing, `wage` infinite", id="all"
        ),
    ],
)
def test_a_row_is_described_without_its_values(row: dict[str, Any], told: str) -> None:
    assert kinds(row, 1, ENCODING) == told


def test_many_features_are_counted() -> None:
    names = tuple(f"f{number}" for number in range(500))
    row = {name: np.full((1, 1), np.nan, np.float32) for name in names}

    told = kinds(row, 0, Encoding(names, {}, None))

    assert told.endswith("`f11` and 488 more missing")
