"""The statistics extension of the Open Inference Protocol: what was inferred since the start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from checkrail_server.metrics import Metrics
    from checkrail_server.settings import Settings

Duration = dict[str, int]


def statistics(metrics: Metrics, settings: Settings) -> dict[str, Any]:
    """Return the protocol's document; the message of gRPC has the same fields.

    A duration that this server does not measure has the count 0. Requests that picked their
    version are in the inferences only, as in the metrics.
    """
    answers = sum(metrics.requests.values())
    seconds = metrics.request_seconds.total
    inferences = sum(metrics.inference_seconds.counts)
    model = {
        "name": settings.model,
        "version": settings.version,
        "last_inference": int(metrics.last_inference * 1e3),
        "inference_count": metrics.inferred_rows,
        "execution_count": inferences,
        "inference_stats": {
            "success": _duration(answers - metrics.failed, seconds - metrics.failed_seconds),
            "fail": _duration(metrics.failed, metrics.failed_seconds),
            "queue": _duration(0, 0),
            "compute_input": _duration(0, 0),
            "compute_infer": _duration(inferences, metrics.inference_seconds.total),
            "compute_output": _duration(0, 0),
        },
    }
    return {"model_stats": [model]}


def _duration(count: int, seconds: float) -> Duration:
    return {"count": count, "ns": max(0, int(seconds * 1e9))}
