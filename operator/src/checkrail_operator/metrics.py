"""What the operator tells Prometheus about itself."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)

from checkrail_operator.plan.types import RunEnd

PASS_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The operator's own figures, in a registry of their own."""

    def __init__(self) -> None:
        """Make them, all zero."""
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self.passes = Counter(
            "checkrail_operator_passes",
            "Passes by kind and result: quiet, changed, gone, stalled, transient or bug.",
            ["kind", "result"],
            registry=self.registry,
        )
        self.pass_seconds = Histogram(
            "checkrail_operator_pass_duration_seconds",
            "Duration of a pass.",
            ["kind"],
            buckets=PASS_SECONDS,
            registry=self.registry,
        )
        self.writes = Counter(
            "checkrail_operator_writes",
            "Writes that the API server accepted, by kind and verb.",
            ["kind", "verb"],
            registry=self.registry,
        )
        self.api_errors = Counter(
            "checkrail_operator_api_errors",
            "Requests that failed, by verb, kind and status code or failure.",
            ["verb", "kind", "code"],
            registry=self.registry,
        )
        self.bugs = Counter(
            "checkrail_operator_bugs",
            "Exceptions that nobody expected; each has a traceback in the log.",
            ["kind"],
            registry=self.registry,
        )
        self.watch_restarts = Counter(
            "checkrail_operator_watch_restarts",
            "Times the watching thread ended and was started again.",
            registry=self.registry,
        )
        self.training_runs = Counter(
            "checkrail_training_runs_finished",
            "TrainingJobs that ended, by who answers for them, outcome, reason and its cause.",
            ["namespace", "model", "owner", "project", "outcome", "reason", "cause"],
            registry=self.registry,
        )
        self.lease_held = self.gauge("lease_held", "Whether this replica is the active one.")
        self.queue_depth = self.gauge("queue_depth", "Objects that wait for a worker.")
        self.oldest_age = self.gauge(
            "queue_oldest_age_seconds", "How long the longest waiting object has waited."
        )
        self.resync_age = self.gauge(
            "resync_age_seconds", "Time since the last resync ended, or since the start."
        )
        self.watch_age = self.gauge("watch_age_seconds", "Time since the last watch event.")

    def gauge(self, name: str, what: str) -> Gauge:
        """Return a gauge of the operator."""
        return Gauge(f"checkrail_operator_{name}", what, registry=self.registry)

    def record_run_end(self, namespace: str, end: RunEnd) -> None:
        """Count a run that ended.

        Once each, when the status that ends it is written. An operator that dies between the two
        misses it: never twice is worth more here than never missed, and status has them all.
        """
        whose = (namespace, end.model, end.owner, end.project)
        self.training_runs.labels(*whose, end.outcome, end.reason, end.cause).inc()

    def record_request(self, verb: str, kind: str, code: str) -> None:
        """Count one answer of the API server."""
        if not code.startswith("2"):
            self.api_errors.labels(verb, kind, code).inc()
        elif verb not in {"get", "list", "log"}:
            self.writes.labels(kind, verb).inc()
