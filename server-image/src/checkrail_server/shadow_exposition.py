"""The figures of a candidate in shadow on ``/metrics``."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from checkrail_api.shadow import ShadowReport

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prometheus_client.metrics_core import Metric

    from checkrail_server.shadow import Shadow

CANDIDATE = "candidate"
SHORT_DIGEST = 8


class ShadowExposition(Collector):
    """Turns the report into families whenever a registry collects; without a candidate: none."""

    def __init__(self, shadow: Shadow, labels: Sequence[str], values: Sequence[str]) -> None:
        """Label everything with ``labels``, and with the candidate's short digest."""
        self._shadow = shadow
        self._labels = [*labels, CANDIDATE]
        self._values = list(values)

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        report = ShadowReport.model_validate(self._shadow.report())
        if report.state == "Off":
            return
        values = [*self._values, report.sha256[:SHORT_DIGEST]]
        for name, text, count in (
            ("compared", "Requests that the candidate has scored, too.", report.compared),
            ("dropped", "Requests that it has not, because it was busy.", report.dropped),
            ("failed", "Requests that it failed on, or had no finite score for.", report.failed),
        ):
            family = CounterMetricFamily(
                f"checkrail_shadow_{name}_requests", text, labels=self._labels
            )
            family.add_metric(values, count)
            yield family
        yield self._flips(report, values)
        yield from self._histograms(report, values)

    def _flips(self, report: ShadowReport, values: list[str]) -> Metric:
        family = CounterMetricFamily(
            "checkrail_shadow_flips",
            "Requests that the candidate would have decided otherwise at this threshold.",
            labels=[*self._labels, "threshold"],
        )
        for each in report.flips:
            family.add_metric([*values, each.threshold], each.flips)
        return family

    def _histograms(self, report: ShadowReport, values: list[str]) -> Iterator[Metric]:
        if not report.differences.counts:
            return
        differences = HistogramMetricFamily(
            "checkrail_shadow_score_difference",
            "Absolute difference of both scores of a request.",
            labels=self._labels,
        )
        differences.add_metric(
            values, _buckets(report.differences.edges, report.differences.counts), None
        )
        yield differences
        scores = HistogramMetricFamily(
            "checkrail_shadow_score",
            "Score of a request, by who made it.",
            labels=[*self._labels, "of"],
        )
        for who, counts in (
            ("stable", report.scores.stable),
            ("candidate", report.scores.candidate),
        ):
            scores.add_metric([*values, who], _buckets(report.scores.edges, counts), None)
        yield scores


def _buckets(edges: Sequence[float], counts: Sequence[int]) -> list[tuple[str, float]]:
    return list(zip([*map(str, edges), "+Inf"], accumulate(counts), strict=True))
