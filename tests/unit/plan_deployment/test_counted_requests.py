"""What is counted of pods' counters while a canary climbs: growth, split by split."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from checkrail_api.deployment_status import Analysis
from checkrail_operator.plan.deployment.analysis import Arm, Split, counted, in_split
from checkrail_operator.plan.deployment.checks import slow_edge
from checkrail_operator.plan.deployment.counters import (
    BUCKETS,
    MOST,
    Bins,
    Counters,
    Reading,
    ServerReport,
)

T0 = datetime(2026, 11, 28, 12, 0, 0, tzinfo=UTC)
ARMS: dict[str, Arm] = {"s1": "stable", "s2": "stable", "c1": "canary"}
WAITING = Split(0, T0, acted_on=True)
AT_5 = Split(5, T0, acted_on=True)
AT_25 = Split(25, T0 + timedelta(seconds=60), acted_on=True)
UNKNOWN = replace(AT_25, acted_on=False)


def said(requests: int, *, started: str = "1.000") -> ServerReport:
    return ServerReport(started, Counters(requests=requests))


def read(**reports: ServerReport) -> Reading:
    return Reading(reports)


def count(told: Analysis | None, reading: Reading, split: Split, second: int = 0) -> Analysis:
    return counted(told, ARMS, reading, split, T0 + timedelta(seconds=second))


def requests(analysis: Analysis) -> list[tuple[int, int, int]]:
    """Return weight, stable's and canary's requests of every phase."""
    return [
        (p.weight, Counters.parse(p.stable).requests, Counters.parse(p.canary).requests)
        for p in analysis.phases
    ]


FIRST = read(s1=said(1000), s2=said(500), c1=said(0))
WAITED = count(None, FIRST, WAITING)
BEGUN = count(WAITED, FIRST, AT_5)


def test_what_was_answered_before_the_rollout_does_not_count() -> None:
    assert requests(WAITED) == []
    assert requests(BEGUN) == [(5, 0, 0)]


def test_requests_made_before_the_gateways_acted_on_a_split_are_not_counted_in_it() -> None:
    begun = count(WAITED, read(s1=said(1095), c1=said(0)), AT_5)
    assert requests(begun) == [(5, 0, 0)]


def test_growth_is_summed_over_the_pods_of_a_revision() -> None:
    first = count(BEGUN, read(s1=said(1060), s2=said(535), c1=said(5)), AT_5)
    second = count(first, read(s1=said(1070), s2=said(540), c1=said(6)), AT_5)
    assert requests(first) == [(5, 95, 5)]
    assert requests(second) == [(5, 110, 6)]


def test_splits_are_never_added_up() -> None:
    first = count(BEGUN, read(s1=said(1095), s2=said(500), c1=said(5)), AT_5)
    begun = count(first, read(s1=said(1095), s2=said(500), c1=said(5)), AT_25)
    second = count(begun, read(s1=said(1170), s2=said(500), c1=said(30)), AT_25)
    assert requests(second) == [(5, 95, 5), (25, 75, 25)]
    assert in_split(second, AT_25)[1].requests == 25
    assert in_split(second, AT_5) == (Counters(), Counters())


def test_requests_made_while_the_split_is_unknown_belong_to_none() -> None:
    first = count(BEGUN, read(s1=said(1095), c1=said(5)), AT_5)
    unknown = count(first, read(s1=said(1140), c1=said(10)), UNKNOWN)
    begun = count(unknown, read(s1=said(1140), c1=said(10)), AT_25)
    known = count(begun, read(s1=said(1215), c1=said(35)), AT_25)
    assert requests(known) == [(5, 95, 5), (25, 75, 25)]


def test_a_server_that_started_anew_begins_at_zero() -> None:
    first = count(BEGUN, read(c1=said(5)), AT_5)
    again = count(first, read(c1=said(3, started="2.000")), AT_5)
    assert requests(again) == [(5, 0, 8)]


def test_counters_that_fall_are_those_of_another_process() -> None:
    first = count(BEGUN, read(s1=said(1095), c1=said(5)), AT_5)
    fallen = count(first, read(s1=said(7), c1=said(5)), AT_5)
    assert requests(fallen) == [(5, 102, 5)]


def test_a_pod_that_vanished_has_answered_what_it_last_said() -> None:
    first = count(BEGUN, read(s1=said(1060), s2=said(535), c1=said(5)), AT_5)
    gone: dict[str, Arm] = {"s1": "stable", "c1": "canary"}
    later = counted(first, gone, read(s1=said(1070), c1=said(6)), AT_5, T0)
    assert requests(later) == [(5, 105, 6)]
    assert [reading.pod for reading in later.readings] == ["c1", "s1"]


def test_a_new_pod_only_says_where_it_begins() -> None:
    arms: dict[str, Arm] = {**ARMS, "s3": "stable"}
    first = counted(BEGUN, arms, read(s3=said(4000), c1=said(5)), AT_5, T0)
    later = counted(first, arms, read(s3=said(4010), c1=said(5)), AT_5, T0)
    assert requests(later) == [(5, 10, 5)]


def test_readings_are_kept_of_as_many_pods_as_are_read() -> None:
    arms: dict[str, Arm] = {f"s{n:03}": "stable" for n in range(60)}
    first = counted(None, arms, Reading({pod: said(1) for pod in list(arms)[10:]}), WAITING, T0)
    second = counted(first, arms, Reading({pod: said(2) for pod in list(arms)[:50]}), AT_5, T0)
    assert [reading.pod for reading in second.readings] == list(arms)[:50]


def test_a_pass_that_reads_nothing_changes_nothing() -> None:
    assert count(BEGUN, Reading(), AT_5, second=90) == BEGUN


def test_an_idle_service_changes_nothing() -> None:
    same = read(s1=said(1000), s2=said(500), c1=said(0))
    assert count(BEGUN, same, AT_5, second=90) == BEGUN


def test_pods_that_cannot_be_read_are_named_until_they_can() -> None:
    silent = count(BEGUN, Reading({"s1": said(1001)}, {"iris-1": "no answer"}), AT_5)
    heard = count(silent, read(s1=said(1002)), AT_5)
    assert (silent.unread, heard.unread) == ("pod iris-1: no answer", "")


def scored(counts: tuple[int, ...], edges: tuple[str, ...] = ("0.5",)) -> Bins:
    return Bins(edges, counts)


def test_scores_are_compared_in_the_stable_versions_bins() -> None:
    stable = replace(said(0), own=scored((0, 0)))
    canary = replace(said(0), own=scored((9, 9), ("0.7",)), reference=scored((0, 0)))
    waited = count(None, read(s1=stable, c1=canary), WAITING)
    begun = count(waited, read(s1=stable, c1=canary), AT_5)
    after = count(
        begun,
        read(
            s1=replace(said(95), own=scored((50, 45))),
            c1=replace(said(5), own=scored((9, 9), ("0.7",)), reference=scored((1, 4))),
        ),
        AT_5,
    )
    assert [c.scores for c in in_split(after, AT_5)] == [(50, 45), (1, 4)]


def test_scores_in_other_bins_are_not_compared() -> None:
    stable = replace(said(0), own=scored((0, 0)))
    waited = count(None, read(s1=stable, c1=said(0)), WAITING)
    begun = count(waited, read(s1=stable, c1=said(0)), AT_5)
    other = replace(said(5), reference=scored((1, 4), ("0.7",)))
    after = count(begun, read(s1=replace(said(95), own=scored((50, 45))), c1=other), AT_5)
    assert [c.scores for c in in_split(after, AT_5)] == [(50, 45), ()]


def at_place(place: int, requests: int) -> ServerReport:
    latency = [0] * BUCKETS
    latency[place] = requests
    return ServerReport("1.000", Counters(requests=requests, latency=tuple(latency)))


@pytest.mark.parametrize(
    ("place", "requests", "ratio", "want"),
    [
        pytest.param(5, 100, 1.5, 0.01, id="1.5 x 5 ms is moved up to 10 ms"),
        pytest.param(5, 100, 2.0, 0.01, id="2 x 5 ms is an edge"),
        pytest.param(5, 99, 1.5, None, id="fewer than 100 requests know no percentile"),
        pytest.param(15, 100, 1.5, 10.0, id="beyond the last edge it is the last edge"),
        pytest.param(16, 100, 1.5, None, id="slower than every edge there is no figure"),
    ],
)
def test_slow_is_a_multiple_of_the_stable_versions_99th_percentile(
    place: int, requests: int, ratio: float, want: float | None
) -> None:
    p99 = count(None, read(s1=at_place(place, requests)), WAITING).stable_p99
    assert (None if p99 is None else slow_edge(float(p99), ratio)) == want


def test_the_percentile_stays_once_it_is_known() -> None:
    first = count(None, read(s1=at_place(5, 100)), WAITING)
    later = count(first, read(s1=at_place(12, 9000)), AT_5)
    assert (first.stable_p99, later.stable_p99) == ("0.005", "0.005")


def test_sums_of_forged_counters_still_fit_into_a_status() -> None:
    most = replace(said(MOST), own=scored((MOST,) * 32, tuple(f"0.{n:02}" for n in range(31))))
    analysis = BEGUN
    for start in range(40):
        analysis = count(analysis, read(c1=replace(most, started=f"{start}")), AT_5)
    assert Counters.parse(analysis.phases[-1].canary).requests == MOST


def test_a_pod_that_was_silent_when_a_split_began_begins_in_it_later() -> None:
    first = count(BEGUN, read(s1=said(1095), s2=said(500), c1=said(5)), AT_5)
    begun = count(first, Reading({"c1": said(5)}, {"s1": "no answer", "s2": "no answer"}), AT_25)
    heard = count(begun, read(s1=said(9000), s2=said(500), c1=said(30)), AT_25)
    later = count(heard, read(s1=said(9070), s2=said(505), c1=said(55)), AT_25)
    assert requests(later) == [(5, 95, 5), (25, 75, 50)]


def test_counters_are_read_back_from_the_text_of_a_status() -> None:
    counters = Counters(7, 1, 2, 6, 3, tuple(range(BUCKETS)), (4, 5))
    assert Counters.parse(counters.text()) == counters
