"""What is believed of a pod's /metrics: counts, and nothing else."""

import pytest

from checkrail_operator.observe.server_reports import ReportError, read_report
from checkrail_operator.plan.deployment.counters import BUCKETS, Bins
from harness.counting_servers import Behaviour, Servers


def exposition(requests: int, **behaviour: float) -> str:
    servers = Servers(load=float(requests), behaviour={1: Behaviour(**behaviour)})  # type: ignore[arg-type]
    servers.serve(1, {"pod": 100})
    text = servers.metrics("pod", 1)
    assert text is not None
    return text


def test_a_report_holds_what_was_answered() -> None:
    report = read_report(
        exposition(200, failed=0.1, slow=0.05, outliers=0.02)
        + 'checkrail_requests_total{code="422"} 7\ncheckrail_nonfinite_answers_total 3\n'
    )
    counters = report.counters
    assert (counters.requests, counters.refused, counters.failed) == (207, 7, 23)
    assert (counters.ranged, counters.outliers) == (180, 4)
    assert (sum(counters.latency), counters.slower_than(0.5)) == (200, 10)
    assert report.own == Bins(tuple(f"0.{n}" for n in range(1, 10)), (20,) * 10)
    assert report.own == report.reference


def test_labels_of_whose_model_it_is_make_no_difference() -> None:
    text = exposition(10).replace("{", '{namespace="a",model_deployment="b",')
    assert read_report(text).counters.requests == 10


def test_requests_that_nobody_waited_for_have_failed() -> None:
    text = exposition(10) + 'checkrail_requests_total{code="499"} 3\n'
    assert (read_report(text).counters.failed, read_report(text).counters.refused) == (3, 0)


def test_a_server_without_a_profile_of_its_inputs_compares_none() -> None:
    lines = [line for line in exposition(10).splitlines() if "out_of_range" not in line]
    counters = read_report("\n".join(lines) + "\n").counters
    assert (counters.requests, counters.ranged, counters.outliers) == (10, 0, 0)


def test_a_server_without_a_profile_has_no_scores() -> None:
    lines = [line for line in exposition(10).splitlines() if "score" not in line]
    assert read_report("\n".join(lines) + "\n").own is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("", "is it our server", id="nothing"),
        pytest.param("<html>404</html>", "is it our server", id="a web page"),
        pytest.param('checkrail_requests_total{b="', "not Prometheus' text format", id="cut off"),
        pytest.param(
            'checkrail_requests_total{code="200"} 1\n' * 401, "401 lines", id="too many lines"
        ),
        pytest.param("checkrail_requests_total " + "1" * 1000, "characters", id="a long line"),
        pytest.param("up 1\n", "is it our server", id="another program"),
        pytest.param(
            exposition(10) + 'checkrail_requests_total{code="200"} NaN\n',
            "checkrail_requests_total is nan: expected a count",
            id="no number",
        ),
        pytest.param(
            exposition(10) + 'checkrail_requests_total{code="200"} -1\n',
            "checkrail_requests_total is -1: expected a count",
            id="a negative count",
        ),
        pytest.param(
            exposition(10) + 'checkrail_requests_total{code="200"} 1e300\n',
            r"checkrail_requests_total is 1e\+300: expected a count",
            id="more than a counter can hold",
        ),
        pytest.param(
            exposition(10) + 'checkrail_requests_total{code="x"} 1\n',
            "code 'x': expected a status code",
            id="a code that is none",
        ),
        pytest.param(
            exposition(10).replace("seconds 1000.0", "seconds 1e308"),
            "process_start_time_seconds is inf: expected a count",
            id="a start that no status can hold",
        ),
        pytest.param(
            exposition(10).replace('le="0.005"', 'le="soon"'),
            "not Prometheus' text format",
            id="an edge that is no number",
        ),
        pytest.param(
            exposition(10).replace('le="0.005"', 'le="0.006"'),
            "other buckets",
            id="other buckets",
        ),
        pytest.param(
            exposition(10) + 'checkrail_request_duration_seconds_bucket{le="0.0001"} 99\n',
            "do not grow",
            id="a histogram that falls",
        ),
    ],
)
def test_what_is_no_report_is_refused_with_a_reason(text: str, words: str) -> None:
    with pytest.raises(ReportError, match=words):
        read_report(text)


def test_edges_that_no_status_can_hold_are_no_scores() -> None:
    text = exposition(10).replace('le="0.5"', f'le="0.5{"0" * 100}"')
    assert read_report(text).own is None


def test_all_durations_are_kept() -> None:
    assert len(read_report(exposition(10)).counters.latency) == BUCKETS
