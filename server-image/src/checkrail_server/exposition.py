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

from checkrail_api import serving
from checkrail_server.shadow_exposition import ShadowExposition

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prometheus_client.metrics_core import Metric

    from checkrail_server.decisions.log import DecisionLog
    from checkrail_server.decisions.recording import Recording
    from checkrail_server.metrics import Histogram, Metrics
    from checkrail_server.settings import Settings
    from checkrail_server.shadow import Shadow

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
        self.recording: Recording | None = None
        """Set before a scrape; None: answers are not recorded."""

    def add_shadow(self, shadow: Shadow) -> None:
        """Tell of the candidate in shadow, too."""
        self._registry.register(ShadowExposition(shadow, LABELS, self._values))

    def text(self) -> bytes:
        """Return the exposition in Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        metrics = self._metrics
        yield self._counter(
            serving.REQUESTS,
            "Scoring requests answered, by status code.",
            {(str(code),): count for code, count in sorted(metrics.requests.items())},
            [serving.CODE_LABEL],
        )
        yield self._counter(
            serving.PICKED_REQUESTS,
            "Scoring requests that named their version; they are counted here only.",
            {(): metrics.picked},
        )
        yield self._histogram(
            serving.REQUEST_DURATION,
            "From a scoring request's first byte to its answer.",
            {(): metrics.request_seconds},
        )
        yield self._histogram(
            "checkrail_inference_duration_seconds",
            "Time of one inference in ONNX Runtime.",
            {(): metrics.inference_seconds},
        )
        if metrics.scores:
            yield self._histogram(
                "checkrail_score",
                "Scores answered, in the buckets of the training profile.",
                {(output,): histogram for output, histogram in metrics.scores.items()},
                [serving.OUTPUT_LABEL],
            )
        yield from self._compared()
        yield self._gauge("checkrail_connections", "Open connections.", self.connections)
        yield self._gauge("checkrail_queued_inferences", "Inferences that wait.", self.queued)

        if self.recording:
            yield from self._recorded(self.recording.log)

    def _recorded(self, log: DecisionLog) -> Iterator[Metric]:
        """Yield what became of the records of answers."""
        written = "Requests whose records are in the object store."
        yield self._counter(serving.DECISION_LOG_WRITTEN, written, {(): log.written})
        dropped = "Requests whose records are lost."
        yield self._counter(serving.DECISION_LOG_DROPPED, dropped, {(): log.dropped})
        pending = "Requests whose records wait in memory and on disk."
        yield self._gauge(serving.DECISION_LOG_PENDING, pending, log.pending)

    def _compared(self) -> Iterator[Metric]:
        """Yield what rollout checks compare beside answers and durations."""
        metrics = self._metrics
        yield self._counter(
            serving.NONFINITE_ANSWERS,
            "Scoring requests answered 2xx though an output of floats held NaN or infinity.",
            {(): metrics.nonfinite_answers},
        )
        if metrics.request_scores:
            yield self._histogram(
                serving.REQUEST_SCORE,
                "Score of the first row of every scoring request answered 2xx, by whose buckets.",
                metrics.request_scores,
                [serving.PROFILE_LABEL, serving.OUTPUT_LABEL],
            )
        if metrics.features_out_of_range:
            yield self._counter(
                serving.OUT_OF_RANGE_REQUESTS,
                "Scoring requests answered 2xx with a value outside the training profile.",
                {(): metrics.out_of_range_requests},
            )
            yield self._counter(
                serving.FEATURE_OUT_OF_RANGE,
                "Scoring requests answered 2xx with a value of this feature outside its profile.",
                {(name,): count for name, count in metrics.features_out_of_range.items()},
                [serving.FEATURE_LABEL],
            )

    def _counter(
        self, name: str, text: str, counts: dict[tuple[str, ...], int], labels: Sequence[str] = ()
    ) -> CounterMetricFamily:
        """Return a family with one count for each tuple of values of ``labels``."""
        family = CounterMetricFamily(name, text, labels=[*LABELS, *labels])
        for values, count in counts.items():
            family.add_metric([*self._values, *values], count)
        return family

    def _histogram(
        self,
        name: str,
        text: str,
        histograms: Mapping[tuple[str, ...], Histogram],
        labels: Sequence[str] = (),
    ) -> HistogramMetricFamily:
        """Return a family with one histogram for each tuple of values of ``labels``."""
        family = HistogramMetricFamily(name, text, labels=[*LABELS, *labels])
        for values, histogram in histograms.items():
            edges = [*map(str, histogram.edges), "+Inf"]
            buckets = list(zip(edges, accumulate(histogram.counts), strict=True))
            family.add_metric([*self._values, *values], buckets, histogram.total)
        return family

    def _gauge(self, name: str, text: str, value: float) -> GaugeMetricFamily:
        family = GaugeMetricFamily(name, text, labels=LABELS)
        family.add_metric(self._values, value)
        return family
