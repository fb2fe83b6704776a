"""What a scoring server counts, and the arithmetic of it: sums over pods, differences over time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from math import ceil
from typing import Self

from checkrail_api.serving import REQUEST_SECONDS

BUCKETS = len(REQUEST_SECONDS) + 1
"""One more than edges: the last holds what is slower than all of them."""
QUANTILE = 0.99
FIXED = 5
"""Numbers before the buckets in the text form."""
MOST = 2**53 - 1
"""A sum that is larger was made of forged counters; a status holds no more than this."""


@dataclass(frozen=True)
class Bins:
    """A histogram of scores, one score a request.

    Attributes:
        edges: Upper edges of all bins but the last, as the server writes them.
        counts: One more than edges.
    """

    edges: tuple[str, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class ServerReport:
    """What one server has counted since its process started.

    Attributes:
        started: When that was, as the server writes it: another value is another process.
        counters: Its counters, without scores.
        own: Scores in the bins of its own training profile, if it has one.
        reference: Scores in the bins of the version it is compared with, if it was told those.
    """

    started: str
    counters: "Counters"
    own: Bins | None = None
    reference: Bins | None = None


@dataclass(frozen=True)
class Reading:
    """What was read of the servers in a pass; nothing, where it was not time to.

    Attributes:
        reports: What servers have counted, by UID of their pods.
        unread: Why pods that should have been read could not be, by name.
    """

    reports: Mapping[str, ServerReport] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class QueryAnswer:
    """What Prometheus said.

    Attributes:
        value: The number; None without one.
        trouble: Why there is none, for people.
    """

    value: float | None
    trouble: str = ""


@dataclass(frozen=True)
class Counters:
    """Requests that were answered, and what of them is counted apart.

    Attributes:
        requests: All answers.
        refused: Those of them that were the caller's fault, 4xx.
        failed: 5xx, and answers with a score that is not finite.
        ranged: Answers whose values were compared with a training profile; none without one.
        outliers: Those of them with a value outside it.
        latency: Requests by duration, in the buckets of ``REQUEST_SECONDS``.
        scores: Requests by score; empty without bins that both revisions share.
    """

    requests: int = 0
    refused: int = 0
    failed: int = 0
    ranged: int = 0
    outliers: int = 0
    latency: tuple[int, ...] = (0,) * BUCKETS
    scores: tuple[int, ...] = ()

    @property
    def judged(self) -> int:
        """Requests that say something about the version: all but those the caller got wrong."""
        return self.requests - self.refused

    @property
    def numbers(self) -> tuple[int, ...]:
        """All of it in a fixed order, the scores last."""
        return (
            *(self.requests, self.refused, self.failed, self.ranged, self.outliers),
            *self.latency,
            *self.scores,
        )

    @classmethod
    def of(cls, numbers: tuple[int, ...]) -> Self:
        """Return what `numbers` gave."""
        requests, refused, failed, ranged, outliers = numbers[:FIXED]
        latency, scores = numbers[FIXED:][:BUCKETS], numbers[FIXED + BUCKETS :]
        return cls(requests, refused, failed, ranged, outliers, latency, scores)

    def text(self) -> str:
        """Return the form that a status holds."""
        return " ".join(str(min(number, MOST)) for number in self.numbers)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return what `text` wrote; without a latency of as many buckets: zeros."""
        numbers = tuple(map(int, text.split()))
        return cls.of(numbers) if len(numbers) >= FIXED + BUCKETS else cls()

    def plus(self, other: "Counters") -> "Counters":
        """Return the sums; scores in other bins have none."""
        return self._with(other, 1)

    def since(self, before: "Counters") -> "Counters":
        """Return what was counted after ``before``; all of it if counting has begun anew."""
        grown = self._with(before, -1)
        return self if min(grown.numbers) < 0 else grown

    def slower_than(self, seconds: float) -> int:
        """Return how many requests took longer than ``seconds``, one of the edges."""
        return sum(
            count
            for edge, count in zip((*REQUEST_SECONDS, float("inf")), self.latency, strict=True)
            if edge > seconds
        )

    def p99(self) -> float | None:
        """Return the upper edge of the 99th percentile's bucket; None without a finite one."""
        total = sum(self.latency)
        if not total:
            return None
        rank = ceil(QUANTILE * total)
        place = next(n for n, below in enumerate(accumulate(self.latency)) if below >= rank)
        return REQUEST_SECONDS[place] if place < len(REQUEST_SECONDS) else None

    def _with(self, other: "Counters", sign: int) -> "Counters":
        mine, theirs = self.numbers, other.numbers
        if len(self.scores) != len(other.scores):
            buckets = FIXED + BUCKETS
            mine, theirs = mine[:buckets], theirs[:buckets]
        return Counters.of(tuple(a + sign * b for a, b in zip(mine, theirs, strict=True)))
