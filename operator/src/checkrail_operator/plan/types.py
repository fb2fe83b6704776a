"""The vocabulary of decisions: keys, references and the plan itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Manifest = Mapping[str, Any]
"""A Kubernetes object as JSON; a child manifest holds only the fields that we mean to own."""

OwnedKind = Literal["TrainingJob", "ModelDeployment", "ModelVersion"]


@dataclass(frozen=True, order=True)
class Key:
    """The identity of one object that passes are run for."""

    kind: OwnedKind
    namespace: str
    name: str


@dataclass(frozen=True, order=True)
class Ref:
    """One object exactly as it was seen; a delete names its uid and resourceVersion."""

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str
    resource_version: str


@dataclass(frozen=True)
class Event:
    """Something a person should find in ``kubectl describe``.

    Attributes:
        type: Whether it is trouble.
        reason: One word of the closed set.
        note: What happened, for people.
        once: Whether it is left alone while the API server still has the same one: every pass
            tells the events of an object without a status.
    """

    type: Literal["Normal", "Warning"]
    reason: str
    note: str
    once: bool = False


@dataclass(frozen=True)
class RunEnd:
    """How a run ended, for counting; empty texts stand for what its spec leaves out.

    Attributes:
        model: Line of versions.
        owner: Who answers for it.
        project: For what.
        outcome: Its last condition.
        reason: That condition's reason.
        cause: Why its last attempt ended: what was behind a limit that is used up.
    """

    model: str
    owner: str
    project: str
    outcome: Literal["Complete", "Failed"]
    reason: str
    cause: str


@dataclass(frozen=True)
class Plan:
    """The whole desired state around one object.

    Attributes:
        key: The object the plan is for.
        children: Every object that should exist, in the order to apply them.
        overlays: Parts of objects that exist, each with the uid it is meant for: a few fields that
            change while the rest of the object stays as it was made.
        records: Objects to create when absent, after the children; never changed, owned by nobody
            (a ModelVersion outlives the run that made it).
        prune: Objects of ours that should be gone, deleted after the children are applied.
        status: The wanted status, whole; None leaves it alone.
        run_end: What to count once the status is written: that status ends a run.
        events: What to tell once the status is written.
        finalizer: Whether our finalizer belongs on the object itself, set or taken off last; None
            leaves it as it is.
        wake: Other keys that should look again.
        requeue_after_seconds: When to look again unless woken; None waits for a wake.
    """

    key: Key
    children: tuple[Manifest, ...] = ()
    overlays: tuple[Manifest, ...] = ()
    records: tuple[Manifest, ...] = ()
    prune: tuple[Ref, ...] = ()
    status: Manifest | None = None
    run_end: RunEnd | None = None
    events: tuple[Event, ...] = ()
    finalizer: bool | None = None
    wake: tuple[Key, ...] = ()
    requeue_after_seconds: float | None = field(default=None)


@dataclass(frozen=True)
class Defaults:
    """The operator's values for what specs leave out; set by the Helm chart.

    Attributes:
        trainer_image: Image of training pods.
        server_image: Image of scoring pods, pinned into each revision when it is made.
        store: ``checkrail_api.object_store.Store`` as JSON, or None: specs must name one.
        object_store: ``ObjectStore`` as JSON for sources and artifacts; each of its fields fills
            what a spec's own leaves out.
        network_policy: Whether each ModelDeployment gets a NetworkPolicy.
    """

    trainer_image: str
    server_image: str
    store: Manifest | None = None
    object_store: Manifest = field(default_factory=dict)
    network_policy: bool = True
