"""Lines as client libraries write them are read; what is no sample is refused."""

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from checkrail_operator.observe.exposition import sample


def test_what_the_client_library_writes_is_read_as_its_own_parser_reads_it() -> None:
    registry = CollectorRegistry()
    odd = Counter("odd", "Labels with what separates labels.", ["name", "of"], registry=registry)
    odd.labels("a} {b=,c", "é = 1").inc(2**53)
    seconds = Histogram("seconds", "A histogram.", registry=registry, buckets=(1e-7, 0.1))
    seconds.observe(0.05)
    text = generate_latest(registry).decode()
    theirs = [
        (each.name, each.labels, each.value)
        for family in text_string_to_metric_families(text)
        for each in family.samples
    ]
    assert [sample(line) for line in text.splitlines() if not line.startswith("#")] == theirs


@pytest.mark.parametrize(
    ("line", "want"),
    [
        pytest.param("up 1", ("up", {}, 1.0), id="no labels"),
        pytest.param("up{} 1", ("up", {}, 1.0), id="empty labels"),
        pytest.param('up{a="b",} 1', ("up", {"a": "b"}, 1.0), id="a comma at the end"),
        pytest.param("up\t+Inf 1700000000000 ", ("up", {}, float("inf")), id="a time"),
        pytest.param(r'up{a="\"} 2\\",b="c"} 1', ("up", {"a": r"\"} 2\\", "b": "c"}, 1.0), id="\\"),
    ],
)
def test_a_line_becomes_name_labels_and_number(
    line: str, want: tuple[str, dict[str, str], float]
) -> None:
    assert sample(line) == want


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("", id="nothing"),
        pytest.param("up", id="no number"),
        pytest.param("up one", id="a word for a number"),
        pytest.param("up 1_000", id="a number as Python writes it"),
        pytest.param('up{a="b} 1', id="an open label"),
        pytest.param("up{a=b} 1", id="a label without quotes"),
        pytest.param('up{a="b"c="d"} 1', id="labels without a comma"),
        pytest.param('up{a="b"}1', id="no space"),
        pytest.param("up 1 2 3", id="three numbers"),
        pytest.param("1up 1", id="no name"),
    ],
)
def test_what_is_no_sample_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"found|could not convert"):
        sample(line)
