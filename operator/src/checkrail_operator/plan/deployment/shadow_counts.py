"""What the pods that serve have counted of a candidate in shadow, summed.

Each pod's report is compared with its last one: a candidate's process that was started anew begins
at 0, one that vanished has compared what it last said. Counts begin with the attempt, so the first
report of a pod counts whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from checkrail_api.deployment_status import PodReading, ShadowStatus
from checkrail_api.shadow import ShadowReport
from checkrail_stats.paired import Pairs

FIXED = 3
"""Numbers before the flips in the text form."""
MOST_READINGS = 100
MOST = 10**11
"""More requests no pod has answered; a status holds lines of such numbers."""


@dataclass(frozen=True)
class ShadowReading:
    """What servers said in a pass; nothing, where it was not time to ask.

    Attributes:
        reports: By UID of their pods.
        unread: Why pods gave none, by name.
    """

    reports: Mapping[str, ShadowReport] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ShadowCounts:
    """Sums over pods.

    Attributes:
        dropped: Requests that were not compared.
        failed: Those of the compared ones that the candidate could not score.
        pairs: What was counted of the compared ones.
    """

    dropped: int
    failed: int
    pairs: Pairs

    @classmethod
    def nothing(cls, thresholds: int, bins: int) -> "ShadowCounts":
        """Return the counts before the first request."""
        none = (0,) * bins
        return cls(0, 0, Pairs(0, (0,) * thresholds, none, none))

    @classmethod
    def of(cls, numbers: tuple[int, ...], thresholds: int) -> "ShadowCounts":
        """Return what ``numbers`` gave.

        Raises:
            ValueError: No server can have counted this.
        """
        compared, dropped, failed = numbers[:FIXED]
        flips, scores = numbers[FIXED:][:thresholds], numbers[FIXED + thresholds :]
        half = len(scores) // 2
        if min(numbers) < 0 or failed > compared:
            raise ValueError(f"{failed} failures of {compared} requests, or less than none")
        return cls(dropped, failed, Pairs(compared, flips, scores[:half], scores[half:]))

    @property
    def numbers(self) -> tuple[int, ...]:
        """All of it in a fixed order."""
        pairs = self.pairs
        return (
            *(pairs.compared, self.dropped, self.failed),
            *pairs.flips,
            *pairs.stable,
            *pairs.candidate,
        )

    def text(self) -> str:
        """Return the form that a status holds."""
        return " ".join(map(str, self.numbers))

    def plus(self, more: "ShadowCounts") -> "ShadowCounts":
        """Return the sums; nothing is added beyond ``MOST``, more than which no status holds."""
        sums = tuple(a + b for a, b in zip(self.numbers, more.numbers, strict=True))
        return self if max(sums) > MOST else ShadowCounts.of(sums, len(self.pairs.flips))

    def since(self, before: "ShadowCounts") -> "ShadowCounts":
        """Return what was counted after ``before``.

        Raises:
            ValueError: It is less than before.
        """
        grown = tuple(a - b for a, b in zip(self.numbers, before.numbers, strict=True))
        return ShadowCounts.of(grown, len(self.pairs.flips))


def parsed(text: str, thresholds: int, bins: int) -> ShadowCounts:
    """Return what ``ShadowCounts.text`` wrote; nothing, if that is not readable any more."""
    try:
        numbers = tuple(map(int, text.split()))
        if len(numbers) == FIXED + thresholds + 2 * bins:
            return ShadowCounts.of(numbers, thresholds)
    except ValueError:
        pass
    return ShadowCounts.nothing(thresholds, bins)


def counts_of(report: ShadowReport, told: ShadowStatus) -> ShadowCounts:
    """Return the counts in a report on the candidate that ``told`` speaks of.

    Raises:
        ValueError: They are of other thresholds or bins, or no server can have counted them.
    """
    edges = tuple(map(float, told.score_edges.split()))
    if [each.threshold for each in report.flips] != told.thresholds:
        raise ValueError("it reports other thresholds than it was told")
    if tuple(report.scores.edges) != edges or any(a >= b for a, b in pairwise(edges)):
        raise ValueError("it reports scores in other bins than it was told")
    if not len(report.scores.stable) == len(report.scores.candidate) == len(edges) + 1:
        raise ValueError("it reports as many bins of scores as their edges do not make")
    numbers = (
        *(report.compared, report.dropped, report.failed),
        *(each.flips for each in report.flips),
        *report.scores.stable,
        *report.scores.candidate,
    )
    if max(numbers) > MOST:
        raise ValueError(f"it reports more than {MOST} requests")
    return ShadowCounts.of(numbers, len(report.flips))


def summed(
    told: ShadowStatus, reports: Mapping[str, ShadowReport], pods: Mapping[str, str]
) -> tuple[ShadowCounts, list[PodReading], dict[str, str]]:
    """Return the sums with what ``reports`` add, the last reading of each pod, and what is wrong.

    Args:
        told: The comparison as the last pass left it.
        reports: What pods say of its candidate now, by UID.
        pods: Names of the pods that exist, by UID.
    """
    thresholds, bins = len(told.thresholds), len(told.score_edges.split()) + 1
    total = parsed(told.counted, thresholds, bins)
    readings = {reading.pod: reading for reading in told.readings if reading.pod in pods}
    wrong: dict[str, str] = {}
    for pod, report in sorted(reports.items()):
        last = readings.get(pod)
        if last is None and len(readings) >= MOST_READINGS:
            continue  # without a reading it would be counted whole each time
        try:
            now = counts_of(report, told)
            again = last is not None and last.started == report.started
            grown = now.since(parsed(last.counted, thresholds, bins)) if last and again else now
        except ValueError as error:
            wrong[pods[pod]] = f"report not believed: {error}"
            continue
        total = total.plus(grown)
        readings[pod] = PodReading(pod=pod, started=report.started, counted=now.text())
    return total, [readings[pod] for pod in sorted(readings)], wrong
