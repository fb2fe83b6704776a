"""What rollout checks read: requests in, families out."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from checkrail_api.artifact import FeatureProfile, Profile
from checkrail_server import model as models
from checkrail_server.artifact import Artifact
from checkrail_server.errors import RequestError
from checkrail_server.exposition import LABELS, Exposition
from checkrail_server.finite_outputs import FiniteOutputs
from checkrail_server.metrics import Metrics
from checkrail_server.settings import from_environment
from checkrail_server.tensors import TensorSpec
from harness.scoring_server import CARRIERS, EDGES, SIGNATURE, environment, flight_model

if TYPE_CHECKING:
    from checkrail_server.model import Model

NAN, INF = float("nan"), float("inf")
FEATURES = [
    FeatureProfile(name="distance", datatype="FP32", null_rate="0", min="50", max="3000"),
    FeatureProfile(name="carrier", datatype="BYTES", null_rate="0", categories=CARRIERS),
]
REFERENCE = json.dumps({"output": "probabilities", "edges": ["0.2", "0.6"]})


def profiled(features: list[FeatureProfile] | None = None) -> Profile:
    return Profile(features=features or [], score_output="probabilities", score_edges=EDGES)


def loaded(profile: Profile | None = None, reference: str | None = None) -> Model:
    return models.load("m", Artifact(flight_model(), SIGNATURE, profile), 1, reference)


def row(distance: float = 500, carrier: str = "UA") -> tuple[float, str]:
    return distance, carrier


def families(
    model: Model, *requests: list[tuple[float, str]], probability: float = 0.4, finite: bool = True
) -> dict[str, float]:
    """Count ``requests`` of which every row scores ``probability`` more; return what is told.

    Without the families that every server has, and without the labels that every sample has.
    """
    metrics = Metrics()
    metrics.take_model(model)
    for rows in requests:
        feeds = {
            "distance": np.array([[distance] for distance, _ in rows], dtype=np.float32),
            "dep_hour": np.zeros((len(rows), 1), dtype=np.float32),
            "carrier": np.array([[carrier] for _, carrier in rows], dtype=np.object_),
        }
        scores = np.array([probability + number / 100 for number in range(len(rows))])
        outputs = [np.zeros(len(rows), dtype=np.int64), np.column_stack([1 - scores, scores])]
        metrics.scored(feeds, len(rows), outputs, finite=finite)
    settings = from_environment(environment("file:///a", "0" * 64))
    return {
        family.name
        + sample.name.removeprefix(family.name)
        + _own_labels(sample.labels): sample.value
        for family in Exposition(metrics, settings).collect()
        if family.name.startswith(("checkrail_request_score", "checkrail_nonf", "checkrail_out_of"))
        or family.name.startswith("checkrail_feature")
        for sample in family.samples
    }


def _own_labels(labels: dict[str, str]) -> str:
    return "".join(f" {value}" for name, value in labels.items() if name not in LABELS)


def test_a_model_without_a_profile_counts_only_answers_that_are_not_finite() -> None:
    assert families(loaded(), [row()]) == {"checkrail_nonfinite_answers_total": 0}


def test_one_score_of_each_request_is_counted_that_of_its_first_row() -> None:
    told = families(loaded(profiled()), [row(), row(), row()], [row()])

    assert told == {
        "checkrail_nonfinite_answers_total": 0,
        "checkrail_request_score_bucket own probabilities 0.1": 0,
        "checkrail_request_score_bucket own probabilities 0.25": 0,
        "checkrail_request_score_bucket own probabilities 0.5": 2,
        "checkrail_request_score_bucket own probabilities 0.75": 2,
        "checkrail_request_score_bucket own probabilities 0.9": 2,
        "checkrail_request_score_bucket own probabilities +Inf": 2,
        "checkrail_request_score_count own probabilities": 2,
        "checkrail_request_score_sum own probabilities": pytest.approx(0.8),
    }


def test_scores_are_counted_in_the_bins_of_the_reference_too() -> None:
    told = families(loaded(profiled(), REFERENCE), [row()], [row()])

    reference = {name: value for name, value in told.items() if " reference " in name}
    assert reference == {
        "checkrail_request_score_bucket reference probabilities 0.2": 0,
        "checkrail_request_score_bucket reference probabilities 0.6": 2,
        "checkrail_request_score_bucket reference probabilities +Inf": 2,
        "checkrail_request_score_count reference probabilities": 2,
        "checkrail_request_score_sum reference probabilities": pytest.approx(0.8),
    }
    assert told["checkrail_request_score_count own probabilities"] == 2


@pytest.mark.parametrize("score", [pytest.param(NAN, id="NaN"), pytest.param(INF, id="infinity")])
def test_a_score_that_is_not_finite_is_in_no_bin(score: float) -> None:
    told = families(loaded(profiled()), [row()], probability=score, finite=False)

    assert told["checkrail_request_score_count own probabilities"] == 0
    assert told["checkrail_request_score_sum own probabilities"] == 0
    assert told["checkrail_nonfinite_answers_total"] == 1


def test_requests_outside_the_training_profile_are_counted_once_and_by_feature() -> None:
    told = families(
        loaded(profiled(FEATURES)),
        [row()],
        [row(distance=10_000)],
        [row(), row(distance=10, carrier="XX"), row(distance=20)],
        [row(carrier="")],
    )

    assert {name: value for name, value in told.items() if "range" in name} == {
        "checkrail_out_of_range_requests_total": 3,
        "checkrail_feature_out_of_range_total distance": 2,
        "checkrail_feature_out_of_range_total carrier": 2,
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("0.1,0.2", "document: Invalid JSON", id="it is not JSON"),
        pytest.param('{"output": "probabilities"}', "edges: Field required", id="no edges"),
        pytest.param(
            '{"output": "probabilities", "edges": ["0.5", "0.5"]}',
            "edges: they must be finite and strictly increasing",
            id="edges do not increase",
        ),
        pytest.param(
            '{"output": "probabilities", "edges": ["1e999"]}',
            "edges: they must be finite and strictly increasing",
            id="an edge is not finite",
        ),
        pytest.param(
            '{"output": "prediction", "edges": ["0.5"]}',
            "output: scores are in 'prediction'; the model's outputs of floats are probabilities",
            id="another output",
        ),
    ],
)
def test_reference_scores_of_no_use_are_told_and_done_without(
    text: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    model = loaded(profiled(), text)

    assert model.reference_scores is None
    assert model.scores is not None
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    fields: dict[str, Any] = vars(record)["fields"]
    assert fields["variable"] == "CHECKRAIL_REFERENCE_SCORES"
    assert fields["reason"].startswith(reason)


OUTPUTS = (TensorSpec("label", "INT64", (-1,)), TensorSpec("value", "FP64", (-1, 1)))


@pytest.mark.parametrize("rows", [pytest.param(3, id="few rows"), pytest.param(100, id="many")])
@pytest.mark.parametrize(
    ("value", "said"),
    [
        pytest.param(NAN, "nan", id="NaN"),
        pytest.param(INF, "inf", id="infinity"),
        pytest.param(-INF, "-inf", id="minus infinity"),
    ],
)
def test_an_answer_that_is_not_finite_is_refused(value: float, said: str, rows: int) -> None:
    values = np.zeros((rows, 1))
    values[2] = value

    with pytest.raises(RequestError) as refused:
        FiniteOutputs(OUTPUTS).check([np.zeros(rows, np.int64), values], None)

    assert refused.value.status == 500
    assert refused.value.message == (
        f"the model's output 'value' is {said} in row 2, and a prediction is a finite number: "
        "this version cannot answer what it was asked"
    )


def test_an_output_that_nobody_asked_for_may_be_what_it_is() -> None:
    finite = FiniteOutputs(OUTPUTS)
    label = np.zeros(1, np.int64)

    assert not finite.check([label, np.array([[NAN]])], {"label"})
    assert finite.check([label, np.array([[1.5]])], {"label"})


def test_what_is_not_finite_is_logged_once_an_output(caplog: pytest.LogCaptureFixture) -> None:
    finite = FiniteOutputs(OUTPUTS)
    for _ in range(3):
        finite.check([np.zeros(1, np.int64), np.array([[NAN]])], {"label"})

    assert [vars(record)["fields"]["output"] for record in caplog.records] == ["value"]
