"""Scoring servers that count what a simulated gateway sends, and say so as real ones do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate

from checkrail_api.serving import REQUEST_SECONDS

BUCKETS = (*(f"{edge:g}" for edge in REQUEST_SECONDS), "+Inf")
FAST, SLOW = BUCKETS.index("0.005"), BUCKETS.index("1")
EDGES = tuple(f"0.{tenth}" for tenth in range(1, 10))


@dataclass(frozen=True)
class Behaviour:
    """How a version answers.

    Attributes:
        failed: Share of the requests that it answers with 500.
        refused: Share of them that it answers with 422.
        slow: Share of them that take a second instead of some milliseconds.
        outliers: Share of them with a value outside its training profile; None: it has none.
        shifted: Whether all its scores are in the highest bins.
        mute: Whether its servers say nothing on /metrics.
    """

    failed: float = 0.0
    refused: float = 0.0
    slow: float = 0.005
    outliers: float | None = 0.0
    shifted: bool = False
    mute: bool = False


@dataclass
class Servers:
    """The counters of every pod.

    Attributes:
        load: Requests a second, of all pods together.
        behaviour: By number of the version; the others answer well.
        answered: Requests so far, by UID of the pod.
    """

    load: float = 1000.0
    behaviour: dict[int, Behaviour] = field(default_factory=dict)
    answered: dict[str, float] = field(default_factory=dict)

    def serve(self, seconds: float, shares: Mapping[str, float]) -> None:
        """Let pods, by UID, answer their ``shares`` of the load, percent."""
        for pod, share in shares.items():
            self.answered[pod] = self.answered.get(pod, 0.0) + self.load * seconds * share / 100

    def metrics(self, pod: str, number: int) -> str | None:
        """Return what a pod of version ``number`` says, or None if it says nothing."""
        behaviour = self.behaviour.get(number, Behaviour())
        if behaviour.mute:
            return None
        requests = int(self.answered.get(pod, 0.0))
        return "\n".join(_lines(requests, behaviour)) + "\n"


def _lines(requests: int, behaviour: Behaviour) -> Iterable[str]:
    failed, slow = int(behaviour.failed * requests), int(behaviour.slow * requests)
    refused = int(behaviour.refused * requests)
    durations = [0] * len(BUCKETS)
    durations[FAST], durations[SLOW] = requests - slow, slow
    bins = [0] * (len(EDGES) + 1)
    for place in (8, 9) if behaviour.shifted else range(len(bins)):
        bins[place] = requests // (2 if behaviour.shifted else len(bins))
    yield "process_start_time_seconds 1000.0"
    yield "# TYPE checkrail_requests counter"
    yield f'checkrail_requests_total{{code="200"}} {requests - failed - refused}'
    yield f'checkrail_requests_total{{code="422"}} {refused}'
    yield f'checkrail_requests_total{{code="500"}} {failed}'
    yield "checkrail_nonfinite_answers_total 0"
    if behaviour.outliers is not None:
        yield f"checkrail_out_of_range_requests_total {int(behaviour.outliers * requests)}"
    for edge, count in zip(BUCKETS, accumulate(durations), strict=True):
        yield f'checkrail_request_duration_seconds_bucket{{le="{edge}"}} {count}'
    for profile in ("own", "reference"):
        for edge, count in zip((*EDGES, "+Inf"), accumulate(bins), strict=True):
            labels = f'profile="{profile}",output="probabilities",le="{edge}"'
            yield f"checkrail_request_score_bucket{{{labels}}} {count}"
