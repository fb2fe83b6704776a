"""What both versions think of the same requests: pairs of scores, counted."""

from __future__ import annotations

import heapq
from bisect import bisect_left
from itertools import count
from math import isfinite, nan
from typing import TYPE_CHECKING, NamedTuple

from checkrail_api.shadow import DIFFERENCE_EDGES, WORST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkrail_server.tensors import Array

TENTHS = tuple(tenth / 10 for tenth in range(11))
"""Bins of scores without a training profile: what is outside of 0 to 1 has bins of its own."""
TWO = 2
LONGEST_ID = 128


class Opinion(NamedTuple):
    """What a version thinks of one row."""

    score: float
    """As rollouts count it: the positive class's probability, or the largest one."""
    choice: int
    """Number of the likeliest class; -1 where there is only one score."""

    def decision(self, threshold: float) -> tuple[bool, int]:
        """Return what is decided: whether the score is above, and, of many classes, for which."""
        above = self.score > threshold
        return above, self.choice if above else -1


def opinion(output: Array) -> Opinion:
    """Return what ``output``, of one row, says; see ``metrics.scores_of``."""
    values = output.ravel().tolist()
    if len(values) == TWO:
        return Opinion(values[1], -1)
    if len(values) > TWO:
        choice = max(range(len(values)), key=values.__getitem__)
        return Opinion(values[choice], choice)
    return Opinion(values[0] if values else nan, -1)


class Tally:
    """Pairs of opinions, counted."""

    def __init__(self, thresholds: Sequence[str], edges: Sequence[float]) -> None:
        """Count flips at ``thresholds`` and scores in the bins that ``edges`` cut."""
        self._thresholds = [(text, float(text)) for text in thresholds]
        self._edges = list(edges)
        self._flips = [0] * len(thresholds)
        self._stable, self._candidate = ([0] * (len(edges) + 1) for _ in range(2))
        self._differences = [0] * (len(DIFFERENCE_EDGES) + 1)
        self._worst: list[tuple[float, int, str | None, float, float]] = []
        self._serial = count()
        self.compared = 0
        self.failed = 0

    def fail(self, stable: Opinion) -> None:
        """Count a request that the candidate could not score: every decision is another one."""
        if not isfinite(stable.score):
            return
        self.compared += 1
        self.failed += 1
        self._flips = [flips + 1 for flips in self._flips]

    def add(self, name: str | None, stable: Opinion, candidate: Opinion) -> None:
        """Count a request that has the id ``name``.

        A stable version without a finite score says nothing of the candidate.
        """
        if not isfinite(stable.score):
            return
        if not isfinite(candidate.score):
            self.fail(stable)
            return
        self.compared += 1
        for place, (_, threshold) in enumerate(self._thresholds):
            self._flips[place] += stable.decision(threshold) != candidate.decision(threshold)
        self._stable[bisect_left(self._edges, stable.score)] += 1
        self._candidate[bisect_left(self._edges, candidate.score)] += 1
        difference = abs(candidate.score - stable.score)
        self._differences[bisect_left(DIFFERENCE_EDGES, difference)] += 1
        self._remember(difference, name, stable.score, candidate.score)

    def _remember(
        self, difference: float, name: str | None, stable: float, candidate: float
    ) -> None:
        if not difference:
            return
        shown = name and name[:LONGEST_ID]
        entry = (difference, next(self._serial), shown, stable, candidate)
        if len(self._worst) < WORST:
            heapq.heappush(self._worst, entry)
        elif difference > self._worst[0][0]:
            heapq.heapreplace(self._worst, entry)

    def report(self) -> dict[str, object]:
        """Return the counts, as fields of a ``ShadowReport``."""
        return {
            "compared": self.compared,
            "failed": self.failed,
            "flips": [
                {"threshold": text, "flips": flips}
                for (text, _), flips in zip(self._thresholds, self._flips, strict=True)
            ],
            "scores": {
                "edges": self._edges,
                "stable": self._stable,
                "candidate": self._candidate,
            },
            "differences": {"edges": list(DIFFERENCE_EDGES), "counts": self._differences},
            "worst": [
                {"id": name, "stable": stable, "candidate": candidate}
                for _, _, name, stable, candidate in sorted(self._worst, reverse=True)
            ],
        }
