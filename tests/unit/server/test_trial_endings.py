"""What is said of a model whose trial did not end well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from checkrail_server.container_memory import container_limit
from checkrail_server.trial_ending import (
    Ending,
    TrialLimits,
    refusal_of_ending,
    refusal_of_report,
)

if TYPE_CHECKING:
    from pathlib import Path

LIMITS = TrialLimits(memory_bytes=300 << 20, seconds=40)
TERMINATED = (
    "terminate called after throwing an instance of 'std::bad_alloc'\n  what(): bad_alloc\n"
)


@pytest.mark.parametrize(
    ("ending", "want"),
    [
        pytest.param(
            Ending("load it", -11, "", 200 << 20),
            "the trial of the model was ended by SIGSEGV when it was about to load it; it had 200 "
            "MiB and may have 300 more than the server",
            id="a crash",
        ),
        pytest.param(
            Ending("load it", -6, "free(): invalid pointer\n", 200 << 20),
            "the trial of the model was ended by SIGABRT when it was about to load it; it had 200 "
            "MiB and may have 300 more than the server: "
            "free(): invalid pointer",
            id="an abort with a word",
        ),
        pytest.param(
            Ending("load it", -6, TERMINATED, 200 << 20),
            "the model takes more than the 300 MiB of a trial: the trial ended when it was about "
            "to load it: what(): bad_alloc",
            id="an abort for want of memory",
        ),
        pytest.param(
            Ending("run it on a few rows", None, "", 200 << 20),
            "the model took longer than the 40 s of a trial, when it was about to run it on a few "
            "rows",
            id="the deadline",
        ),
        pytest.param(
            Ending("load it", -24, "", 200 << 20),
            "the model took longer than the 40 s of a trial, when it was about to load it",
            id="the limit of processor time",
        ),
        pytest.param(
            Ending("", -9, "", 200 << 20),
            "the trial of the model was killed before it began, as the kernel does without memory",
            id="killed by another",
        ),
        pytest.param(
            Ending("load it", 1, "RuntimeError('x')", 200 << 20),
            "the trial of the model ended with code 1 when it was about to load it; it had 200 MiB "
            "and may have 300 more than the server: "
            "RuntimeError('x')",
            id="a bug",
        ),
    ],
)
def test_an_ending_is_told_as_a_reason(ending: Ending, want: str) -> None:
    assert refusal_of_ending(ending, LIMITS) == want


@pytest.mark.parametrize(
    ("reason", "want"),
    [
        pytest.param(
            "it does not load: std::bad_alloc",
            "the model takes more than the 300 MiB of a trial: it does not load: std::bad_alloc",
            id="for want of memory",
        ),
        pytest.param("model.onnx defines functions", "model.onnx defines functions", id="other"),
    ],
)
def test_a_report_names_the_memory_it_had(reason: str, want: str) -> None:
    assert refusal_of_report(reason, LIMITS) == want


def test_the_limit_is_the_smallest_that_is_told(tmp_path: Path) -> None:
    second, first, none = (tmp_path / name for name in ("v2", "v1", "none"))
    second.write_text("max\n")
    first.write_text("536870912\n")

    assert container_limit((second, first, none)) == 512 << 20
    assert container_limit((second, none)) == container_limit(()) > 0
