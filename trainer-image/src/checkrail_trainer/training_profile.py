"""The training profile: what serving compares its traffic with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from checkrail_api.artifact import FeatureProfile, Profile
from checkrail_trainer.export import PROBABILITIES
from checkrail_trainer.table import Categories, Table, Values

if TYPE_CHECKING:
    from numpy.typing import NDArray

QUANTILES = np.linspace(0.05, 0.95, 19)
FEWEST_EDGES = 10
TWO = 2


def training_profile(train: Table, holdout_scores: NDArray[np.float64]) -> Profile:
    """Describe the features of the rows trained on and the scores of the rows held out.

    Args:
        train: The rows trained on.
        holdout_scores: ``(rows, classes)`` probabilities.
    """
    return Profile(
        features=[_feature(name, column) for name, column in train.columns.items()],
        score_output=PROBABILITIES,
        score_edges=score_edges(holdout_scores),
    )


def score_edges(scores: NDArray[np.float64]) -> list[float]:
    """Return 10 to 19 strictly increasing edges between 0 and 1.

    A row's score is the probability of the second class where there are two, else the largest
    probability. Edges are the 5 %, 10 %, ... 95 % quantiles; where these are too few different
    values, the edges are evenly spaced.
    """
    values = scores[:, 1] if scores.shape[1] == TWO else scores.max(axis=1)
    edges = np.unique(np.round(np.quantile(values, QUANTILES), 6))
    if len(edges) < FEWEST_EDGES:
        edges = np.round(QUANTILES, 6)
    return [float(each) for each in edges]


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
    return FeatureProfile(
        name=name,
        datatype="FP64" if is_time else "FP32",
        null_rate=f"{1 - len(present) / len(column):.6f}",
        min=f"{present.min():{digits}}" if len(present) else None,
        max=f"{present.max():{digits}}" if len(present) else None,
    )
