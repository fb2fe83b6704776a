"""What a pass for a ModelDeployment sees."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import Any

from checkrail_api.deployment_status import ModelDeploymentStatus
from checkrail_api.model_deployment import ModelDeploymentSpec
from checkrail_operator.plan.deployment.counters import QueryAnswer, Reading
from checkrail_operator.plan.deployment.revision import Revision, Version
from checkrail_operator.plan.deployment.shadow_counts import ShadowReading
from checkrail_operator.plan.pod_seen import PodSeen
from checkrail_operator.plan.types import Defaults, Key, Ref


@dataclass(frozen=True)
class RevisionSeen:
    """The children of one revision.

    Attributes:
        record: The revision that they were made from; None if they no longer say.
        template: Its pods as they were first made; None if the children no longer say.
        refs: Its Deployment and its Service, those that exist and are not being deleted.
        exists: Whether there is anything of it, and be it on its way out.
        asked: Pods that its Deployment asks for; None without a Deployment.
        replicas: Pods there are.
        ready: Pods that answer.
        available: Pods that have answered for some seconds, long enough for gateways to know.
        pods: Its pods that are meant to stay.
        unmade: Why its Deployment cannot make a pod, in the API server's words; empty if it can.
    """

    record: Revision | None = None
    template: Mapping[str, Any] | None = None
    refs: tuple[Ref, ...] = ()
    exists: bool = False
    asked: int | None = None
    replicas: int = 0
    ready: int = 0
    available: int = 0
    pods: tuple[PodSeen, ...] = ()
    unmade: str = ""


NOTHING = RevisionSeen()


class Answer(Enum):
    """What the gateways say of the route as it is now."""

    ACCEPTED = auto()
    """All of them route by it."""
    PENDING = auto()
    """One of them has not answered for this generation yet."""
    REFUSED = auto()
    """One of them does not take it, or finds no backend of it."""


@dataclass(frozen=True)
class RouteSeen:
    """The HTTPRoute.

    Attributes:
        weights: Shares by revision, as written in the route's last rule, the weighted one.
        revisions: Every revision that some rule names.
        spec: The route's spec, whole.
        answer: What its gateways say of it.
        message: Their words when they refuse, or which of them have not answered.
        applied: Digest of the route as a pass of ours wrote it last; empty if none did.
    """

    weights: Mapping[str, int]
    revisions: frozenset[str]
    spec: Mapping[str, Any]
    answer: Answer
    message: str = ""
    applied: str = ""


@dataclass(frozen=True)
class ModelDeploymentSeen:
    """One ModelDeployment and all that its plan depends on.

    Attributes:
        key: The ModelDeployment.
        uid: Its UID.
        generation: Generation of its spec.
        deleting: Whether its deletion was asked for.
        spec: What is asked for.
        status: What the last pass told; empty before the first.
        versions: The versions it asks for and those that serve, sorted by name.
        revisions: Children by revision.
        optional: Children that go as soon as a pass does not want them.
        route: Its HTTPRoute, if it exists.
        selected: Labels of the pods that its Service ``<name>`` selects; None without one.
        front_applied: Digest of that Service as a pass of ours wrote it last; empty if none did.
        read: What servers have counted.
        answers: What Prometheus said, by name of the check; of the queries made in this pass.
        shadows: What the stable revision's servers know of a candidate in shadow.
        now: The only clock, UTC.
        defaults: The operator's values.
    """

    key: Key
    uid: str
    generation: int
    spec: ModelDeploymentSpec
    now: datetime
    defaults: Defaults
    deleting: bool = False
    status: ModelDeploymentStatus = field(default_factory=ModelDeploymentStatus)
    versions: tuple[Version, ...] = ()
    revisions: Mapping[str, RevisionSeen] = field(default_factory=dict)
    optional: tuple[Ref, ...] = ()
    route: RouteSeen | None = None
    selected: Mapping[str, str] | None = None
    front_applied: str = ""
    read: Reading = field(default_factory=Reading)
    answers: Mapping[str, QueryAnswer] = field(default_factory=dict)
    shadows: ShadowReading = field(default_factory=ShadowReading)

    def of(self, revision: Revision) -> RevisionSeen:
        """Return the children of ``revision``; nothing if there are none yet."""
        return self.revisions.get(revision.hash, NOTHING)

    def is_ready(self, revision: Revision, pods: int) -> bool:
        """Answer whether ``pods`` of ``revision`` are available: as many as it should have."""
        return 0 < pods <= self.of(revision).available
