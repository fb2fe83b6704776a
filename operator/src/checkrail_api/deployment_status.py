"""What a ModelDeployment says of itself: which revisions there are, and who gets which share."""

from typing import Annotated, Literal

from pydantic import Field

from checkrail_api.checks import CheckName
from checkrail_api.conditions import Condition, Time
from checkrail_api.model import Count, Model, Name, Sha256

ImageFrom = Literal["Spec", "Default"]
"""Who chose a server image: spec.server.image, or the operator when the revision was made."""


class RevisionStatus(Model):
    """One revision: a version on a server image with its settings."""

    version: Name
    """ModelVersion."""
    sha256: Sha256
    """Digest of its model.onnx."""
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{8}$", max_length=8)]
    """Hash of digest, server image and settings."""
    image: Annotated[str, Field(max_length=512)]
    """Server image."""
    image_from: ImageFrom = "Default"
    """Whether spec.server.image named the image. A default is kept when the operator's changes."""
    replicas: Annotated[int, Field(ge=0)] = 0
    """Pods there are."""
    ready_replicas: Annotated[int, Field(ge=0)] = 0
    """Pods that answer."""


Counted = Annotated[str, Field(max_length=1024, pattern=r"^[0-9]+( [0-9]+)*$")]
"""Counters as numbers with a space between: requests, those the caller's fault, failed ones, those
compared with a training profile and those outside it, the buckets of durations, the bins of
scores."""


class PodReading(Model):
    """What a pod had counted when it was last read."""

    pod: Annotated[str, Field(max_length=64)]
    """UID of the pod."""
    started: Annotated[str, Field(max_length=32)]
    """Start of its server's process: counters begin at 0 with it."""
    counted: Counted
    """Its counters."""


class AnalysisPhase(Model):
    """What both revisions answered while the split did not change."""

    weight: Annotated[int, Field(ge=0, le=100)]
    """The canary's share, percent."""
    since: Time
    """When it got that share."""
    stable: Counted
    """Counted by the stable revision's pods."""
    canary: Counted
    """Counted by the canary's pods."""
    stable_pods: Annotated[int, Field(ge=0)] | None = None
    """Pods of the stable revision, where pods make the split."""
    canary_pods: Annotated[int, Field(ge=0)] | None = None
    """Pods of the canary, where pods make the split."""


class Analysis(Model):
    """What the checks rest on: counts of both revisions, split by split. For programs."""

    time: Time
    """When pods were last read."""
    stable_p99: Annotated[Annotated[str, Field(max_length=32)] | None, Field(alias="stableP99")] = (
        None
    )
    """The stable revision's 99th percentile, seconds, an edge of the histogram; fixed once it has
    answered enough, so that the canary cannot move it."""
    score_edges: Annotated[str, Field(max_length=1024)] = ""
    """Upper edges of the bins that scores are counted in: those of the stable version's training
    profile. Empty while it is not known to have one."""
    unread: Annotated[str, Field(max_length=1024)] = ""
    """Why pods could not be read the last time; empty if all were."""
    phases: Annotated[list[AnalysisPhase], Field(max_length=32)] = []
    """Times of one split each, oldest first."""
    readings: Annotated[list[PodReading], Field(max_length=100)] = []
    """Last reading of each pod."""


class CanaryStatus(RevisionStatus):
    """The revision that is taking over, or, before anything serves, the first one."""

    step: Annotated[int, Field(ge=0)] = 0
    """Steps entered: 0 before any traffic."""
    weight: Annotated[int, Field(ge=0, le=100)] = 0
    """Share of the requests that its step asks for, percent; see also status.traffic."""
    since: Time
    """When this step, or the wait for readiness before the first, began."""
    started: Time | None = None
    """When the rollout began."""
    analysis: Analysis | None = None
    """What the checks rest on."""


class FigureStatus(Model):
    """A figure, and what it stays between with 95 % certainty at all looks together."""

    value: Annotated[str, Field(max_length=32)]
    """As counted."""
    lower: Annotated[str, Field(max_length=32)]
    """Lower bound."""
    upper: Annotated[str, Field(max_length=32)] | None = None
    """Upper bound. Absent: too few requests to have one."""


class ShadowStatus(Model):
    """A comparison in shadow: under way, or the last one that ended by its figures."""

    version: Name
    """ModelVersion that is compared with the one that serves."""
    sha256: Sha256
    """Digest of its model.onnx."""
    revision: Annotated[str, Field(max_length=8)]
    """Revision of it."""
    state: Literal["Comparing", "Passed", "Disagrees", "Refused"]
    """Comparing: under way."""
    since: Time
    """When it began."""
    comparing_since: Time | None = None
    """When the first request was compared; anew after it was without pods or version."""
    time: Time
    """When anything was counted last."""
    compared: Count = 0
    """Requests that both versions scored."""
    dropped: Count = 0
    """Requests that the new version did not score, because it was busy."""
    failed: Count = 0
    """Those of compared on which it failed or had no finite score; they count as flips."""
    flip_rate: FigureStatus | None = None
    """Share of compared that it would have decided otherwise, at the threshold where most are."""
    psi: FigureStatus | None = None
    """Population stability index of the scores of both."""
    thresholds: Annotated[list[Annotated[str, Field(max_length=32)]], Field(max_length=8)] = []
    """Those that are compared at."""
    score_output: Annotated[str, Field(max_length=128)] = ""
    """Output with the scores. Empty: the servers find it."""
    score_edges: Annotated[str, Field(max_length=1024)] = ""
    """Upper edges of the bins that scores are counted in."""
    unread: Annotated[str, Field(max_length=1024)] = ""
    """Why pods could not be read the last time; empty if all were."""
    counted: Annotated[str, Field(max_length=1024)] = ""
    """Sums over all pods. For programs."""
    readings: Annotated[list[PodReading], Field(max_length=100)] = []
    """Last reading of each pod. For programs."""


class TrafficShare(Model):
    """The share of one version."""

    version: Name
    """ModelVersion."""
    revision: Annotated[str, Field(max_length=8)]
    """Revision of it."""
    desired_percent: Annotated[int, Field(ge=0, le=100)]
    """Share that the step asks for, percent."""
    reachable_percent: Annotated[int, Field(ge=0, le=100)] | None = None
    """Share nearest to it that whole pods can make, percent. Absent where a gateway splits: there
    every share can be reached."""
    observed_percent: Annotated[str, Field(max_length=8)] | None = None
    """Share of the requests that its pods have answered since the split last changed, percent, by
    their own counters. Absent while too few were seen."""


class CheckStatus(Model):
    """What a check says now."""

    name: CheckName
    """Name of the check."""
    verdict: Literal["Pass", "Fail", "Inconclusive"]
    """Pass and Fail are certain at all looks together, with the chance of a false alarm of the
    whole rollout at most 5 %; Inconclusive: not enough is known yet."""
    stable: Annotated[str, Field(max_length=32)] | None = None
    """The stable version's figure."""
    canary: Annotated[str, Field(max_length=32)] | None = None
    """The new version's figure."""
    samples_needed: Count | None = None
    """Requests of both that it takes until the verdict is clear, if figures stay as they are."""
    message: Annotated[str, Field(max_length=1024)] = ""
    """The figures in words."""
    time: Time
    """When the verdict last changed."""


class HistoryEntry(Model):
    """One rollout that is over."""

    version: Name
    """ModelVersion."""
    sha256: Sha256
    """Digest of its model.onnx."""
    revision: Annotated[str, Field(max_length=8)]
    """Revision of it."""
    from_: Annotated[Time, Field(alias="from")]
    """When it began."""
    to: Time
    """When it ended."""
    outcome: Literal["Promoted", "RolledBack", "Withdrawn"]
    """Promoted: it serves. RolledBack: it was taken back, see rejected. Withdrawn: something else
    was asked for."""


class Rejected(Model):
    """A revision that was taken back and is not tried again by itself."""

    version: Name
    """ModelVersion."""
    sha256: Sha256
    """Digest of its model.onnx."""
    revision: Annotated[str, Field(max_length=8)]
    """Revision that failed."""
    image: Annotated[str, Field(max_length=512)]
    """Server image it ran on."""
    image_from: ImageFrom = "Default"
    """Whether spec.server.image named the image. Another default does not try it again."""
    reason: Annotated[str, Field(max_length=64)]
    """Why."""
    message: Annotated[str, Field(max_length=1024)] = ""
    """Why, for people."""
    time: Time
    """When."""


class ModelDeploymentStatus(Model):
    """What serves now, and what is under way."""

    observed_generation: Annotated[int, Field(ge=0)] | None = None
    """Generation of the spec that this status speaks of."""

    conditions: Annotated[
        list[Condition],
        Field(max_length=16, json_schema_extra={"x-kubernetes-list-map-keys": ["type"]}),
    ] = []
    """Available: something serves now. Ready: what the spec asks for is what serves."""

    stable: RevisionStatus | None = None
    """The revision that serves, and the way back."""

    canary: CanaryStatus | None = None
    """The revision that is taking over."""

    shadow: ShadowStatus | None = None
    """The comparison in shadow before a version's first share."""

    traffic: Annotated[list[TrafficShare], Field(max_length=2)] = []
    """Shares of the requests."""

    checks: Annotated[
        list[CheckStatus],
        Field(max_length=16, json_schema_extra={"x-kubernetes-list-map-keys": ["name"]}),
    ] = []
    """What the checks of the rollout under way say, or of the last one that failed."""

    history: Annotated[list[HistoryEntry], Field(max_length=50)] = []
    """Rollouts that are over, newest first."""

    rejected: Annotated[list[Rejected], Field(max_length=16)] = []
    """Revisions that were taken back, newest first."""

    observed_retry: Annotated[str, Field(max_length=64)] | None = None
    """Value of rollout.retry that was last acted on."""

    step: Annotated[str, Field(max_length=16)] | None = None
    """Step of the rollout, for reading: 2/3."""

    url: Annotated[str, Field(max_length=1024)] | None = None
    """Where to send requests inside the cluster: host name and path of the route, or, without a
    gateway, the Service."""

    replicas: Annotated[int, Field(ge=0)] | None = None
    """Pods of all revisions."""

    selector: Annotated[str, Field(max_length=1024)] | None = None
    """Label selector of the pods, for the scale subresource."""
