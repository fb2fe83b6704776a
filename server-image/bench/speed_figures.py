"""What was measured, of which server, in which situation."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from speed_load import Load

ROWS = (1, 10, 100, 1_000)
"""Of a request, in the loads that compare them."""
SHOWN = 80
"""Characters of a reason in a cell; the run prints all of it."""
SHARES = (0.25, 0.5, 0.75)
"""Of a server's own peak, in the open loop."""


class Kind(StrEnum):
    """A kind of load."""

    JSON = "connections, JSON"
    GRPC = "connections, gRPC"
    ROWS = "rows a request, JSON"
    BINARY = "rows a request, binary"
    OPEN = "of the peak, open loop"


@dataclass(frozen=True)
class Cell:
    """A situation."""

    kind: Kind
    number: float
    """What the kind is of."""

    def __str__(self) -> str:
        """Say it in words."""
        return f"{self.number:g} {self.kind}"


@dataclass(frozen=True)
class Failed:
    """Why there is no figure."""

    reason: str

    def __str__(self) -> str:
        """Say it in a cell of a table."""
        return "failed: " + " ".join(self.reason.split()).replace("|", "/")[:SHOWN]


class Figures:
    """Takes what the repeats measure, and gives their medians."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._found: dict[tuple[str, Cell], list[Load | Failed]] = defaultdict(list)
        self._ready: dict[str, list[float]] = defaultdict(list)
        self._memory: dict[str, list[int]] = defaultdict(list)

    def take(self, server: str, cell: Cell, found: Load | Failed) -> None:
        """Keep one repeat's figure."""
        self._found[server, cell].append(found)

    def ready(self, server: str, seconds: float) -> None:
        """Keep how long a start took."""
        self._ready[server].append(seconds)

    def memory(self, server: str, size: int) -> None:
        """Keep the bytes that were resident after the loads."""
        self._memory[server].append(size)

    def last(self, server: str, cell: Cell) -> Load | Failed:
        """Return the newest figure."""
        return self._found[server, cell][-1]

    def median(self, server: str, cell: Cell, what: str = "rate") -> float | Failed | None:
        """Return the median of ``what``, a field of ``Load``; None: it was not to be measured."""
        found = self._found.get((server, cell), [])
        failed = [each for each in found if isinstance(each, Failed)]
        if failed:
            return failed[0]
        good = [getattr(each, what) for each in found]
        return median(good) if good else None

    def ready_seconds(self, server: str) -> float | None:
        """Return the median of the starts."""
        return median(self._ready[server]) if self._ready[server] else None

    def memory_bytes(self, server: str) -> float | None:
        """Return the median of the memory."""
        return median(self._memory[server]) if self._memory[server] else None
