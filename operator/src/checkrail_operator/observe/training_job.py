"""A TrainingJob as one pass sees it: its spec resolved, its Jobs and pods in order."""

from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import ValidationError

from checkrail_api.names import LABEL_ATTEMPT
from checkrail_api.training_status import TrainingJobStatus
from checkrail_operator.observe.baselines import see_baselines, told_baselines
from checkrail_operator.observe.pods import is_owned_by, see_pod
from checkrail_operator.observe.raw import Raw, is_over
from checkrail_operator.observe.resolve import resolve
from checkrail_operator.observe.trainer_reports import (
    last_progress,
    record_in,
    termination_report,
)
from checkrail_operator.plan.instants import instant
from checkrail_operator.plan.training.baselines import NOTHING_TO_COMPARE, Baselines
from checkrail_operator.plan.training.training_seen import (
    RUN_VOLUME,
    ConfigMapSeen,
    EndedRun,
    JobSeen,
    ResolvedRun,
    TrainerPodSeen,
    TrainingJobSeen,
)
from checkrail_operator.plan.types import Defaults, Key, Manifest

BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


def see(raw: Raw, now: datetime, defaults: Defaults) -> TrainingJobSeen:
    """Return what ``raw`` shows.

    Objects that carry our labels but not our UID are somebody else's and are not seen.

    Args:
        raw: What the pass read.
        now: When it read it.
        defaults: The operator's values.

    Raises:
        InvalidSpecError: The run is not over and its spec cannot be carried out.
    """
    metadata = raw.owner["metadata"]
    uid: str = metadata["uid"]
    told: Manifest = raw.owner.get("status") or {}
    deleting = "deletionTimestamp" in metadata
    ours = [child for child in raw.children if is_owned_by(child, uid)]
    configs = [_config_map(body, _attempt(body)) for body in ours if body["kind"] == "ConfigMap"]
    spec: Manifest = raw.owner.get("spec") or {}
    ended = EndedRun(told, _kept_until(spec, told)) if is_over(raw.owner) else None
    jobs = [_job(body, _attempt(body)) for body in ours if body["kind"] == "Job" and _attempt(body)]
    run = None if deleting or ended else resolve(spec, defaults)
    return TrainingJobSeen(
        key=Key("TrainingJob", metadata["namespace"], metadata["name"]),
        uid=uid,
        generation=metadata.get("generation", 1),
        now=now,
        status=_status(told),
        jobs=tuple(sorted(jobs, key=lambda job: (job.attempt, job.name))),
        pods=_pods(raw),
        config_maps=tuple(sorted(configs)),
        baselines=_baselines(run, raw, defaults),
        run=run,
        ended=ended,
        deleting=deleting,
    )


def _baselines(run: ResolvedRun | None, raw: Raw, defaults: Defaults) -> Baselines:
    if run is None:
        return NOTHING_TO_COMPARE
    return see_baselines(run.spec.model, run.spec.evaluation.gates, raw.related, defaults)


def _kept_until(spec: Manifest, told: Manifest) -> datetime | None:
    """Return when a run that is over loses its Jobs, by ``ttlSecondsAfterFinished``."""
    seconds, ended = spec.get("ttlSecondsAfterFinished"), instant(told.get("completionTime"))
    if ended is None or not isinstance(seconds, int):
        return None
    return ended + timedelta(seconds=seconds)


def _status(told: Manifest) -> TrainingJobStatus:
    """Return what can be read of the status: another release may have written some of it.

    What cannot be read is derived again, from the Jobs.
    """
    readable = {}
    for field, value in told.items():
        try:
            TrainingJobStatus.model_validate({field: value})
        except ValidationError:
            continue
        readable[field] = value
    return TrainingJobStatus.model_validate(readable)


def _attempt(body: Manifest) -> int:
    """Return the attempt that a child was made for; 0 when its label does not say."""
    label = (body["metadata"].get("labels") or {}).get(LABEL_ATTEMPT, "")
    return int(label) if label.isascii() and label.isdecimal() else 0


def _config_map(body: Manifest, attempt: int) -> ConfigMapSeen:
    metadata = body["metadata"]
    return ConfigMapSeen(
        attempt,
        metadata["name"],
        metadata["uid"],
        metadata["resourceVersion"],
        deleting="deletionTimestamp" in metadata,
        baselines=told_baselines(body),
    )


def _job(body: Manifest, attempt: int) -> JobSeen:
    metadata = body["metadata"]
    spec: Manifest = body.get("spec") or {}
    status: Manifest = body.get("status") or {}
    told = {(c["type"], c.get("status")): c for c in status.get("conditions") or ()}
    conditions = {kind: c for (kind, state), c in told.items() if state == "True"}
    was_suspended = ("Suspended", "False") in told
    finished: Literal["Complete", "Failed"] | None = (
        "Complete" if "Complete" in conditions else "Failed" if "Failed" in conditions else None
    )
    end = conditions[finished] if finished else {}
    return JobSeen(
        name=metadata["name"],
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        attempt=attempt,
        config_map=_run_file_of(body),
        created=instant(metadata.get("creationTimestamp")),
        deleting="deletionTimestamp" in metadata,
        suspended=bool(spec.get("suspend")),
        started=instant(status.get("startTime")),
        resumed=instant(status.get("startTime")) if was_suspended else None,
        deadline_seconds=spec.get("activeDeadlineSeconds"),
        finished=finished,
        finished_at=instant(end.get("lastTransitionTime")),
        reason=end.get("reason", ""),
        message=end.get("message", ""),
    )


def _run_file_of(job: Manifest) -> str:
    """Return the name of the ConfigMap that a Job's pods mount as run file; empty for none."""
    template: Manifest = (job.get("spec") or {}).get("template") or {}
    volumes = (template.get("spec") or {}).get("volumes") or ()
    names = (
        v["configMap"]["name"] for v in volumes if v["name"] == RUN_VOLUME and "configMap" in v
    )
    return next(names, "")


def _pods(raw: Raw) -> tuple[TrainerPodSeen, ...]:
    """Return the pods that Jobs made, newest first."""
    pods = [see_pod(body, raw.lacking) for body in raw.children if body["kind"] == "Pod"]
    made = (pod for pod in pods if pod.controller_kind == "Job")
    newest = sorted(made, key=lambda pod: (pod.created or BEFORE_ALL, pod.name), reverse=True)
    reports = []
    for pod in newest:
        end = TrainerPodSeen(pod).container.terminated
        report = termination_report(end.message) if end else None
        log = raw.logs.get(pod.name)
        reports.append(
            TrainerPodSeen(
                pod,
                report=report,
                progress=last_progress(log or ""),
                record=record_in(log or "", report),
                log_read=log is not None,
            )
        )
    return tuple(reports)
