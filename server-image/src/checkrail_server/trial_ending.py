"""What is said of a model when the child that tried it did not find it good."""

from __future__ import annotations

import signal
from dataclasses import dataclass

MIB = 1 << 20
NO_MEMORY = (
    "bad_alloc",
    "bad allocation",
    "ailed to allocate",
    "MemoryError",
    "Unable to allocate",
)
"""How C++, ONNX Runtime and NumPy say that they got no memory."""
LONGEST_WORDS = 500


@dataclass(frozen=True)
class TrialLimits:
    """What a trial may take."""

    memory_bytes: int
    """Beside what the server has."""
    seconds: int
    """Of wall-clock time, and of processor time of each thread."""


@dataclass(frozen=True)
class Ending:
    """How the child ended without a report."""

    stage: str
    """What it was about to do; empty: nothing yet."""
    status: int | None
    """Exit code, or minus the signal that ended it; None: it was ended when its time was over."""
    stderr: str
    """What C++ wrote."""
    peak_bytes: int
    """Most memory that it had, the server's pages included."""


def refusal_of_report(reason: str, limits: TrialLimits) -> str:
    """Return why the model is not served, where the child reported ``reason``."""
    if any(mark in reason for mark in NO_MEMORY):
        return f"{_too_large(limits)}: {reason}"
    return reason


def refusal_of_ending(ending: Ending, limits: TrialLimits) -> str:
    """Return why the model is not served, where the child ended before it reported."""
    words = _last_line(ending.stderr)
    when = f"when it was about to {ending.stage}" if ending.stage else "before it began"
    if any(mark in ending.stderr for mark in NO_MEMORY):
        return f"{_too_large(limits)}: the trial ended {when}: {words}"
    if ending.status is None or ending.status == -signal.SIGXCPU:
        return f"the model took longer than the {limits.seconds} s of a trial, {when}"
    if ending.status == -signal.SIGKILL:
        return f"the trial of the model was killed {when}, as the kernel does without memory"
    how = (
        f"was ended by {signal.Signals(-ending.status).name}"
        if ending.status < 0
        else f"ended with code {ending.status}"
    )
    # a library that does not look whether it got memory ends by a signal
    memory = f"it had {ending.peak_bytes // MIB} MiB and may have {limits.memory_bytes // MIB} more"
    return f"the trial of the model {how} {when}; {memory} than the server" + (
        f": {words}" if words else ""
    )


def _too_large(limits: TrialLimits) -> str:
    return f"the model takes more than the {limits.memory_bytes // MIB} MiB of a trial"


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][-LONGEST_WORDS:] if lines else ""
