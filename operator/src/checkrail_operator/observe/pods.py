"""Pods as their kubelet and the scheduler report them."""

from collections.abc import Mapping
from typing import Any, Literal, cast, get_args

from checkrail_operator.plan.instants import instant
from checkrail_operator.plan.object_stores import AUTHORITIES
from checkrail_operator.plan.pod_seen import ContainerSeen, PodSeen, Terminated
from checkrail_operator.plan.types import Manifest

PodPhase = Literal["Pending", "Running", "Succeeded", "Failed", "Unknown"]


def see_pod(body: Manifest, lacking: Mapping[str, str]) -> PodSeen:
    """Return what ``body`` tells; parts that are not there yet read as not happened.

    Args:
        body: The pod.
        lacking: What is not there of ConfigMaps with certificate authorities, by their names.
    """
    metadata: Manifest = body["metadata"]
    status: Manifest = body.get("status") or {}
    controller = _controller(metadata)
    conditions = {c["type"]: c for c in status.get("conditions") or ()}
    return PodSeen(
        name=metadata["name"],
        uid=metadata.get("uid", ""),
        labels=tuple(sorted((metadata.get("labels") or {}).items())),
        controller_kind=controller.get("kind", ""),
        controller_name=controller.get("name", ""),
        controller_uid=controller.get("uid", ""),
        phase=_phase(status.get("phase")),
        created=instant(metadata.get("creationTimestamp")),
        started=instant(status.get("startTime")),
        deleting="deletionTimestamp" in metadata,
        ready=conditions.get("Ready", {}).get("status") == "True",
        containers=tuple(_container(c) for c in status.get("containerStatuses") or ()),
        unschedulable=_unschedulable(conditions.get("PodScheduled", {})),
        disruption=_disruption(conditions.get("DisruptionTarget", {})),
        reason=status.get("reason", ""),
        message=status.get("message", ""),
        lacking=tuple(lacking[name] for name in awaited_by(body) if name in lacking),
    )


def awaited_by(pod: Manifest) -> tuple[str, ...]:
    """Name the ConfigMaps whose certificate authorities a pending pod mounts, sorted.

    The kubelet tells of a mount that fails in events alone; the pod just goes on being created.
    """
    if _phase((pod.get("status") or {}).get("phase")) != "Pending":
        return ()
    sources = (
        source
        for volume in (pod.get("spec") or {}).get("volumes") or ()
        if volume["name"] == AUTHORITIES
        for source in (volume.get("projected") or {}).get("sources") or ()
    )
    return tuple(sorted(s["configMap"]["name"] for s in sources if "configMap" in s))


def is_owned_by(body: Manifest, uid: str) -> bool:
    """Answer whether the object is ours: an ownerReference carries our UID, ``uid``."""
    references = body["metadata"].get("ownerReferences") or ()
    return any(reference.get("uid") == uid for reference in references)


def _controller(metadata: Manifest) -> Manifest:
    references: Any = metadata.get("ownerReferences") or ()
    return next((r for r in references if r.get("controller")), {})


def _phase(phase: str | None) -> PodPhase:
    return cast("PodPhase", phase) if phase in get_args(PodPhase) else "Pending"


def _unschedulable(scheduled: Manifest) -> str:
    if scheduled.get("status") != "False":
        return ""
    return str(scheduled.get("message") or scheduled.get("reason") or "")


def _disruption(target: Manifest) -> str:
    """Return why the pod is taken away: the DisruptionTarget condition (KEP-3329)."""
    if target.get("status") != "True":
        return ""
    return ": ".join(filter(None, (target.get("reason"), target.get("message"))))


def _container(status: Manifest) -> ContainerSeen:
    state: Manifest = status.get("state") or {}
    waiting: Manifest = state.get("waiting") or {}
    return ContainerSeen(
        name=status["name"],
        ready=bool(status.get("ready")),
        running="running" in state,
        waiting_reason=waiting.get("reason", ""),
        waiting_message=waiting.get("message", ""),
        terminated=_terminated(state.get("terminated")),
        last_terminated=_terminated((status.get("lastState") or {}).get("terminated")),
        restart_count=status.get("restartCount", 0),
        image_id=status.get("imageID", ""),
    )


def _terminated(state: Manifest | None) -> Terminated | None:
    if not state:
        return None
    return Terminated(
        exit_code=state.get("exitCode", 1),
        reason=state.get("reason", ""),
        message=state.get("message", ""),
        finished_at=instant(state.get("finishedAt")),
    )
