"""A run that its data ended says so in the step's own condition, whichever reason it has."""

import pytest

from checkrail_api.reasons import Reason
from checkrail_operator.plan.training.training_conditions import failed

AT = "2026-11-23T12:00:00Z"


@pytest.mark.parametrize(
    "reason",
    [
        "SourceNotFound",
        "SourceUnreadable",
        "EmptyData",
        "NotASelect",
        "QueryFailed",
        "DuplicateColumn",
        "ColumnNotFound",
        "LabelNotFound",
        "BadLabel",
        "SingleClass",
        "BadFeature",
        "NullFeature",
        "TooManyFeatures",
        "BadFilter",
        "EmptySplit",
    ],
)
def test_data_that_does_not_fit_is_data_that_is_not_ready(reason: str) -> None:
    steps = {
        c.type: (c.status, c.reason)
        for c in failed(Reason(reason), "why", None, AT)
        if c.type not in {"Ready", "Stalled", "Failed"}
    }

    assert steps == {"DataReady": ("False", reason)}
