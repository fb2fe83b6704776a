"""What the scoring server is meant to reach beside the others, and whether a run shows it."""

from __future__ import annotations

from dataclasses import dataclass
from operator import ge, gt, le
from typing import TYPE_CHECKING

from speed_figures import Cell, Failed, Figures, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

OURS, BESIDE = "Checkrail", "KServe"
FROM_DIRECTORY = f"{OURS}, from a directory"
FLOOR = "fixed answer"
"""A server that does nothing: what the machine and the load take."""
RATES = {1: 3.5, 16: 15.0, 64: 20.0}
"""Times KServe's requests/s, at least, by connections."""
P99 = 0.2
"""Times KServe's, at most, at the same connections."""
READY_SECONDS = 0.6
MEMORY = 110.0
"""MB, resident."""


WORDS: dict[Callable[[float, float], bool], str] = {
    ge: "at least",
    gt: "more than",
    le: "at most",
}


@dataclass(frozen=True)
class Goal:
    """One goal and what the run has reached.

    Attributes:
        what: Says it in words.
        reached: None: the run did not measure it, or a server failed.
        holds: How what is reached has to lie to ``bound``, one of ``WORDS``.
        bound: In the unit of ``reached``.
    """

    what: str
    reached: float | None
    holds: Callable[[float, float], bool]
    bound: float

    @property
    def verdict(self) -> str:
        """Return met or missed; what was not measured is neither."""
        if self.reached is None:
            return "not measured"
        return "met" if self.holds(self.reached, self.bound) else "missed"

    def line(self) -> list[str]:
        """Return the cells of a table's line."""
        shown = "-" if self.reached is None else f"{self.reached:.2f}"
        return [self.what, f"{WORDS[self.holds]} {self.bound:g}", shown, self.verdict]


def goals(figures: Figures, servers: Sequence[str]) -> Iterator[Goal]:
    """Yield every goal of a run in which ``servers`` were measured."""
    for number, least in RATES.items():
        what = f"requests/s at {number}, times {BESIDE}'s"
        yield Goal(what, _ratio(figures, BESIDE, number, "rate"), ge, least)
    for name in servers:
        if name.startswith((OURS, BESIDE, FLOOR)):
            continue
        for number in RATES:
            what = f"requests/s at {number}, times {name}'s"
            yield Goal(what, _ratio(figures, name, number, "rate"), gt, 1)
    for number in RATES:
        what = f"p99 at {number}, times {BESIDE}'s"
        yield Goal(what, _ratio(figures, BESIDE, number, "p99"), le, P99)
    for what, name in (("a directory", FROM_DIRECTORY), ("an S3 store", OURS)):
        yield Goal(f"ready from {what}, s", figures.ready_seconds(name), le, READY_SECONDS)
    memory = figures.memory_bytes(OURS)
    yield Goal("memory, MB", None if memory is None else memory / 1e6, le, MEMORY)


def _ratio(figures: Figures, name: str, number: int, what: str) -> float | None:
    """Return ours as a multiple of the other's; None without one of the two."""
    ours, theirs = (figures.median(each, Cell(Kind.JSON, number), what) for each in (OURS, name))
    if ours is None or theirs is None or isinstance(ours, Failed) or isinstance(theirs, Failed):
        return None
    return ours / theirs
