"""The training profile: what serving compares its traffic with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from checkrail_api.artifact import FeatureProfile, Profile
from checkrail_trainer.estimator_graph import PREDICTION, PROBABILITIES
from checkrail_trainer.matrix_file import let_go
from checkrail_trainer.table import Categories, Table, Values

if TYPE_CHECKING:
    from numpy.typing import NDArray

QUANTILES = np.linspace(0.05, 0.95, 19)
FEWEST_EDGES = 10
TWO = 2
DIGITS = 9
"""Significant digits of an edge: as many as tell two float32 apart."""


def training_profile(train: Table, holdout_scores: NDArray[np.float64]) -> Profile:
    """Describe the features of the rows trained on and the scores of the rows held out.

    Args:
        train: The rows trained on.
        holdout_scores: ``(rows, classes)`` probabilities, or ``(rows,)`` predictions.
    """
    return Profile(
        features=[_feature(name, column) for name, column in train.columns.items()],
        score_output=PROBABILITIES if holdout_scores.ndim == TWO else PREDICTION,
        score_edges=score_edges(holdout_scores),
    )


def score_edges(scores: NDArray[np.float64]) -> list[float]:
    """Return 10 to 19 strictly increasing edges of the histogram of scores.

    A row's score is the prediction of a regression; the probability of the second class where there
    are two, else the largest probability. Edges are the 5 %, 10 %, ... 95 % quantiles; where these
    are too few different values, the edges are evenly spaced: between 0 and 1 for probabilities.
    """
    if scores.ndim != TWO:
        return _prediction_edges(scores)
    values = scores[:, 1] if scores.shape[1] == TWO else scores.max(axis=1)
    edges = np.unique(np.round(np.quantile(values, QUANTILES), 6))
    if len(edges) < FEWEST_EDGES:
        edges = np.round(QUANTILES, 6)
    return [float(each) for each in edges]


def _prediction_edges(scores: NDArray[np.float64]) -> list[float]:
    """Return the quantiles, or evenly spaced edges from the smallest prediction to the largest.

    Where all predictions are one value, from half of it to one and a half.
    """
    edges = _rounded(np.quantile(scores, QUANTILES))
    if len(edges) >= FEWEST_EDGES:
        return edges
    low, high = float(scores.min()), float(scores.max())
    middle, half = low / 2 + high / 2, high / 2 - low / 2
    # Closer together, edges would be equal after rounding, and all be about the same rows.
    half = max(half, abs(middle) * 1e-6)
    if low == high:
        half = abs(middle) / 2 or 1.0
    return _rounded(middle + half * np.linspace(-1, 1, len(QUANTILES)))


def _rounded(values: NDArray[np.float64]) -> list[float]:
    return sorted({float(f"{each:.{DIGITS}g}") for each in values})


def _feature(name: str, column: Values) -> FeatureProfile:
    if isinstance(column, Categories):
        texts = column.texts(slice(None))
        return FeatureProfile(
            name=name,
            datatype="BYTES",
            null_rate=f"{(texts == '').mean():.6f}",
            categories=sorted(each for each in column.values if each),
        )
    is_time = column.dtype == np.float64
    digits = ".17g" if is_time else ".9g"
    present = column[~np.isnan(column)]
    let_go(column)
    return FeatureProfile(
        name=name,
        datatype="FP64" if is_time else "FP32",
        null_rate=f"{1 - len(present) / len(column):.6f}",
        min=f"{present.min():{digits}}" if len(present) else None,
        max=f"{present.max():{digits}}" if len(present) else None,
    )
