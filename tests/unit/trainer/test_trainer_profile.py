"""The training profile: edges that a histogram can be built on, whatever a model predicts."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from checkrail_api.artifact import FeatureProfile
from checkrail_trainer.columns import Column
from checkrail_trainer.table import Categories, Table
from checkrail_trainer.training_profile import score_edges, training_profile

LARGEST = float(np.finfo(np.float32).max)


@pytest.mark.parametrize(
    ("predictions", "lowest", "highest"),
    [
        pytest.param(np.arange(101.0), 5.0, 95.0, id="quantiles"),
        pytest.param(np.full(50, 20.0), 10.0, 30.0, id="one value"),
        pytest.param(np.zeros(50), -1.0, 1.0, id="nothing but zeros"),
        pytest.param(np.repeat([-1.0, 3.0], 50), -1.0, 3.0, id="two values"),
    ],
)
def test_edges_of_a_regression_span_its_predictions(
    predictions: np.ndarray, lowest: float, highest: float
) -> None:
    edges = score_edges(predictions)

    assert (edges[0], edges[-1], len(edges)) == (lowest, highest, 19)


@settings(deadline=None)
@given(
    arrays.arrays(
        np.float64,
        st.integers(1, 30),
        elements=st.floats(-LARGEST, LARGEST, width=32),
    )
)
def test_edges_of_a_regression_increase_and_are_finite(predictions: np.ndarray) -> None:
    edges = score_edges(predictions)

    assert 10 <= len(edges) <= 19
    assert all(lower < upper for lower, upper in pairwise(edges))
    assert np.isfinite(edges).all()


def test_a_profile_describes_numbers_text_and_instants() -> None:
    columns = (Column("n", "FLOAT"), Column("c", "VARCHAR"), Column("t", "TIMESTAMP"))
    instant = 1_370_044_800.0
    train = Table(
        columns,
        {
            "n": np.array([1.5, np.nan, -2.0, 0.0], np.float32),
            "c": Categories(np.array([0, 1, 2, 1]), np.array(["b", "", "a"], dtype=object)),
            "t": np.array([instant, instant + 1, np.nan, np.nan], np.float64),
        },
        np.zeros(4),
    )

    profile = training_profile(train, np.arange(101.0))

    assert profile.score_output == "prediction"
    assert profile.features == [
        FeatureProfile(name="n", datatype="FP32", null_rate="0.250000", min="-2", max="1.5"),
        FeatureProfile(name="c", datatype="BYTES", null_rate="0.500000", categories=["a", "b"]),
        FeatureProfile(
            name="t", datatype="FP64", null_rate="0.500000", min="1370044800", max="1370044801"
        ),
    ]


def test_a_feature_that_is_always_missing_has_no_bounds() -> None:
    train = Table((Column("n", "FLOAT"),), {"n": np.full(2, np.nan, np.float32)}, np.zeros(2))

    (feature,) = training_profile(train, np.arange(9.0)).features

    assert feature == FeatureProfile(name="n", datatype="FP32", null_rate="1.000000")
