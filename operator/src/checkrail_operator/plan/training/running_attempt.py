"""The attempt under way: which objects it needs, what it does, and how far it is."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, assert_never

from checkrail_api.conditions import Condition
from checkrail_api.reasons import Reason
from checkrail_api.training_status import Attempt, Progress
from checkrail_operator.plan.instants import rfc3339
from checkrail_operator.plan.training import training_conditions as conditions
from checkrail_operator.plan.training.attempts import History, job_name
from checkrail_operator.plan.training.endings import memory_limit
from checkrail_operator.plan.training.holding import Hold, hold_of, is_stale, switch
from checkrail_operator.plan.training.readable import progress as progress_of
from checkrail_operator.plan.training.trainer_job import run_config, trainer_job
from checkrail_operator.plan.training.training_seen import (
    JobSeen,
    ResolvedRun,
    TrainerPodSeen,
    TrainingJobSeen,
)
from checkrail_operator.plan.training.training_status import training_status
from checkrail_operator.plan.types import Event, Manifest, Plan, Ref

LOOK_AGAIN_SECONDS = 5.0
"""How often the log of a running trainer is read: progress is told within 10 s of the fact."""
POD_PATIENCE = timedelta(seconds=20)
"""How long a Job may take to make its pod before we point at the Job."""
START_PATIENCE = timedelta(seconds=60)
"""How long a pod may pull its image and mount its volumes before we point at it."""
IMAGE_REASONS = frozenset(
    {"ErrImageNeverPull", "ErrImagePull", "ImagePullBackOff", "InvalidImageName"}
)
"""What the kubelet says of an image that it does not get."""
EXPECTED_IMAGE = (
    "Expected an image that the node can pull: spec.pod.image, or images.trainer in the operator's "
    "Helm values."
)
MAKE_ROOM = "Make room, or create a TrainingJob with smaller rungs in spec.resources.ladder."


@dataclass(frozen=True)
class Current:
    """The attempt under way and what there is of it.

    Attributes:
        attempt: The attempt.
        job: Its Job, if that exists.
        pods: Pods that a Job of this name made, newest first.
        hold: What keeps it from running.
    """

    attempt: Attempt
    job: JobSeen | None
    pods: tuple[TrainerPodSeen, ...]
    hold: Hold

    @property
    def newest(self) -> TrainerPodSeen | None:
        """The pod that counts: not one from before the Job was last resumed."""
        job = self.job
        return next((pod for pod in self.pods if job is None or not is_stale(job, pod)), None)


def running(seen: TrainingJobSeen, run: ResolvedRun, past: History) -> Plan:
    """Return the plan while the last attempt of ``past`` runs, or is about to."""
    attempt = past.attempts[-1]
    job = seen.job_of(attempt.number)
    name = job.name if job else job_name(seen, attempt.number, attempt.rung)
    pods = seen.pods_of(name)
    current = Current(attempt, job, pods, hold_of(run, job, pods))
    match current.hold:
        case Hold.HELD:
            return _held(seen, run, past, current)
        case Hold.QUEUED:
            return _queued(seen, run, past, current)
        case Hold.DRAINING:
            return _draining(seen, run, past, current)
        case Hold.GOING:
            return _going(seen, run, past, current)
        case _ as never:
            assert_never(never)


def _going(seen: TrainingJobSeen, run: ResolvedRun, past: History, current: Current) -> Plan:
    """Return the plan of an attempt that nobody holds: its Job is there, and is not suspended."""
    resumed = switch(seen, run, current.job, current.hold)
    begun = replace(past, started=past.started or seen.now)
    reason, message = _doing(seen, run, current, begun.started or seen.now)
    progress = _progress(seen, current)
    phase = progress.phase if progress else None
    wanted = conditions.under_way(reason, message, phase, rfc3339(seen.now))
    return Plan(
        seen.key,
        children=_children(seen, run, current, begun.deadline(run)),
        overlays=(resumed,) if resumed else (),
        status=training_status(seen, begun, wanted, progress=progress),
        events=news(seen, "Warning", reason, message) if reason is Reason.POD_NOT_STARTED else (),
        requeue_after_seconds=LOOK_AGAIN_SECONDS,
    )


def _held(seen: TrainingJobSeen, run: ResolvedRun, past: History, current: Current) -> Plan:
    """Return the plan of an attempt that its spec holds: no pod of it runs.

    Its Job is suspended; in a queue it is taken away, with what it was told.
    """
    number = current.attempt.number
    message = f"spec.suspend holds the run; attempt {number} begins again once it is false."
    held = switch(seen, run, current.job, current.hold)
    return Plan(
        seen.key,
        overlays=(held,) if held else (),
        prune=_unqueued(seen, current) if run.spec.queue_name else (),
        status=_at_a_stand(seen, past, conditions.suspended(message, rfc3339(seen.now))),
        events=news(seen, "Normal", Reason.SUSPENDED, message),
    )


def _queued(seen: TrainingJobSeen, run: ResolvedRun, past: History, current: Current) -> Plan:
    """Return the plan of an attempt whose Job waits for Kueue, or for its turn to be made."""
    message = (
        f"Attempt {current.attempt.number} waits in the local queue {run.spec.queue_name}: its Job "
        f"starts once Kueue admits it. Until then its deadline does not run. If it stays: kubectl "
        f"get localqueues,workloads -n {seen.key.namespace}"
    )
    return Plan(
        seen.key,
        children=_children(seen, run, current, None),
        status=_at_a_stand(seen, past, conditions.queued(message, rfc3339(seen.now))),
        events=news(seen, "Normal", Reason.QUEUED, message),
    )


def _draining(seen: TrainingJobSeen, run: ResolvedRun, past: History, current: Current) -> Plan:
    """Return the plan of an attempt that goes on once its suspended pods have ended."""
    names = ", ".join(sorted(pod.pod.name for pod in current.pods if not pod.has_ended))
    message = f"Attempt {current.attempt.number} begins again once pod {names} has ended."
    keeps = switch(seen, run, current.job, current.hold)
    wanted = conditions.under_way(Reason.PENDING, message, None, rfc3339(seen.now))
    return Plan(
        seen.key,
        overlays=(keeps,) if keeps else (),
        status=_at_a_stand(seen, past, wanted),
        requeue_after_seconds=LOOK_AGAIN_SECONDS,
    )


def news(
    seen: TrainingJobSeen, kind: Literal["Normal", "Warning"], reason: Reason, message: str
) -> tuple[Event, ...]:
    """Return the event that tells ``reason``, unless Ready has it already."""
    told = {c.reason for c in seen.status.conditions if c.type == "Ready"}
    return () if reason.value in told else (Event(kind, reason.value, message),)


def _at_a_stand(seen: TrainingJobSeen, past: History, wanted: list[Condition]) -> Manifest:
    """Return the status of a run that has no pod: no progress, and its time does not run."""
    return training_status(seen, replace(past, started=None), wanted)


def _unqueued(seen: TrainingJobSeen, current: Current) -> tuple[Ref, ...]:
    namespace, job = seen.key.namespace, current.job
    configs = seen.config_maps_of(current.attempt.number)
    return (
        *((job.ref(namespace),) if job and not job.deleting else ()),
        *(config.ref(namespace) for config in configs if not config.deleting),
    )


def _children(
    seen: TrainingJobSeen, run: ResolvedRun, current: Current, end: datetime | None
) -> tuple[Manifest, ...]:
    """Return the attempt's objects that are not there.

    A Job that exists is left as it is: its template cannot change, and what it mounts keeps its
    name, though the run may have been held and let go since. One that is gone is made again once
    its pod is gone too, so that no attempt trains twice at a time.
    """
    config = run_config(seen, run, current.attempt)
    if current.job is not None:
        mounted = current.job.config_map or config["metadata"]["name"]
        if any(each.name == mounted for each in seen.config_maps):
            return ()
        return ({**config, "metadata": {**config["metadata"], "name": mounted}},)
    if any(not pod.has_ended for pod in current.pods):
        return ()
    return (config, trainer_job(seen, run, current.attempt, end))


def _doing(
    seen: TrainingJobSeen, run: ResolvedRun, current: Current, begun: datetime
) -> tuple[Reason, str]:
    """Say what the attempt does, or what it waits for in the words of who keeps it waiting."""
    number, rung = current.attempt.number, current.attempt.rung
    newest = current.newest
    if newest is None or newest.has_ended:
        return _without_pod(seen, current, begun)
    container = newest.container
    if container.running:
        limit = memory_limit(run.rung(rung))
        return Reason.TRAINING, f"Attempt {number} is running on rung {rung}, within {limit}."
    if words := _kept(seen, newest):
        return Reason.POD_NOT_STARTED, words
    return Reason.PENDING, f"Attempt {number} is being started."


def _kept(seen: TrainingJobSeen, newest: TrainerPodSeen) -> str:
    """Return what keeps a pod from starting, and what to do; empty while nothing does."""
    pod, container = newest.pod, newest.container
    if pod.unschedulable:
        return f"{pod.unschedulable.rstrip('. ')}. {MAKE_ROOM}"
    if pod.lacking:
        return f"The pod waits for {' and '.join(pod.lacking)}."
    if container.waiting_reason not in {"", "ContainerCreating", "PodInitializing"}:
        said = ": ".join(filter(None, (container.waiting_reason, container.waiting_message)))
        unpulled = container.waiting_reason in IMAGE_REASONS
        return f"{said.rstrip('. ')}. {EXPECTED_IMAGE}" if unpulled else said
    if seen.now - (pod.created or seen.now) > START_PATIENCE:
        return (
            f"Pod {pod.name} has not started yet: its image is being pulled or a volume is "
            f"missing; kubectl describe pod -n {seen.key.namespace} {pod.name}"
        )
    return ""


def _without_pod(seen: TrainingJobSeen, current: Current, begun: datetime) -> tuple[Reason, str]:
    job = current.job
    if job is None or seen.now - max(begun, job.created or begun) <= POD_PATIENCE:
        return Reason.PENDING, f"Attempt {current.attempt.number} is being made."
    return Reason.POD_NOT_STARTED, (
        f"Job {job.name} has no pod; it says why: "
        f"kubectl describe job -n {seen.key.namespace} {job.name}"
    )


def _progress(seen: TrainingJobSeen, current: Current) -> Progress | None:
    """Return the attempt's last report; status keeps it where the log has nothing newer.

    Without a pod the attempt begins, or begins again: what an earlier pod reported is void.
    """
    if current.newest is None:
        return None
    event = current.newest.progress
    if event:
        return progress_of(event.phase, event.percent, event.eta_seconds)
    told = seen.status.attempts[-1].number if seen.status.attempts else 0
    return seen.status.progress if told == current.attempt.number else None
