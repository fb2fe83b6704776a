"""Ends that a run understands: one exception with a reason, an exit code and advice."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Self

from checkrail_api.exit_codes import ExitCode
from checkrail_api.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from checkrail_api.reports import GateResult, Metric, ParityReport

MESSAGE_LENGTH = 2000
"""Characters of a message; the report holds 2,048, the status of a TrainingJob 1,024."""
NAMES_SHOWN = 12

OUT_OF_MEMORY_STATUS = 137
"""What the kernel's kill would give: not a code of ours, so the run is a crash and is retried."""


class RunFailedError(Exception):
    """The run ends here; the message says what was found, what was expected and what to do."""

    def __init__(
        self, reason: Reason, message: str, exit_code: int = ExitCode.BAD_SPEC_OR_DATA
    ) -> None:
        """Name the end; without ``exit_code`` an edit is needed and a retry cannot help."""
        super().__init__(message)
        self.reason = reason
        self.exit_code = exit_code
        self.metrics: list[Metric] = []
        self.gates: list[GateResult] = []
        self.parity: ParityReport | None = None

    def with_evidence(self, metrics: list[Metric], gates: list[GateResult]) -> Self:
        """Return itself with what the hold-out showed before the end; the report holds it."""
        self.metrics, self.gates = metrics, gates
        return self

    def with_parity(self, parity: ParityReport) -> Self:
        """Return itself with how closely ONNX followed; the report holds it."""
        self.parity = parity
        return self

    @property
    def message(self) -> str:
        """The message, cut to what a report holds."""
        text = str(self)
        return text if len(text) <= MESSAGE_LENGTH else f"{text[: MESSAGE_LENGTH - 1]}…"


def unavailable(message: str) -> RunFailedError:
    """Answer the failure of a store that did not answer; it is retried."""
    return RunFailedError(Reason.STORE_UNAVAILABLE, message, ExitCode.STORAGE_UNAVAILABLE)


def out_of_memory(message: str) -> RunFailedError:
    """Answer the failure of a run that refused to grow over its limit, before the kernel acts."""
    return RunFailedError(Reason.OOM_KILLED, message, OUT_OF_MEMORY_STATUS)


def nearest(name: str, known: Collection[str]) -> str:
    """Say which of ``known`` was probably meant, or which there are: the end of a message."""
    folded = {each.casefold(): each for each in sorted(known, reverse=True)}
    if exact := folded.get(name.casefold()):
        return f"did you mean `{exact}`?"
    if close := get_close_matches(name.casefold(), folded, n=3):
        return f"did you mean {' or '.join(f'`{folded[each]}`' for each in close)}?"
    shown = ", ".join(f"`{each}`" for each in sorted(known)[:NAMES_SHOWN])
    more = len(known) - NAMES_SHOWN
    return f"there are {shown}{f' and {more} more' if more > 0 else ''}" if known else "none exist"


def listed(names: Sequence[str]) -> str:
    """Name the first of some columns, and say how many more there are."""
    more = len(names) - NAMES_SHOWN
    shown = ", ".join(f"`{each}`" for each in names[:NAMES_SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown


def first_lines(error: BaseException, lines: int = 6) -> str:
    """Answer the beginning of a foreign error's message, without a stack of another language."""
    text = str(error).split("Stack trace:", maxsplit=1)[0]
    kept = [line.rstrip() for line in text.strip().splitlines() if line.strip()]
    return "\n".join(kept[:lines])
