"""What both revisions have answered, split by split: what the checks of a rollout rest on.

::

    split:        weight 0 |  5, not acted on yet  |  5, acted on
    readings:  t0 ....... t1 ....... t2 ....... t3 ....... t4 ....... t5
    counted:    nothing before t3, which begins the phase | t3 to t4, t4 to t5

Counts of different splits are never added up (``checkrail_stats.arms``). Each pod's counters are
compared with its last reading: a server that started anew begins at 0, one that vanished has
answered what it last said, and one that is read for the first time only says where it begins.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from typing import Literal

from checkrail_api.deployment_status import Analysis, AnalysisPhase, PodReading
from checkrail_operator.plan.deployment.counters import Counters, Reading, ServerReport
from checkrail_operator.plan.deployment.replica_ratio import reachable
from checkrail_operator.plan.instants import rfc3339

Arm = Literal["stable", "canary"]

FEWEST_FOR_P99 = 100
"""Requests of the stable revision before its 99th percentile is taken."""
MOST_PHASES = 32
MOST_PODS = 50
"""Pods that are read, of each revision. The checks compare rates, and 50 pods know those."""
NONE = Counters()


@dataclass(frozen=True)
class Split:
    """The split that requests were made by.

    Attributes:
        weight: The canary's share, percent.
        since: When it got that share.
        acted_on: Whether requests are split by it.
        pods: Pods of the stable revision and the canary, where pods make the split.
    """

    weight: int
    since: datetime
    acted_on: bool
    pods: tuple[int, int] | None = None

    @property
    def compares(self) -> bool:
        """Whether both revisions answer, by a known split."""
        return self.acted_on and 0 < self.weight < 100  # noqa: PLR2004 - percent

    @property
    def share(self) -> float:
        """The canary's share of the requests that it makes, percent."""
        return self.weight if self.pods is None else float(reachable(*self.pods))


def counted(
    told: Analysis | None,
    arms: Mapping[str, Arm],
    read: Reading,
    split: Split,
    now: datetime,
) -> Analysis:
    """Return the analysis with what ``read`` adds to it.

    Args:
        told: What was counted before; None at the start of a rollout.
        arms: Whose each pod is, by UID; every pod that exists.
        read: What pods say now; not every pod has to.
        split: By which the requests since the last reading were made.
        now: The time of the reading.
    """
    before = told or Analysis(time=rfc3339(now))
    last = {reading.pod: reading for reading in before.readings if reading.pod in arms}
    edges = before.score_edges or _edges(arms, read.reports)
    now_read = _readings(arms, read.reports, tuple(edges.split()))
    growth: dict[Arm, Counters] = {"stable": NONE, "canary": NONE}
    for pod, reading in now_read.items():
        growth[arms[pod]] = _joined(growth[arms[pod]], _growth(reading, last.get(pod)))
    counts = split.compares and bool(before.phases) and _is_of(before.phases[-1], split)
    # Growth that is not counted must not be counted later: who is silent now begins anew then.
    readings = _kept(arms, last if counts else {}, now_read)
    if not read.reports and not read.unread:
        return before  # it was not time to read
    trouble = "; ".join(f"pod {name}: {why}" for name, why in sorted(read.unread.items()))[:1024]
    made = Analysis(
        time=before.time,
        unread=trouble,
        stable_p99=before.stable_p99 or _p99(arms, readings.values()),
        score_edges=edges,
        phases=_phases(before.phases, growth, split) if split.compares else before.phases,
        readings=[readings[pod] for pod in sorted(readings)],
    )
    # An idle service has nothing new to write.
    return before if made == before else made.model_copy(update={"time": rfc3339(now)})


def of_phase(phase: AnalysisPhase) -> tuple[Counters, Counters]:
    """Return what the stable revision and the canary answered in ``phase``."""
    return Counters.parse(phase.stable), Counters.parse(phase.canary)


def in_split(analysis: Analysis, split: Split) -> tuple[Counters, Counters]:
    """Return what the stable revision and the canary answered since the split last changed."""
    phase = analysis.phases[-1] if analysis.phases else None
    return of_phase(phase) if phase and _is_of(phase, split) else (NONE, NONE)


def in_step(analysis: Analysis, split: Split) -> tuple[Counters, Counters]:
    """Return what both answered in the step of ``split``, whatever their pods made of it."""
    step = [of_phase(phase) for phase in analysis.phases if _is_of_step(phase, split)]
    return (
        reduce(_joined, (stable for stable, _ in step), NONE),
        reduce(_joined, (canary for _, canary in step), NONE),
    )


def _phases(
    phases: list[AnalysisPhase], growth: Mapping[Arm, Counters], split: Split
) -> list[AnalysisPhase]:
    """Return the phases with ``growth`` in the one of ``split``, the last.

    The first reading in a split begins its phase and counts nothing: some of what it adds was made
    before the gateways acted on the split.
    """
    if not phases or not _is_of(phases[-1], split):
        return [*phases, _phase(split, NONE, NONE)][-MOST_PHASES:]
    stable, canary = of_phase(phases[-1])
    grown = _phase(split, _joined(stable, growth["stable"]), _joined(canary, growth["canary"]))
    return [*phases[:-1], grown]


def _phase(split: Split, stable: Counters, canary: Counters) -> AnalysisPhase:
    return AnalysisPhase(
        weight=split.weight,
        since=rfc3339(split.since),
        stable=stable.text(),
        canary=canary.text(),
        stable_pods=split.pods[0] if split.pods else None,
        canary_pods=split.pods[1] if split.pods else None,
    )


def _is_of(phase: AnalysisPhase, split: Split) -> bool:
    pods = split.pods or (None, None)
    return _is_of_step(phase, split) and (phase.stable_pods, phase.canary_pods) == pods


def _is_of_step(phase: AnalysisPhase, split: Split) -> bool:
    return (phase.weight, phase.since) == (split.weight, rfc3339(split.since))


def _joined(so_far: Counters, more: Counters) -> Counters:
    """Return the sum; nothing so far has every kind of bins."""
    return more if so_far == NONE else so_far if more == NONE else so_far.plus(more)


def _growth(now: PodReading, last: PodReading | None) -> Counters:
    counters = Counters.parse(now.counted)
    if last is None:
        return NONE
    if last.started != now.started:
        return counters
    return counters.since(Counters.parse(last.counted))


def _p99(arms: Mapping[str, Arm], readings: Iterable[PodReading]) -> str | None:
    """Return the stable revision's 99th percentile; None before it has answered enough."""
    stable = [Counters.parse(r.counted) for r in readings if arms.get(r.pod) == "stable"]
    whole = reduce(Counters.plus, stable, NONE)
    p99 = whole.p99()
    return None if p99 is None or whole.requests < FEWEST_FOR_P99 else f"{p99:g}"


def _kept(
    arms: Mapping[str, Arm], last: Mapping[str, PodReading], now: Mapping[str, PodReading]
) -> dict[str, PodReading]:
    """Return the readings to compare the next ones with: of ``MOST_PODS`` of each revision.

    Those that were read now come first: the others may not be among those that are read any more.
    """
    kept: dict[str, PodReading] = {}
    room = {"stable": MOST_PODS, "canary": MOST_PODS}
    for pod, reading in (*now.items(), *last.items()):
        if pod not in kept and room[arms[pod]]:
            room[arms[pod]] -= 1
            kept[pod] = reading
    return kept


def _edges(arms: Mapping[str, Arm], reports: Mapping[str, ServerReport]) -> str:
    """Return the bins of the stable version's training profile; empty if no report has them."""
    stable = (report for pod, report in sorted(reports.items()) if arms.get(pod) == "stable")
    return next((" ".join(report.own.edges) for report in stable if report.own), "")


def _readings(
    arms: Mapping[str, Arm], reports: Mapping[str, ServerReport], edges: tuple[str, ...]
) -> dict[str, PodReading]:
    return {
        pod: PodReading(
            pod=pod, started=report.started, counted=_scored(report, arms[pod], edges).text()
        )
        for pod, report in reports.items()
        if pod in arms
    }


def _scored(report: ServerReport, arm: Arm, edges: tuple[str, ...]) -> Counters:
    """Return the counters with the scores in the stable version's bins, if they are in them."""
    bins = report.own if arm == "stable" else report.reference
    scores = bins.counts if bins and bins.edges == edges else ()
    return replace(report.counters, scores=scores)
