"""How one attempt ended, read from its pod, its Job and the clock.

trainer ---- exit code, termination message ---> pod status --+
kubelet ---- OOMKilled, Evicted, config error -> pod status --+--> ending(...)
Job controller ------ Complete, Failed --------> Job status --+
the run's deadline -------------------------------------------+
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from checkrail_api.exit_codes import ExitCode
from checkrail_api.pod import Resources
from checkrail_api.reasons import Reason
from checkrail_api.record import Record
from checkrail_api.reports import TrainerFailure, TrainerSuccess
from checkrail_operator.plan.object_stores import lacking_words
from checkrail_operator.plan.pod_seen import Terminated
from checkrail_operator.plan.training.figures import NONE, Figures, figures
from checkrail_operator.plan.training.holding import is_stale
from checkrail_operator.plan.training.training_seen import (
    JobSeen,
    ResolvedRun,
    TrainerPodSeen,
    TrainingJobSeen,
)

CONFIG_PATIENCE = timedelta(seconds=20)
"""How long a Secret may be missing: it may be applied after the TrainingJob that names it."""

KEPT_FROM_TRAINING = frozenset(
    {
        Reason.PENDING,
        Reason.POD_NOT_STARTED,
        Reason.QUEUED,
        Reason.RETRYING,
        Reason.VERSION_NOT_FOUND,
    }
)
"""What Ready says of a run whose time passes without training: a longer deadline is no help."""

UNREPORTED = {
    ExitCode.BAD_SPEC_OR_DATA: Reason.INVALID_SPEC,
    ExitCode.GATE_FAILED: Reason.GATE_FAILED,
    ExitCode.PARITY_FAILED: Reason.PARITY_FAILED,
    ExitCode.STORAGE_UNAVAILABLE: Reason.STORE_UNAVAILABLE,
}
"""What an exit code means when the trainer left no valid report beside it."""


@dataclass(frozen=True)
class Ending:
    """How an attempt ended.

    Attributes:
        reason: Why.
        message: Why, for people.
        finished_at: When.
        is_final: Whether no retry can help.
        result: What it published; None when it failed.
        image_id: The image that ran, as the container runtime names it.
        figures: What the trainer measured, as far as it told.
        record: What its log holds beyond its report, if it published and the log has it.
        log_read: Whether its log was read.
    """

    reason: Reason
    message: str
    finished_at: datetime
    is_final: bool = False
    result: TrainerSuccess | None = None
    image_id: str = ""
    figures: Figures = NONE
    record: Record | None = None
    log_read: bool = False


@dataclass(frozen=True)
class Tried:
    """An attempt that status does not call failed, with what is left of it in the cluster.

    Attributes:
        rung: The resources it was given.
        job: Its Job, if that exists.
        pods: Pods that a Job of this name made, newest first.
    """

    rung: Resources
    job: JobSeen | None = None
    pods: tuple[TrainerPodSeen, ...] = ()


def ending(
    seen: TrainingJobSeen, run: ResolvedRun, tried: Tried, deadline: datetime | None
) -> Ending | None:
    """Say how an attempt ended, or None while it may still end well.

    A published result counts wherever it is found. A failure counts only while the Job exists:
    when somebody deletes the Job, its pod is killed with it, and the attempt is made again. What a
    suspension ended has not failed either.

    Args:
        seen: The pass's snapshot.
        run: The resolved spec.
        tried: The attempt.
        deadline: When the whole run's time is over; None while it does not run.
    """
    if published := next((end for pod in tried.pods if (end := _published(seen, pod))), None):
        return published
    job = tried.job
    if job is not None and not job.deleting and (failed := _failed(seen, run, job, tried)):
        return failed
    late = deadline is not None and seen.now >= deadline
    return _out_of_time(seen, run, tried) if late else None


def deadline_message(seen: TrainingJobSeen, run: ResolvedRun, *, trained: bool) -> str:
    """Say that the run's time is over, how far it was and what to do.

    Args:
        seen: The pass's snapshot; its status says what kept a run that did not train.
        run: The resolved spec.
        trained: Whether the last attempt has a pod that has trained.
    """
    budget = run.spec.active_deadline_seconds
    kept = next((c for c in seen.status.conditions if c.type == "Ready"), None)
    if not trained and kept is not None and kept.reason in KEPT_FROM_TRAINING:
        return (
            f"The run's {budget} s (spec.activeDeadlineSeconds) are over, and it did not train at "
            f"the end. What kept it: {kept.reason}: {kept.message.rstrip('. ')}. Mend that, then "
            f"create a new TrainingJob."
        )
    progress = seen.status.progress
    reached = f" It was at {progress.percent} %, phase {progress.phase}." if progress else ""
    return (
        f"The run did not finish within the {budget} s of spec.activeDeadlineSeconds.{reached} "
        f"Create a TrainingJob with a longer deadline, more processors or fewer rows."
    )


def memory_limit(rung: Resources) -> str:
    """Name a rung's memory limit for people."""
    limit = rung.limits.get("memory")
    return f"its memory limit of {limit}" if limit is not None else "the memory of its node"


def _published(seen: TrainingJobSeen, trainer: TrainerPodSeen) -> Ending | None:
    end = trainer.container.terminated
    if end is None or end.exit_code != 0 or not isinstance(trainer.report, TrainerSuccess):
        return None
    return Ending(
        Reason.PUBLISHED,
        "",
        end.finished_at or seen.now,
        result=trainer.report,
        image_id=trainer.container.image_id,
        figures=figures(trainer.report, trainer.record),
        record=trainer.record,
        log_read=trainer.log_read,
    )


def _out_of_time(seen: TrainingJobSeen, run: ResolvedRun, tried: Tried) -> Ending:
    ran = (pod.container for pod in tried.pods)
    trained = any(container.running or container.terminated for container in ran)
    message = deadline_message(seen, run, trained=trained)
    return Ending(Reason.DEADLINE_EXCEEDED, message, seen.now, is_final=True)


def _failed(seen: TrainingJobSeen, run: ResolvedRun, job: JobSeen, tried: Tried) -> Ending | None:
    own = (pod for pod in tried.pods if pod.pod.controller_uid == job.uid)
    mine = next((pod for pod in own if not is_stale(job, pod)), None)
    if job.finished == "Failed" and job.reason == "DeadlineExceeded":
        return _out_of_time(seen, run, tried)
    if mine is not None and mine.has_ended:
        return _of_pod(seen, mine, tried.rung)
    if job.finished:
        return _of_lost_pod(seen, job)
    return _of_missing_reference(seen, mine) if mine else None


def _of_lost_pod(seen: TrainingJobSeen, job: JobSeen) -> Ending:
    said = ": ".join(filter(None, (job.reason, job.message)))
    message = (
        f"Job {job.name} is {job.finished}{f' ({said})' if said else ''}, but its pod is gone, and "
        f"with it the result. Pods are expected to stay until the operator has read them."
    )
    return Ending(Reason.CRASHED, message, job.finished_at or seen.now)


def _of_missing_reference(seen: TrainingJobSeen, trainer: TrainerPodSeen) -> Ending | None:
    """End the run when its pod has missed what the spec names for longer than ``CONFIG_PATIENCE``.

    A Secret is missed by the kubelet, in the words of ``pkg/kubelet/kubelet_pods.go``: ``secret
    "s3" not found`` and ``couldn't find key AWS_ACCESS_KEY_ID in Secret team-a/s3``. A ConfigMap is
    a volume: the pod is just being created, and the pass has looked for itself.
    """
    container = trainer.container
    since = trainer.pod.started or trainer.pod.created or seen.now
    if container.running or seen.now - since <= CONFIG_PATIENCE:
        return None
    said = container.waiting_message
    missing = "not found" in said or "couldn't find key" in said
    if container.waiting_reason == "CreateContainerConfigError" and missing:
        return _of_missing_secret(seen, said)
    return _of_missing_authorities(seen, trainer) if trainer.pod.lacking else None


def _of_missing_authorities(seen: TrainingJobSeen, trainer: TrainerPodSeen) -> Ending:
    words = lacking_words(trainer.pod.lacking)
    message = f"The pod does not start; {words}, then create the TrainingJob again."
    return Ending(Reason.CONFIG_MAP_NOT_FOUND, message, seen.now, is_final=True)


def _of_missing_secret(seen: TrainingJobSeen, said: str) -> Ending:
    message = (
        f"The kubelet says: {said}. The credentials Secret was expected in namespace "
        f"{seen.key.namespace} with the keys AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: create "
        f"it, then create the TrainingJob again."
    )
    return Ending(Reason.SECRET_NOT_FOUND, message, seen.now, is_final=True)


def _of_pod(seen: TrainingJobSeen, trainer: TrainerPodSeen, rung: Resources) -> Ending:
    """Judge a pod that has ended without publishing.

    An exit code that the trainer chose is believed first, then the kernel's and the kubelet's
    reasons; what is left is a crash. A trainer that runs out of memory before the kernel kills it
    says so itself: DuckDB keeps to a limit of its own.
    """
    pod, end = trainer.pod, trainer.container.terminated
    finished_at = end.finished_at if end and end.finished_at else seen.now
    report = trainer.report if isinstance(trainer.report, TrainerFailure) else None
    code = _known(end)
    if code is not None and code.is_final:
        reason, message = _reported(seen, trainer, code, report)
        return Ending(reason, message, finished_at, is_final=True, figures=figures(report))
    ran_out = report is not None and report.reason is Reason.OOM_KILLED
    if ran_out or (end is not None and end.reason == "OOMKilled"):
        killed = f"The trainer used more than {memory_limit(rung)} and was killed."
        message = report.message if report is not None and ran_out else killed
        return Ending(Reason.OOM_KILLED, message, finished_at)
    if end is None or pod.deleting or pod.disruption or pod.reason:
        return Ending(Reason.EVICTED, _eviction(trainer), finished_at)
    if code is ExitCode.STORAGE_UNAVAILABLE:
        reason, message = _reported(seen, trainer, code, report)
        return Ending(reason, message, finished_at)
    return Ending(Reason.CRASHED, _crash(seen, trainer, end, report), finished_at)


def _known(end: Terminated | None) -> ExitCode | None:
    return ExitCode(end.exit_code) if end and end.exit_code in set(ExitCode) else None


def _reported(
    seen: TrainingJobSeen, trainer: TrainerPodSeen, code: ExitCode, report: TrainerFailure | None
) -> tuple[Reason, str]:
    if report is not None:
        return report.reason, report.message
    return UNREPORTED[code], (
        f"The trainer ended with exit code {code.value} and left no valid report. "
        f"{_look_at_log(seen, trainer)}"
    )


def _eviction(trainer: TrainerPodSeen) -> str:
    pod = trainer.pod
    said = pod.disruption or ": ".join(filter(None, (pod.reason, pod.message)))
    return f"Pod {pod.name} was taken away before it finished: {said or 'it was deleted'}"


def _crash(
    seen: TrainingJobSeen, trainer: TrainerPodSeen, end: Terminated, report: TrainerFailure | None
) -> str:
    if end.exit_code == 0:
        found = "The trainer ended with exit code 0 but left no valid result."
    else:
        said = (report.message if report else end.message.strip()[:300]) or end.reason
        found = f"The trainer ended with exit code {end.exit_code}{f' ({said})' if said else ''}."
    return f"{found} Expected was exit code 0 and a result. {_look_at_log(seen, trainer)}"


def _look_at_log(seen: TrainingJobSeen, trainer: TrainerPodSeen) -> str:
    return f"Its log says more: kubectl logs -n {seen.key.namespace} {trainer.pod.name}"
