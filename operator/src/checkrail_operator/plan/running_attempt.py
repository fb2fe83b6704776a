"""The attempt under way: which objects it needs, what it does, and how far it is."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from checkrail_api.reasons import Reason
from checkrail_api.training_job import Attempt, Progress
from checkrail_operator.plan import training_conditions as conditions
from checkrail_operator.plan.attempts import History, deadline, job_name
from checkrail_operator.plan.endings import memory_limit
from checkrail_operator.plan.instants import rfc3339
from checkrail_operator.plan.trainer_job import run_config, trainer_job
from checkrail_operator.plan.training_seen import (
    JobSeen,
    ResolvedRun,
    TrainerPodSeen,
    TrainingJobSeen,
)
from checkrail_operator.plan.training_status import training_status
from checkrail_operator.plan.types import Manifest, Plan

LOOK_AGAIN_SECONDS = 5.0
"""How often the log of a running trainer is read: progress is told within 10 s of the fact."""
POD_PATIENCE = timedelta(seconds=20)
"""How long a Job may take to make its pod before we point at the Job."""


@dataclass(frozen=True)
class Current:
    """The attempt under way and what there is of it.

    Attributes:
        attempt: The attempt.
        job: Its Job, if that exists.
        pods: Pods that a Job of this name made, newest first.
    """

    attempt: Attempt
    job: JobSeen | None
    pods: tuple[TrainerPodSeen, ...]

    @property
    def newest(self) -> TrainerPodSeen | None:
        """The pod that counts."""
        return self.pods[0] if self.pods else None


def running(seen: TrainingJobSeen, run: ResolvedRun, past: History) -> Plan:
    """Return the plan while the last attempt of ``past`` runs, or is about to."""
    attempt = past.attempts[-1]
    job = seen.job_of(attempt.number)
    name = job.name if job else job_name(seen, attempt.number, attempt.rung)
    current = Current(attempt, job, seen.pods_of(name))
    reason, message = _doing(seen, run, current)
    progress = _progress(seen, current)
    phase = progress.phase if progress else None
    wanted = conditions.under_way(reason, message, phase, rfc3339(seen.now))
    return Plan(
        seen.key,
        children=_children(seen, run, current, deadline(seen, run, past.attempts[0])),
        status=training_status(seen, past, wanted, progress=progress),
        requeue_after_seconds=LOOK_AGAIN_SECONDS,
    )


def _children(
    seen: TrainingJobSeen, run: ResolvedRun, current: Current, end: datetime
) -> tuple[Manifest, ...]:
    """Return the attempt's objects that are not there.

    A Job that exists is left as it is: its template cannot change. One that is gone is made again
    once its pod is gone too, so that no attempt trains twice at a time.
    """
    config = run_config(seen, run, current.attempt)
    if current.job is not None:
        return () if current.attempt.number in seen.configured else (config,)
    if any(not pod.has_ended for pod in current.pods):
        return ()
    return (config, trainer_job(seen, run, current.attempt, end))


def _doing(seen: TrainingJobSeen, run: ResolvedRun, current: Current) -> tuple[Reason, str]:
    """Say what the attempt does, or what it waits for in the words of who keeps it waiting."""
    number, rung = current.attempt.number, current.attempt.rung
    newest = current.newest
    if newest is None or newest.has_ended:
        return _without_pod(seen, current)
    container = newest.container
    if container.running:
        limit = memory_limit(run.rung(rung))
        return Reason.TRAINING, f"Attempt {number} is running on rung {rung}, within {limit}."
    if newest.pod.unschedulable:
        return Reason.POD_NOT_STARTED, newest.pod.unschedulable
    if container.waiting_reason not in {"", "ContainerCreating", "PodInitializing"}:
        said = filter(None, (container.waiting_reason, container.waiting_message))
        return Reason.POD_NOT_STARTED, ": ".join(said)
    return Reason.PENDING, f"Attempt {number} is being started."


def _without_pod(seen: TrainingJobSeen, current: Current) -> tuple[Reason, str]:
    job = current.job
    if job is None or seen.now - (job.created or seen.now) <= POD_PATIENCE:
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
        return Progress(phase=event.phase, percent=event.percent, eta_seconds=event.eta_seconds)
    told = seen.status.attempts[-1].number if seen.status.attempts else 0
    return seen.status.progress if told == current.attempt.number else None
