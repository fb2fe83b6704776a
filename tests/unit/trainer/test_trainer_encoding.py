"""Encoding, edge rows and the training profile, on a small frame."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest

from checkrail_api.artifact import FeatureProfile
from checkrail_trainer.classes import Classes, find_classes
from checkrail_trainer.columns import Column
from checkrail_trainer.edges import UNKNOWN, edge_rows
from checkrail_trainer.encoding import fit_encoding
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.preprocessor import encode
from checkrail_trainer.table import Categories, Table
from checkrail_trainer.training_profile import score_edges, training_profile
from checkrail_trainer.workflow import Numbers

FEATURES = (Column("distance", "DOUBLE"), Column("carrier", "VARCHAR"))


def frame(numbers: list[float], texts: list[str], labels: list[int] | list[str]) -> Table:
    values, codes = np.unique(np.asarray(texts, dtype=object), return_inverse=True)
    return Table(
        features=FEATURES,
        columns={
            "distance": np.asarray(numbers, dtype=np.float32),
            "carrier": Categories(codes.astype(np.int32), values),
        },
        labels=np.asarray(labels, dtype=object if isinstance(labels[0], str) else np.int64),
    )


TRAIN = frame([1.0, np.nan, 5.0, 3.0], ["UA", "AA", "", "UA"], [0, 1, 0, 1])


def test_numbers_come_first_as_they_are_and_missing_text_is_a_value_where_it_was_seen() -> None:
    encoding = fit_encoding(TRAIN, Numbers.AS_THEY_ARE)

    assert encoding.column_names == ["distance", "carrier=", "carrier=AA", "carrier=UA"]
    np.testing.assert_array_equal(
        encoding.encode(TRAIN.tensors(slice(None))),
        [[1, 0, 0, 1], [np.nan, 0, 1, 0], [5, 1, 0, 0], [3, 0, 0, 1]],
    )


def test_standardised_numbers_have_mean_0_and_missing_ones_are_the_mean() -> None:
    encoding = fit_encoding(TRAIN, Numbers.STANDARDISED)

    column = encoding.encode(TRAIN.tensors(slice(None)))[:, 0]

    np.testing.assert_allclose(column, [-1.2247449, 0, 1.2247449, 0], rtol=1e-6)


INSTANTS = {
    "1970-01-01T00:00:00": (0, 0, 3),
    "1969-12-31T23:59:59.5": (-1, 86399.5, 2),
    "2013-06-01T07:30:00": (15857, 27000, 5),
    "2024-02-29T23:59:59": (19782, 86399, 3),
    "1582-10-15T00:00:00": (-141427, 0, 4),
}


def test_an_instant_is_its_day_second_and_weekday_in_numpy_and_in_the_graph() -> None:
    """Against Python's own calendar; the features have the names of the graph's inner steps."""
    seconds = [datetime.fromisoformat(each).replace(tzinfo=UTC).timestamp() for each in INSTANTS]
    weekdays = [datetime.fromisoformat(each).weekday() for each in INSTANTS]
    instants = np.asarray([*seconds, np.nan])
    names = ("day", "instant")
    table = Table(
        features=tuple(Column(name, "TIMESTAMP") for name in names),
        columns=dict.fromkeys(names, instants),
        labels=np.zeros(len(instants)),
    )
    encoding = fit_encoding(table, Numbers.AS_THEY_ARE)

    matrix = encode(table, encoding, 1)

    wanted = np.asarray([*INSTANTS.values(), (np.nan,) * 3], dtype=np.float32)
    np.testing.assert_array_equal(matrix, np.hstack([wanted, wanted]))
    np.testing.assert_array_equal(encoding.encode(table.tensors(slice(None))), matrix)
    assert wanted[:-1, 2].tolist() == weekdays
    assert encoding.column_names[:3] == ["day.day", "day.second", "day.weekday"]


@pytest.mark.parametrize(
    ("numbers", "want"),
    [
        pytest.param(Numbers.IMPUTED, [[1, 0], [3, 2], [5, 4]], id="imputed"),
        pytest.param(Numbers.STANDARDISED, [[-1, -1], [0, 0], [1, 1]], id="standardised"),
    ],
)
def test_a_missing_number_or_instant_is_the_mean(numbers: Numbers, want: list[list[float]]) -> None:
    table = Table(
        features=(Column("hours", "DOUBLE"), Column("at", "DATE")),
        columns={
            "hours": np.asarray([1, np.nan, 5], np.float32),
            "at": np.asarray([0, np.nan, 4 * 86400.0]),
        },
        labels=np.zeros(3),
    )
    encoding = fit_encoding(table, numbers)

    matrix = encode(table, encoding, 1)[:, :2]

    np.testing.assert_allclose(matrix, want)
    np.testing.assert_array_equal(
        encoding.encode(table.tensors(slice(None)))[:, :2].astype(np.float32), matrix
    )


def test_edge_rows_of_an_instant_stand_around_its_thresholds() -> None:
    table = Table((Column("at", "DATE"),), {"at": np.asarray([90_000.0])}, np.zeros(1))
    encoding = fit_encoding(table, Numbers.AS_THEY_ARE)
    splits = {part: np.asarray([0.5], np.float32) for part in range(3)}

    rows = edge_rows(table.tensors(slice(None)), encoding, splits)["at"][-9:, 0].tolist()

    around = [86_399.0, 86_400.0, 86_401.0]
    assert rows == [*around, 86_399.5, 86_400.5, 86_401.5, *(each + 86_400 for each in around)]


def test_a_constant_or_empty_number_is_divided_by_1() -> None:
    still = frame([np.nan] * 4, ["AA"] * 4, [0, 1, 0, 1])

    assert fit_encoding(still, Numbers.STANDARDISED).encode(
        still.tensors(slice(0, 1))
    ).tolist() == [[0, 1]]


def test_an_unknown_text_is_zero_everywhere() -> None:
    encoding = fit_encoding(TRAIN, Numbers.AS_THEY_ARE)
    inputs = {"distance": np.zeros((1, 1)), "carrier": np.asarray([["ZZ"]], dtype=object)}

    assert encoding.encode(inputs).tolist() == [[0, 0, 0, 0]]


def test_a_text_feature_of_too_many_values_is_refused() -> None:
    many = frame([0.0] * 1001, [f"N{number}" for number in range(1001)], [0] * 1001)

    with pytest.raises(RunFailedError, match="`carrier` has 1001 values") as caught:
        fit_encoding(many, Numbers.AS_THEY_ARE)

    assert caught.value.reason.value == "BadFeature"


def test_edge_rows_change_one_feature_each_and_surround_every_threshold() -> None:
    encoding = fit_encoding(TRAIN, Numbers.AS_THEY_ARE)
    half = np.full(1, 0.5, dtype=np.float32)
    around = [np.nextafter(half, -1)[0], 0.5, np.nextafter(half, 1)[0]]

    rows = edge_rows(TRAIN.tensors(slice(0, 1)), encoding, {0: half, 3: half})

    texts = rows["carrier"][:, 0].tolist()
    numbers = rows["distance"][:, 0]
    assert texts == ["", "", UNKNOWN, *["UA"] * 10]
    np.testing.assert_array_equal(
        numbers,
        np.asarray(
            [np.nan, 1, 1, np.nan, 0, -1, 1e6, -1e6, np.inf, -np.inf, *around],
            dtype=np.float32,
        ),
    )


def test_infinity_is_tried_only_where_the_model_compares() -> None:
    encoding = fit_encoding(TRAIN, Numbers.STANDARDISED)

    rows = edge_rows(TRAIN.tensors(slice(0, 1)), encoding, {})

    assert not np.isinf(rows["distance"]).any()


def test_the_profile_says_what_training_saw() -> None:
    profile = training_profile(TRAIN, np.asarray([[0.5, 0.5]] * 4))

    assert profile.features == [
        FeatureProfile(name="distance", datatype="FP32", null_rate="0.250000", min="1", max="5"),
        FeatureProfile(
            name="carrier", datatype="BYTES", null_rate="0.250000", categories=["AA", "UA"]
        ),
    ]


@pytest.mark.parametrize(
    "positive",
    [
        pytest.param(np.linspace(0.2, 0.4, 500), id="many values"),
        pytest.param(np.asarray([0.1, 0.9]), id="two values"),
        pytest.param(np.zeros(50), id="one value"),
    ],
)
def test_score_edges_increase(positive: np.ndarray) -> None:
    edges = score_edges(np.column_stack([1 - positive, positive]))

    assert 10 <= len(edges) <= 20
    assert all(low < high for low, high in pairwise(edges))


def test_classes_are_the_sorted_labels_of_training() -> None:
    side = frame([0] * 3, ["AA"] * 3, ["no", "maybe", "yes"])

    assert find_classes(side, side, "kind") == Classes(("maybe", "no", "yes"))
    assert Classes(("maybe", "no", "yes")).numbers(side.labels).tolist() == [1, 0, 2]


@pytest.mark.parametrize(
    ("train", "holdout", "reason", "said"),
    [
        pytest.param([1, 1], [0, 1], "SingleClass", "train side", id="one class in training"),
        pytest.param([0, 1], [1, 1], "SingleClass", "holdout side", id="one class held out"),
        pytest.param([0, 1], [1, 2], "BadLabel", "has 1 values", id="a class never trained on"),
        pytest.param(list(range(101)), [0, 1], "BadLabel", "101 values", id="too many classes"),
    ],
)
def test_labels_that_cannot_be_learnt_are_refused(
    train: list[int], holdout: list[int], reason: str, said: str
) -> None:
    sides = [frame([0] * len(each), ["AA"] * len(each), each) for each in (train, holdout)]

    with pytest.raises(RunFailedError) as caught:
        find_classes(sides[0], sides[1], "late")

    assert caught.value.reason.value == reason
    assert said in caught.value.message
