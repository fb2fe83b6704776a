"""ModelDeployment: which version serves, and how a new one takes over."""

from typing import Annotated, ClassVar

from pydantic import Field

from checkrail_api.decision_log import DecisionLog
from checkrail_api.deployment_status import ModelDeploymentStatus
from checkrail_api.kind import Column, Crd, Scale, condition_column
from checkrail_api.model import Model, ModelName, Name, Rule
from checkrail_api.pod import Resources, ServerPod
from checkrail_api.rollout import Rollout
from checkrail_api.serving import (
    DEFAULT_BATCH_ROWS,
    DEFAULT_BODY_BYTES,
    DEFAULT_THREADS,
    LEAST_BODY_BYTES,
    MOST_BATCH_ROWS,
    MOST_BODY_BYTES,
    MOST_THREADS,
)

Hostname = Annotated[
    str,
    Field(
        min_length=1,
        max_length=253,
        pattern=r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
    ),
]
"""A host name as gateway.networking.k8s.io/v1 takes it."""


class VersionRef(Model):
    """A ModelVersion in the same namespace."""

    name: Name
    """Name of the ModelVersion."""


class Follow(Model):
    """Every newly published version of a model."""

    model: ModelName
    """Line of versions to follow."""


class ModelChoice(Model):
    """Which version is asked for."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.versionRef) != has(self.follow)",
            "set exactly one of versionRef and follow",
        ),
    )

    version_ref: VersionRef | None = None
    """A pinned version: what a GitOps repository wants."""

    follow: Follow | None = None
    """The newest version of a model becomes the candidate by itself."""


class Server(Model):
    """The scoring server. A change makes a new revision, which climbs like a new version."""

    image: Annotated[str, Field(min_length=1, max_length=512, pattern=r"^\S+$")] | None = None
    """Server image. Absent: the operator's default at the time the revision is made."""

    resources: Resources | None = None
    """Requests and limits of the server. Absent: 250m and 256Mi requested, 512Mi allowed."""

    decision_log: DecisionLog | None = None
    """Records every answer, with the inputs that led to it, in an object store. Absent: nothing is
    recorded."""

    max_batch_size: Annotated[int, Field(ge=1, le=MOST_BATCH_ROWS)] = DEFAULT_BATCH_ROWS
    """Rows of requests that wait together and are computed in one run of the model. A request with
    more rows runs alone, and nothing waits for company. 1: every request has a run of its own."""

    threads: Annotated[int, Field(ge=1, le=MOST_THREADS)] = DEFAULT_THREADS
    """Threads of one run of the model, for models whose runs are long. More than the cores of the
    cpu limit are allowed and of no use. With more than one, trees add up in another order: requests
    do not share runs of such a model, and the rows of a request change its scores' last bits."""

    max_body_bytes: Annotated[int, Field(ge=LEAST_BODY_BYTES, le=MOST_BODY_BYTES)] = (
        DEFAULT_BODY_BYTES
    )
    """Size of a request's body; a larger one is answered 413. JSON may take 40 times its size in
    memory while it is read: raise resources.limits.memory with it."""


class ParentRef(Model):
    """A Gateway, as in gateway.networking.k8s.io/v1."""

    name: Name
    """Name of the Gateway."""
    namespace: Name | None = None
    """Its namespace. Absent: the ModelDeployment's."""
    section_name: Name | None = None
    """Listener of the Gateway. Absent: all that accept the route."""


class GatewayTraffic(Model):
    """A Gateway API HTTPRoute with exact weights."""

    parent_refs: Annotated[list[ParentRef], Field(min_length=1, max_length=8)]
    """Gateways that carry the route."""

    hostnames: Annotated[
        list[Hostname],
        Field(max_length=16, json_schema_extra={"x-kubernetes-list-type": "set"}),
    ] = []
    """Host names that the route answers to. Empty: all of the Gateway's."""

    path: Annotated[str, Field(max_length=256, pattern=r"^/[A-Za-z0-9/._~-]*$")] = "/"
    """Path prefix of the route; it is taken off before the request reaches the server."""


class Traffic(Model):
    """How requests reach the pods."""

    gateway: GatewayTraffic | None = None
    """Split by a Gateway API implementation, exactly. Absent: the Service of the ModelDeployment's
    name sends each connection to any ready pod, and the numbers of pods make the share that comes
    nearest to the step."""


class Autoscaling(Model):
    """A HorizontalPodAutoscaler (autoscaling/v2) that sets ``spec.replicas``."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.minReplicas <= self.maxReplicas",
            "must not be larger than maxReplicas",
            field=".minReplicas",
        ),
    )

    min_replicas: Annotated[int, Field(ge=1, le=1000)] = 1
    """Fewest pods. While ``spec.replicas`` is 0 the autoscaler rests."""

    max_replicas: Annotated[int, Field(ge=1, le=1000)]
    """Most pods."""

    target_cpu_utilization_percent: Annotated[
        int, Field(alias="targetCPUUtilizationPercent", ge=1, le=1000)
    ] = 80
    """CPU in use, percent of what the server's pods request, the average over all of them."""


class ModelDeploymentSpec(Model):
    """What serves, with how many pods, and how a change is made."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.autoscaling) || !has(self.server) || !has(self.server.resources)"
            " || (has(self.server.resources.requests) && 'cpu' in self.server.resources.requests)"
            " || (has(self.server.resources.limits) && 'cpu' in self.server.resources.limits)",
            "needs a request of cpu in server.resources: utilization is a share of it",
            field=".autoscaling",
        ),
    )

    model: ModelChoice
    """Which version is asked for."""

    replicas: Annotated[int, Field(ge=0, le=1000)] = 1
    """Pods of the version that serves; one that takes over has as many as its next share needs."""

    autoscaling: Autoscaling | None = None
    """Sets ``replicas`` by load. Leave ``replicas`` out of what Git or CI applies then."""

    server: Server | None = None
    """Settings of the scoring server."""

    pod: ServerPod | None = None
    """Settings of the server's pods."""

    rollout: Rollout = Rollout()
    """How a new version takes over."""

    traffic: Traffic = Traffic()
    """How requests reach the pods. Default: by one Service, without a gateway."""

    suspend: bool = False
    """Whether rollouts are held: what serves goes on serving, a version that is taking over keeps
    its share or is taken back if it fails, and nothing new is started."""


class ModelDeployment(Model):
    """A model that serves live traffic, and the way new versions take over."""

    crd: ClassVar[Crd] = Crd(
        kind="ModelDeployment",
        plural="modeldeployments",
        singular="modeldeployment",
        short_names=("mdep",),
        scale=Scale(),
        selectable_fields=(".spec.model.versionRef.name", ".spec.model.follow.model"),
        root_cel=(
            Rule(
                "self.metadata.name.size() <= 54"
                " && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
                "must have at most 54 characters, start with a letter and hold only lower-case"
                " letters, digits and '-': Services are named after it",
                field=".metadata.name",
            ),
        ),
        columns=(
            condition_column("Ready", "Ready"),
            condition_column("Reason", "Ready", "reason"),
            condition_column("Available", "Available"),
            Column("Stable", ".status.stable.version"),
            Column("Canary", ".status.canary.version"),
            Column("Weight", ".status.canary.weight", "integer"),
            Column("Step", ".status.step"),
            Column("Revision", ".status.stable.revision", wide=True),
            Column("Replicas", ".status.replicas", "integer", wide=True),
            Column("URL", ".status.url", wide=True),
            condition_column("Message", "Ready", "message", wide=True),
            Column("Age", ".metadata.creationTimestamp", "date"),
        ),
    )

    spec: ModelDeploymentSpec
    """What is asked for."""

    status: ModelDeploymentStatus | None = None
    """What is; written by the operator."""
