"""What scoring servers say on ``/metrics``: Prometheus' text to counters.

The text comes from a pod that a user may have built: whatever it says, it becomes a report or an
error with a sentence, and a number that no counter of ours can have is an error.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf, isfinite

from checkrail_api.serving import (
    CODE_LABEL,
    NONFINITE_ANSWERS,
    OUT_OF_RANGE_REQUESTS,
    OWN_PROFILE,
    PROFILE_LABEL,
    REFERENCE_PROFILE,
    REQUEST_DURATION,
    REQUEST_SCORE,
    REQUEST_SECONDS,
    REQUESTS,
)
from checkrail_operator.observe.exposition import sample
from checkrail_operator.observe.raw import Raw
from checkrail_operator.plan.deployment.counters import Bins, Counters, Reading, ServerReport

STARTED = "process_start_time_seconds"
MOST = 2**53
"""Counters beyond this are no counters: every reader of JSON keeps smaller ones exactly."""
MOST_BINS = 32
LONGEST_EDGE = 24
"""Characters of a float that is written as short as it can be, and told apart from all others."""
OK = 200
CALLERS_FAULT = range(400, 499)
OUR_FAULT = range(499, 600)
"""From 499 on, which a server counts where nobody waited for its answer: it took too long."""

Buckets = dict[str, int]
"""Cumulative counts by upper edge, as written."""


READ = (
    STARTED,
    REQUESTS,
    NONFINITE_ANSWERS,
    OUT_OF_RANGE_REQUESTS,
    REQUEST_DURATION,
    REQUEST_SCORE,
)
"""How the lines begin that are parsed."""
MOST_LINES = 400
LONGEST_LINE = 1000
NO_REPORT = f"found no {REQUESTS}, {REQUEST_DURATION} or {STARTED}: is it our server?"


class ReportError(ValueError):
    """The text is no report; the message says why."""


@dataclass
class _Sums:
    """What the lines of one exposition add up to."""

    started: str = ""
    answers: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    nonfinite: int = 0
    outliers: int | None = None
    durations: Buckets = field(default_factory=dict)
    scores: defaultdict[str, Buckets] = field(default_factory=lambda: defaultdict(dict))


def see_reports(raw: Raw) -> Reading:
    """Return the reports by UID of their pods, and why pods gave none by their names."""
    uids = {c["metadata"]["name"]: c["metadata"]["uid"] for c in raw.children if c["kind"] == "Pod"}
    reports: dict[str, ServerReport] = {}
    unread: dict[str, str] = {}
    for name, fetched in sorted(raw.metrics.items()):
        try:
            if fetched.text is None:
                unread[name] = fetched.trouble
            else:
                reports[uids[name]] = read_report(fetched.text)
        except ReportError as error:
            unread[name] = str(error)
    return Reading(reports, unread)


def read_report(text: str) -> ServerReport:
    """Return what a server's exposition says.

    Raises:
        ReportError: It is not Prometheus' text format, lacks what every server of ours has, or has
            a number that is not a count.
    """
    sums = _Sums()
    lines = [line for line in text.splitlines() if line.startswith(READ)]
    if len(lines) > MOST_LINES or max(map(len, lines), default=0) > LONGEST_LINE:
        raise ReportError(
            f"{len(lines)} lines of counters; expected at most {MOST_LINES}, none longer than"
            f" {LONGEST_LINE} characters"
        )
    try:
        for line in lines:
            _add(sums, *sample(line))
        latency = _latency(sums.durations)
        own, reference = (_bins(sums.scores.get(p)) for p in (OWN_PROFILE, REFERENCE_PROFILE))
    except ReportError:
        raise
    except (KeyError, ValueError) as error:  # a label is missing, or a number is none
        raise ReportError(f"not Prometheus' text format: {error}"[:200]) from error
    if not sums.started or not sums.answers:
        raise ReportError(NO_REPORT)
    return ServerReport(
        started=sums.started,
        counters=_counters(sums, latency),
        own=own,
        reference=reference,
    )


def _add(sums: _Sums, name: str, labels: dict[str, str], value: float) -> None:
    if name == STARTED:
        sums.started = str(_count(name, 1000 * value))
    elif name == REQUESTS:
        sums.answers[_code(labels)] += _count(name, value)
    elif name == NONFINITE_ANSWERS:
        sums.nonfinite += _count(name, value)
    elif name == OUT_OF_RANGE_REQUESTS:
        sums.outliers = (sums.outliers or 0) + _count(name, value)
    elif name == f"{REQUEST_DURATION}_bucket":
        sums.durations[labels["le"]] = _count(name, value)
    elif name == f"{REQUEST_SCORE}_bucket":
        sums.scores[labels[PROFILE_LABEL]][labels["le"]] = _count(name, value)


def _count(name: str, value: float) -> int:
    if not (isfinite(value) and 0 <= value <= MOST):
        raise ReportError(f"{name} is {value:g}: expected a count")
    return int(value)


def _code(labels: dict[str, str]) -> int:
    code = labels.get(CODE_LABEL, "")
    if not code.isdecimal():
        raise ReportError(f"{REQUESTS} has code {code!r}: expected a status code")
    return int(code)


def _counters(sums: _Sums, latency: tuple[int, ...]) -> Counters:
    return Counters(
        requests=sum(sums.answers.values()),
        refused=_of(sums, CALLERS_FAULT),
        failed=_of(sums, OUR_FAULT) + sums.nonfinite,
        ranged=0 if sums.outliers is None else sums.answers[OK],
        outliers=sums.outliers or 0,
        latency=latency,
    )


def _of(sums: _Sums, codes: range) -> int:
    return sum(count for code, count in sums.answers.items() if code in codes)


def _latency(durations: Buckets) -> tuple[int, ...]:
    found = {float(edge): count for edge, count in durations.items()}
    if not found:
        raise ReportError(NO_REPORT)
    if tuple(sorted(found)) != (*REQUEST_SECONDS, inf):
        raise ReportError(f"{REQUEST_DURATION} has other buckets than this release's servers")
    return _apart([found[edge] for edge in sorted(found)])


def _bins(buckets: Buckets | None) -> Bins | None:
    if not buckets or not 1 < len(buckets) <= MOST_BINS or max(map(len, buckets)) > LONGEST_EDGE:
        return None
    edges = sorted(buckets, key=float)
    return Bins(tuple(edges[:-1]), _apart([buckets[edge] for edge in edges]))


def _apart(cumulative: Iterable[int]) -> tuple[int, ...]:
    """Return the counts of the buckets themselves."""
    before, counts = 0, []
    for count in cumulative:
        if count < before:
            raise ReportError("a histogram's buckets do not grow")
        counts.append(count - before)
        before = count
    return tuple(counts)
