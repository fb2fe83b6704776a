"""The server's own figures: plain counters, made into Prometheus families only when scraped.

Counting on the hot path is one dictionary or list increment; prometheus_client's own
``Histogram.observe()`` takes a lock and three to four times as long (docs/server.md).
"""

from __future__ import annotations

import time
from bisect import bisect_left
from http import HTTPStatus
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from checkrail_api.serving import OWN_PROFILE, REFERENCE_PROFILE, REQUEST_SECONDS
from checkrail_server.tensors import FEW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkrail_server.feature_ranges import FeatureRanges
    from checkrail_server.model import Feeds, Model
    from checkrail_server.tensors import Array

INFERENCE_SECONDS = (0.00001, 0.000025, 0.00005, *REQUEST_SECONDS[:-1])


class Histogram:
    """Counts of values by the first bucket edge that is not smaller."""

    __slots__ = ("_bounds", "counts", "edges", "total")

    def __init__(self, edges: Sequence[float]) -> None:
        """Take increasing upper bounds; one more bucket holds what is above them."""
        self.edges = tuple(edges)
        self._bounds = np.array(self.edges, dtype=np.float64)
        self.counts = [0] * (len(self.edges) + 1)
        self.total = 0.0
        """Sum of the values."""

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.edges, value)] += 1
        self.total += value

    def observe_all(self, values: Array) -> None:
        """Count an array's values; NaN is not counted."""
        if values.size <= FEW:
            for value in values.tolist():
                if value == value:  # noqa: PLR0124 - NaN is not equal to itself
                    self.observe(value)
            return
        values = values[~np.isnan(values)]
        places = np.searchsorted(self._bounds, values, side="left")
        for place, count in enumerate(np.bincount(places, minlength=len(self.counts)).tolist()):
            self.counts[place] += count
        self.total += float(values.sum(dtype=np.float64))


class Metrics:
    """Everything this process counts about scoring requests (infer and predict)."""

    def __init__(self) -> None:
        """Start at zero."""
        self.requests: dict[int, int] = {200: 0}
        """Answers by status code; 499: nobody waited for it."""
        self.picked = 0
        """Requests that named their version; counted nowhere else."""
        self.request_seconds = Histogram(REQUEST_SECONDS)
        """From a request's first byte to its answer."""
        self.inference_seconds = Histogram(INFERENCE_SECONDS)
        """In ONNX Runtime."""
        self.inferred_rows = 0
        """Of all inferences."""
        self.last_inference = 0.0
        """When the last one ended, seconds since 1970; 0: there was none."""
        self.failed = 0
        """Answers 4xx and 5xx."""
        self.failed_seconds = 0.0
        """From their requests' first bytes to them."""
        self.scores: dict[str, Histogram] = {}
        """Scores by output."""
        self.nonfinite_answers = 0
        """Requests answered 2xx though an output of floats held NaN or infinity."""
        self.request_scores: dict[tuple[str, ...], Histogram] = {}
        """One score of each request answered 2xx, by profile and output."""
        self.out_of_range_requests = 0
        """Requests answered 2xx in which a feature was outside the training profile."""
        self.features_out_of_range: dict[str, int] = {}
        """The same by feature; empty: no profile tells what is inside."""
        self._score_output: tuple[int, Histogram] | None = None
        self._request_scores: list[tuple[int, Histogram]] = []
        self._ranges: FeatureRanges | None = None

    def take_model(self, model: Model) -> None:
        """Prepare what is counted of the model's scores and features."""
        if model.scores:
            histogram = Histogram(model.scores.edges)
            self.scores[model.scores.output] = histogram
            self._score_output = (model.output_names.index(model.scores.output), histogram)
        if model.ranges:
            self._ranges = model.ranges
            self.features_out_of_range = dict.fromkeys(model.ranges.names, 0)
        for profile, scores in (
            (OWN_PROFILE, model.scores),
            (REFERENCE_PROFILE, model.reference_scores),
        ):
            if scores:
                histogram = Histogram(scores.edges)
                self.request_scores[profile, scores.output] = histogram
                index = model.output_names.index(scores.output)
                self._request_scores.append((index, histogram))

    def answered(self, status: int, seconds: float) -> None:
        """Count one answer."""
        self.requests[status] = self.requests.get(status, 0) + 1
        self.request_seconds.observe(seconds)
        if status >= HTTPStatus.BAD_REQUEST:
            self.failed += 1
            self.failed_seconds += seconds

    def all_answered(self, status: int, seconds: list[float]) -> None:
        """Count answers of one ``status``, below 400."""
        self.requests[status] = self.requests.get(status, 0) + len(seconds)
        if len(seconds) == 1:
            self.request_seconds.observe(seconds[0])
        else:
            self.request_seconds.observe_all(np.array(seconds))

    def inferred(self, outputs: list[Array], seconds: float) -> None:
        """Count one inference and its scores."""
        self.inference_seconds.observe(seconds)
        self.inferred_rows += len(outputs[0])
        self.last_inference = time.time()
        if self._score_output:
            index, histogram = self._score_output
            histogram.observe_all(scores_of(outputs[index]))

    def scored(self, feeds: Feeds, rows: int, outputs: list[Array], *, finite: bool) -> None:
        """Count a request that is answered 2xx: what rollout checks compare.

        Args:
            feeds: The inputs.
            rows: How many rows they have.
            outputs: What the model made of them.
            finite: Whether all of it is finite.
        """
        if not finite:
            self.nonfinite_answers += 1
        for index, histogram in self._request_scores:
            first = scores_of(outputs[index][:1])
            if first.size and isfinite(score := first.item(0)):
                histogram.observe(score)
        if self._ranges and (outside := self._ranges.outside(feeds, rows)):
            self.out_of_range_requests += 1
            for name in outside:
                self.features_out_of_range[name] += 1

    def all_scored(self, feeds: Feeds, starts: list[int], outputs: list[Array]) -> None:
        """Count requests that share a run and are all answered 2xx, as ``scored`` does each.

        Args:
            feeds: The inputs of all.
            starts: The first row of each.
            outputs: What the model made of them; all of it is finite.
        """
        rows = len(outputs[0])
        if len(starts) == 1:
            self.scored(feeds, rows, outputs, finite=True)
            return
        for index, histogram in self._request_scores:
            histogram.observe_all(scores_of(outputs[index][starts]))
        if self._ranges and (outside := self._ranges.rows_outside(feeds, rows)):
            reached = [np.logical_or.reduceat(each, starts) for each in outside.values()]
            self.out_of_range_requests += int(np.logical_or.reduce(reached).sum())
            for name, requests in zip(outside, reached, strict=True):
                self.features_out_of_range[name] += int(requests.sum())


def scores_of(output: Array) -> Array:
    """Return one score a row.

    One column is the score itself; of a binary classifier's two columns it is the second, the
    positive class; of more classes it is the largest probability.
    """
    match output.shape:
        case (_, 2):
            return output[:, 1]
        case (_, columns) if columns > 1:
            scores: Array = output.max(axis=1)
            return scores
        case _:
            return output.ravel()
