"""What `kubectl get tj` shows of a run."""

import pytest

from checkrail_api.reports import Phase
from checkrail_operator.plan.training.readable import duration, progress


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        pytest.param(0, "0s", id="no time"),
        pytest.param(45, "45s", id="seconds"),
        pytest.param(92, "1m32s", id="minutes"),
        pytest.param(7_500, "2h5m", id="hours"),
        pytest.param(7_205, "2h", id="hours and no minutes"),
        pytest.param(273_600, "3d4h", id="days"),
        pytest.param(604_800, "7d", id="whole days"),
    ],
)
def test_a_duration_is_told_by_its_two_largest_units(seconds: int, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("phase", "percent", "eta", "text"),
    [
        pytest.param(Phase.TRAINING, 42, 31, "Training 42%, 31s left", id="under way"),
        pytest.param(Phase.FETCHING, 5, None, "Fetching 5%", id="nobody knows how long yet"),
        pytest.param(Phase.PUBLISHING, 100, 0, "100%", id="done"),
    ],
)
def test_progress_is_told_in_one_column(
    phase: Phase, percent: int, eta: int | None, text: str
) -> None:
    assert progress(phase, percent, eta).summary == text
