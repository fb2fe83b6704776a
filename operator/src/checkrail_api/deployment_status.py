"""What a ModelDeployment says of itself: which revisions there are, and who gets which share."""

from typing import Annotated, Literal

from pydantic import Field

from checkrail_api.conditions import Condition, Time
from checkrail_api.model import Model, Name, Sha256

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


class CanaryStatus(RevisionStatus):
    """The revision that is taking over, or, before anything serves, the first one."""

    step: Annotated[int, Field(ge=0)] = 0
    """Steps entered: 0 before any traffic."""
    weight: Annotated[int, Field(ge=0, le=100)] = 0
    """Share of the requests it gets, percent."""
    since: Time
    """When this step, or the wait for readiness before the first, began."""


class TrafficShare(Model):
    """The share of one version."""

    version: Name
    """ModelVersion."""
    revision: Annotated[str, Field(max_length=8)]
    """Revision of it."""
    desired_percent: Annotated[int, Field(ge=0, le=100)]
    """Share that the route asks for, percent."""


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

    traffic: Annotated[list[TrafficShare], Field(max_length=2)] = []
    """Shares of the requests."""

    rejected: Annotated[list[Rejected], Field(max_length=16)] = []
    """Revisions that were taken back, newest first."""

    observed_retry: Annotated[str, Field(max_length=64)] | None = None
    """Value of rollout.retry that was last acted on."""

    step: Annotated[str, Field(max_length=16)] | None = None
    """Step of the rollout, for reading: 2/3."""

    url: Annotated[str, Field(max_length=1024)] | None = None
    """Where to send requests inside the cluster: host name and path of the route."""

    replicas: Annotated[int, Field(ge=0)] | None = None
    """Pods of all revisions."""

    selector: Annotated[str, Field(max_length=1024)] | None = None
    """Label selector of the pods, for the scale subresource."""
