"""How a trainer ends, in one number."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of the trainer; anything else, signals included, is a crash and is retried."""

    PUBLISHED = 0
    """The artifact is in the store."""
    BAD_SPEC_OR_DATA = 10
    """An edit is needed; never retried."""
    GATE_FAILED = 11
    """An evaluation gate does not hold; never retried."""
    PARITY_FAILED = 12
    """ONNX and the trained model disagree; never retried."""
    STORAGE_UNAVAILABLE = 20
    """A store or source did not answer; retried with backoff."""

    @property
    def is_final(self) -> bool:
        """Whether a retry cannot help."""
        return self in {
            ExitCode.BAD_SPEC_OR_DATA,
            ExitCode.GATE_FAILED,
            ExitCode.PARITY_FAILED,
        }
