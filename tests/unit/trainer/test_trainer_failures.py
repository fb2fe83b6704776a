"""Whatever a run has to say fits the termination message."""

from __future__ import annotations

import json

import pytest

from checkrail_api.exit_codes import ExitCode
from checkrail_api.reasons import Reason
from checkrail_api.reports import (
    TERMINATION_MESSAGE_BYTES,
    ArtifactReport,
    GateResult,
    Metric,
    ParityReport,
    Rows,
    TrainerFailure,
    TrainerSuccess,
    termination_message,
)
from checkrail_trainer.failures import RunFailedError, first_lines, nearest, unavailable


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x" * 10_000, id="long"),
        pytest.param("\N{SNOWMAN}" * 10_000, id="three bytes a character"),
        pytest.param('"\\\n' * 10_000, id="escaped"),
    ],
)
def test_a_message_of_any_length_fits(text: str) -> None:
    error = RunFailedError(Reason.QUERY_FAILED, text)

    body = termination_message(TrainerFailure(reason=error.reason, message=error.message))

    assert len(body) <= TERMINATION_MESSAGE_BYTES
    assert json.loads(body)["reason"] == "QueryFailed"


def test_a_success_with_many_gates_and_slices_fits() -> None:
    """The loop that shortened it never ended once no metric was left."""
    gate = GateResult(
        metric="roc_auc",
        bound=f"notWorseThan {'m' * 54}-00000000, margin 0.005",
        passed=True,
        value="0.743112",
        baseline=f"{'m' * 54}-00000000",
        baseline_value="0.743112",
        difference="0.000000",
        interval=["-0.001234", "0.001234"],
    )
    metric = Metric(name="roc_auc", value="0.743112", slice="origin=EWR", rows=1000)
    success = TrainerSuccess(
        artifact=ArtifactReport(uri="s3://m/" + "p" * 900, sha256="0" * 64, size_bytes=1, opset=22),
        rows=Rows(train=1, holdout=1),
        metrics=[metric] * 200,
        gates=[gate] * 16,
        parity=ParityReport(rows=1, max_abs_diff="0", flips=0),
    )

    body = termination_message(success)

    assert len(body) <= TERMINATION_MESSAGE_BYTES
    assert json.loads(body)["gates"]


def test_a_failure_is_final_unless_a_store_is_away() -> None:
    assert RunFailedError(Reason.BAD_LABEL, "").exit_code == ExitCode.BAD_SPEC_OR_DATA
    assert unavailable("").exit_code == ExitCode.STORAGE_UNAVAILABLE


def test_no_name_is_near_where_nothing_exists() -> None:
    assert nearest("a", []) == "none exist"


def test_long_lists_of_names_are_cut() -> None:
    names = [f"name{number:02}" for number in range(20)]

    assert nearest("zzz", names).endswith("`name11` and 8 more")


def test_a_foreign_stack_is_left_out() -> None:
    error = ValueError("value -3 should be greater\n\nStack trace:\n  [bt] (0) /lib/x.so")

    assert first_lines(error) == "value -3 should be greater"
