"""A comparison in shadow: what the operator asks of scoring servers, and what they report.

::

    operator --Candidate, as a file of a ConfigMap--> server of the stable version
    operator <--ShadowReport, GET /v2/shadow--------- the same, after it has scored live requests
"""

from typing import Annotated, Literal

from pydantic import Field, FiniteFloat

from checkrail_api.model import Count, Name, Report, Sha256, SignedDecimal
from checkrail_api.score_bins import ScoreBins

CANDIDATE_FILE = "candidate.json"
"""Key of the ConfigMap, and name of the file, that holds a ``Candidate``."""
SHADOW_DIR = "/etc/checkrail/shadow"
"""Where a pod mounts the ConfigMap."""

MOST_THRESHOLDS = 8
MOST_BINS = 32
"""Bins of the scores, at most: a status keeps them for each pod."""
WORST = 10
"""Disagreements that are reported."""

DIFFERENCE_EDGES = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Upper bounds of the histogram of absolute score differences; one more bin has no bound."""

Thresholds = Annotated[list[SignedDecimal], Field(min_length=1, max_length=MOST_THRESHOLDS)]
"""Scores above which a decision is another one."""
Attempt = Annotated[str, Field(max_length=64)]
"""Tells one comparison from the next of the same candidate; the servers repeat it."""


class Candidate(Report):
    """The artifact that the stable version's servers are to score beside their own."""

    version: Name
    """ModelVersion."""
    uri: Annotated[str, Field(max_length=2048, pattern=r"^(s3://[^/]+/.+|file:///.+)$")]
    """Prefix that holds its files, in the same store as the stable version's."""
    sha256: Sha256
    """Digest of its model.onnx."""
    attempt: Attempt
    """Of the comparison."""
    thresholds: Thresholds
    """Where decisions change."""
    scores: ScoreBins | None = None
    """Output and bins of the stable version's scores. Absent: the probabilities of a classifier,
    else the first output of floats, in tenths of 0 to 1."""


class Flips(Report):
    """Decisions that would have been others."""

    threshold: SignedDecimal
    """As the candidate's ``thresholds`` say it."""
    flips: Count
    """Requests whose decision at this threshold the candidate would have made otherwise."""


class PairedScores(Report):
    """Scores of both over the same requests."""

    edges: Annotated[list[FiniteFloat], Field(max_length=MOST_BINS - 1)] = []
    """Increasing upper bounds of the bins but the last."""
    stable: Annotated[list[Count], Field(max_length=MOST_BINS)] = []
    """The stable version's, one more than edges."""
    candidate: Annotated[list[Count], Field(max_length=MOST_BINS)] = []
    """The candidate's, one more than edges."""


class Differences(Report):
    """Absolute differences of the scores."""

    edges: Annotated[list[FiniteFloat], Field(max_length=MOST_BINS)] = []
    """Increasing upper bounds of the bins but the last."""
    counts: Annotated[list[Count], Field(max_length=MOST_BINS + 1)] = []
    """One more than edges."""


class Disagreement(Report):
    """One request of which both think differently."""

    id: Annotated[str, Field(max_length=128)] | None = None
    """The request's id; None where its client gave none."""
    stable: FiniteFloat
    """Score that was answered."""
    candidate: FiniteFloat
    """Score that the candidate would have answered."""


class ShadowReport(Report):
    """What one scoring server knows of the candidate; counts begin with its process."""

    state: Literal["Off", "Loading", "Comparing", "Refused"]
    """Off: there is no candidate. Refused: it is not scored, ``reason`` says why."""
    version: Annotated[str, Field(max_length=253)] = ""
    sha256: Annotated[str, Field(max_length=64)] = ""
    attempt: Attempt = ""
    reason: Annotated[str, Field(max_length=64)] = ""
    """One word; why it is refused."""
    message: Annotated[str, Field(max_length=1024)] = ""
    """The same for people; what is waited for while it loads."""
    started: Annotated[str, Field(max_length=32, pattern=r"^[0-9]*$")] = ""
    """When its process began, microseconds since 1970: counts begin at 0 with it."""
    compared: Count = 0
    """Requests that both have scored."""
    dropped: Count = 0
    """Requests that were not, because the candidate was busy."""
    failed: Count = 0
    """Those of ``compared`` for which the candidate failed, or answered no finite score."""
    flips: Annotated[list[Flips], Field(max_length=MOST_THRESHOLDS)] = []
    scores: PairedScores = PairedScores()
    differences: Differences = Differences()
    worst: Annotated[list[Disagreement], Field(max_length=WORST)] = []
    """The largest differences, the largest first."""
