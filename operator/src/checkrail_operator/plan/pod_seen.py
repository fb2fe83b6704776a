"""What a pod tells about itself, in the terms that decisions are made in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True)
class Terminated:
    """How a container ended.

    Attributes:
        exit_code: Its exit code; 128 + n for signal n.
        reason: The kubelet's word for it: Completed, Error, OOMKilled, StartError, ...
        message: The termination message, or the runtime's own error.
        finished_at: When it ended.
    """

    exit_code: int
    reason: str = ""
    message: str = ""
    finished_at: datetime | None = None


@dataclass(frozen=True)
class ContainerSeen:
    """One container of a pod.

    Attributes:
        name: Its name.
        ready: Whether its readiness probe passes.
        running: Whether it runs now.
        waiting_reason: Why it does not run yet, as the kubelet says: ImagePullBackOff, ...; empty
            when it does not wait.
        waiting_message: The kubelet's message to that.
        terminated: How it ended, if it has.
        last_terminated: How its run before this one ended, if there was one.
        restart_count: How often it was started again.
        image_id: The image that runs, as the container runtime names it; empty until it does.
    """

    name: str
    ready: bool = False
    running: bool = False
    waiting_reason: str = ""
    waiting_message: str = ""
    terminated: Terminated | None = None
    last_terminated: Terminated | None = None
    restart_count: int = 0
    image_id: str = ""


@dataclass(frozen=True)
class PodSeen:
    """One pod.

    Attributes:
        name: Its name.
        uid: Its UID.
        labels: Its labels, as sorted pairs.
        controller_kind: Kind of its controller; empty for none.
        controller_name: Name of its controller.
        controller_uid: UID of its controller.
        phase: Its phase.
        created: When it was created.
        started: When a kubelet took it; None until one did.
        deleting: Whether its deletion was asked for.
        ready: Whether it is ready to serve.
        containers: Its containers that have a status.
        unschedulable: The scheduler's message when no node fits; empty otherwise.
        disruption: Why the cluster took or takes the pod away; empty if it does not.
        reason: The pod's own reason: Evicted, OutOfmemory, ...; mostly empty.
        message: The message to that.
        lacking: What it mounts and there is not, for people; empty once it is no longer Pending.
    """

    name: str
    uid: str
    labels: tuple[tuple[str, str], ...] = ()
    controller_kind: str = ""
    controller_name: str = ""
    controller_uid: str = ""
    phase: Literal["Pending", "Running", "Succeeded", "Failed", "Unknown"] = "Pending"
    created: datetime | None = None
    started: datetime | None = None
    deleting: bool = False
    ready: bool = False
    containers: tuple[ContainerSeen, ...] = ()
    unschedulable: str = ""
    disruption: str = ""
    reason: str = ""
    message: str = ""
    lacking: tuple[str, ...] = ()

    def container(self, name: str) -> ContainerSeen | None:
        """Return the container of this name, if it has a status yet."""
        return next((c for c in self.containers if c.name == name), None)

    @property
    def is_over(self) -> bool:
        """Whether none of its containers will ever run again."""
        return self.phase in {"Succeeded", "Failed"}
