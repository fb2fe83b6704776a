"""Whether an attempt may run now: held by its spec, waiting in a queue, or free to go.

::

    spec.suspend ------> HELD      the Job is suspended; with a queue, it is taken away
    spec.queueName ----> QUEUED    while Kueue keeps the Job suspended
    resumed -----------> DRAINING  while pods that the suspension ended are not gone
                           |
                           v
                         GOING     the Job is resumed and makes one new pod

Of a Job without a queue, ``spec.suspend`` is ours: we set it, and take it back from others. With a
queue it is Kueue's: the Job is created suspended and never touched again. Kueue resumes a Job that
it admitted, whoever suspended it, so a queued run is held by having no Job at all; that gives its
quota back, and when the run goes on, it queues anew.
"""

from datetime import timedelta
from enum import Enum, auto
from math import ceil

from checkrail_operator.plan.instants import instant
from checkrail_operator.plan.training.training_seen import (
    JobSeen,
    ResolvedRun,
    TrainerPodSeen,
    TrainingJobSeen,
)
from checkrail_operator.plan.types import Manifest

CLOCKS_DIFFER_SECONDS = 60
"""How far the Job controller's clock may be from ours."""
LABEL_QUEUE = "kueue.x-k8s.io/queue-name"
"""Label by which Kueue takes a Job into a local queue."""


class Hold(Enum):
    """What keeps an attempt from running."""

    HELD = auto()
    QUEUED = auto()
    DRAINING = auto()
    GOING = auto()


def hold_of(run: ResolvedRun, job: JobSeen | None, pods: tuple[TrainerPodSeen, ...]) -> Hold:
    """Say what keeps an attempt from running.

    Args:
        run: The resolved spec.
        job: The attempt's Job, if that exists.
        pods: All pods that a Job of its name made.
    """
    if run.spec.suspend:
        return Hold.HELD
    if run.spec.queue_name and (job is None or job.suspended):
        return Hold.QUEUED
    if job is not None and job.suspended and any(not pod.has_ended for pod in pods):
        return Hold.DRAINING
    return Hold.GOING


def is_stale(job: JobSeen, trainer: TrainerPodSeen) -> bool:
    """Answer whether a pod belongs to the time before its Job was last resumed.

    A suspended Job ends its pods; that is nobody's failure. Should a pod have failed by itself just
    then, the Job controller has counted it and fails the Job: then it is not stale.

    The controller makes the pod first and writes the time of the resumption just after it, so a pod
    that is a little older than that time and runs is the new one.
    """
    if job.finished is not None:
        return False
    if job.suspended:
        return True
    created = trainer.pod.created
    older = job.resumed is not None and created is not None and created < job.resumed
    return older and (trainer.pod.deleting or trainer.has_ended)


def switch(seen: TrainingJobSeen, run: ResolvedRun, job: JobSeen | None, hold: Hold) -> Manifest:
    """Return the part of the attempt's Job that has to change for ``hold``; empty when none has.

    Both fields are always told, since server-side apply takes away what it is no longer told.
    """
    if job is None or job.finished or job.deleting or run.spec.queue_name:
        return {}
    suspend = hold in {Hold.HELD, Hold.DRAINING}
    seconds = run.spec.active_deadline_seconds
    if job.suspended and not suspend:
        seconds = _to_resume_with(seen, seconds, job)
    elif job.suspended == suspend and not _may_be_lowered(seen, seconds, job):
        return {}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": job.name, "namespace": seen.key.namespace, "uid": job.uid},
        "spec": {
            "suspend": suspend,
            "activeDeadlineSeconds": seconds,
        },
    }


def _to_resume_with(seen: TrainingJobSeen, seconds: int, job: JobSeen) -> int:
    """Return the deadline with which a Job is resumed: its time, and all that has passed.

    The run's time begins anew. But the Job controller compares the deadline with the old start
    before it notes the new one (``syncJob``, Kubernetes 1.34): a Job that was suspended for longer
    than its deadline would fail as it is resumed.
    """
    passed = seen.now - job.started if job.started else timedelta(0)
    return seconds + max(0, ceil(passed.total_seconds())) + CLOCKS_DIFFER_SECONDS


def _may_be_lowered(seen: TrainingJobSeen, seconds: int, job: JobSeen) -> bool:
    """Answer whether a resumed Job, whose new start is noted, still has the longer deadline."""
    begun = instant(seen.status.start_time)
    noted = job.resumed is not None and begun is not None and job.resumed >= begun
    return noted and not job.suspended and (job.deadline_seconds or 0) > seconds
