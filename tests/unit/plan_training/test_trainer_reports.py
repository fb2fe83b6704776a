"""Of a trainer's words only valid reports are believed."""

import json

import pytest

from checkrail_api.reports import Phase, ProgressEvent
from checkrail_operator.observe.trainer_reports import last_progress, termination_report
from harness.training_world import SUCCESS, failure, progress_line

HALF = progress_line("Training", 50, 9)
EVENT = ProgressEvent(phase=Phase.TRAINING, percent=50, eta_seconds=9)


@pytest.mark.parametrize(
    ("log", "event"),
    [
        pytest.param("", None, id="nothing"),
        pytest.param(HALF, EVENT, id="one line"),
        pytest.param(f"{progress_line('Fetching', 1)}\n{HALF}", EVENT, id="the last line counts"),
        pytest.param(f"{HALF}\nTraceback\n{{\n[]\nnull\n7", EVENT, id="other lines are ignored"),
        pytest.param(f"{HALF}\n{progress_line('Training', 101)}", EVENT, id="beyond 100 percent"),
        pytest.param(
            f"{HALF}\n{progress_line('Training', 60, 2**31)}", EVENT, id="a time no status holds"
        ),
        pytest.param(
            f"{HALF}\n{progress_line('Training', 60, 10**400)}", EVENT, id="an endless time"
        ),
        pytest.param(f"{HALF}\n{progress_line('Dreaming', 60)}", EVENT, id="an unknown phase"),
        pytest.param(f"{HALF}\n" + '{"phase":"Training","percent":60}', EVENT, id="unmarked"),
        pytest.param(f"{HALF}\n" + progress_line("Training", 60)[:-9], EVENT, id="half a line"),
    ],
)
def test_progress_is_the_last_valid_line(log: str, event: ProgressEvent | None) -> None:
    assert last_progress(log) == event


def test_a_newer_trainers_report_is_read_without_its_newer_fields() -> None:
    report = termination_report(json.dumps({**SUCCESS, "carbonGrams": 3}))

    assert report == termination_report(json.dumps(SUCCESS))
    assert report is not None


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("", id="nothing"),
        pytest.param("null", id="null"),
        pytest.param(json.dumps(SUCCESS)[:-1], id="cut off"),
        pytest.param(json.dumps({**SUCCESS, "metrics": None}), id="a part is missing"),
        pytest.param(failure("Because", "x"), id="a reason outside the closed set"),
        pytest.param('{"metrics": []}', id="neither success nor failure"),
    ],
)
def test_what_is_no_report_is_none(message: str) -> None:
    assert termination_report(message) is None


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"artifact": {**SUCCESS["artifact"], "sizeBytes": 2**63}}, id="sizeBytes"),
        pytest.param({"artifact": {**SUCCESS["artifact"], "opset": 2**63}}, id="opset"),
        pytest.param({"rows": {"train": 2**63, "holdout": 1}}, id="rows"),
        pytest.param({"metrics": [{**SUCCESS["metrics"][0], "rows": 2**63}]}, id="rows of a slice"),
        pytest.param({"parity": {**SUCCESS["parity"], "rows": 2**63}}, id="rows of parity"),
        pytest.param({"parity": {**SUCCESS["parity"], "flips": 2**63}}, id="flips"),
        pytest.param({"data": [{**SUCCESS["data"][0], "bytes": 2**63}]}, id="bytes"),
        pytest.param({"data": [{**SUCCESS["data"][0], "rows": 2**63}]}, id="rows of a source"),
        pytest.param(
            {
                "signature": {
                    "inputs": [],
                    "outputs": [{"name": "a", "datatype": "FP32", "shape": [2**63]}],
                }
            },
            id="shape",
        ),
    ],
)
def test_a_number_that_no_status_holds_is_no_report(change: dict[str, object]) -> None:
    """The API server refuses it; every later pass over the object would end there."""
    assert termination_report(json.dumps(SUCCESS)) is not None
    assert termination_report(json.dumps({**SUCCESS, **change})) is None
