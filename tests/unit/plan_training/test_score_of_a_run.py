"""What stands in the column SCORE."""

import pytest

from checkrail_api.reports import Metric
from checkrail_operator.plan.training.training_status import score


@pytest.mark.parametrize(
    ("value", "told"),
    [
        pytest.param("0.743149", "rmse 0.7431", id="four digits after the point"),
        pytest.param("31.5", "rmse 31.5000", id="the same of a larger figure"),
        pytest.param("0.00001234568", "rmse 0.00001235", id="four digits of a small one"),
        pytest.param("0.000000", "rmse 0.0000", id="nothing"),
        pytest.param("-1.000000e+40", "rmse -1.000000e+40", id="more than fits, as it is"),
        pytest.param("n/a", "rmse n/a", id="no number, as it is"),
        pytest.param("", "", id="a metric that the rows do not have"),
    ],
)
def test_a_score_is_the_first_metric_rounded_for_reading(value: str, told: str) -> None:
    metrics = [Metric(name="rmse", value=value), Metric(name="mae", value="1")]

    assert score(metrics) == told


def test_a_run_without_metrics_has_no_score() -> None:
    assert not score([])
