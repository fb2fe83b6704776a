"""``/metrics``: the counters as Prometheus text, made when asked for."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.metrics_core import Metric

    from checkrail_server.metrics import Histogram, Metrics
    from checkrail_server.settings import Settings

LABELS = ["namespace", "model_deployment", "model_version"]


class Exposition(Collector):
    """Turns ``Metrics`` into families whenever a registry collects."""

    def __init__(self, metrics: Metrics, settings: Settings) -> None:
        """Label everything with whose model this is and its short digest."""
        self._metrics = metrics
        self._values = [settings.namespace, settings.model, settings.short_digest]
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)
        self.connections = 0
        """Open connections, set before a scrape."""
        self.queued = 0
        """Inferences that wait, set before a scrape."""

    def text(self) -> bytes:
        """Return the exposition in Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        metrics = self._metrics
        requests = CounterMetricFamily(
            "checkrail_requests",
            "Scoring requests answered, by status code.",
            labels=[*LABELS, "code"],
        )
        for code, count in sorted(metrics.requests.items()):
            requests.add_metric([*self._values, str(code)], count)
        yield requests
        yield self._histogram(
            "checkrail_request_duration_seconds",
            "From a scoring request's first byte to its answer.",
            {None: metrics.request_seconds},
        )
        yield self._histogram(
            "checkrail_inference_duration_seconds",
            "Time of one inference in ONNX Runtime.",
            {None: metrics.inference_seconds},
        )
        if metrics.scores:
            yield self._histogram(
                "checkrail_score",
                "Scores answered, in the buckets of the training profile.",
                metrics.scores,
            )
        yield self._gauge("checkrail_connections", "Open connections.", self.connections)
        yield self._gauge("checkrail_queued_inferences", "Inferences that wait.", self.queued)

    def _histogram(
        self, name: str, text: str, histograms: dict[str, Histogram] | dict[None, Histogram]
    ) -> HistogramMetricFamily:
        """Return a family with one histogram per output; the key None has no such label."""
        labels = [*LABELS, *(["output"] if None not in histograms else [])]
        family = HistogramMetricFamily(name, text, labels=labels)
        for output, histogram in histograms.items():
            edges = [*map(str, histogram.edges), "+Inf"]
            buckets = list(zip(edges, accumulate(histogram.counts), strict=True))
            values = [*self._values, *([output] if output is not None else [])]
            family.add_metric(values, buckets, histogram.total)
        return family

    def _gauge(self, name: str, text: str, value: float) -> GaugeMetricFamily:
        family = GaugeMetricFamily(name, text, labels=LABELS)
        family.add_metric(self._values, value)
        return family
