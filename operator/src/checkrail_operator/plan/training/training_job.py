"""What there should be around one TrainingJob, and what its status says.

    no attempt ----> running ----> published: ModelVersion, Complete
                     |     ^
              failed v     | backoff, or the next rung
                     waiting
                       |
                       v
                     failed for good: Failed

``spec.suspend`` holds it wherever it is and takes away its pod, not its history (``holding``).
Complete and Failed are the end: from then on nothing is made, whatever happens to Jobs or pods.
"""

from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from checkrail_api.names import model_version_name
from checkrail_api.reasons import Reason
from checkrail_api.reports import TrainerSuccess
from checkrail_api.training_status import Attempt
from checkrail_operator.plan.instants import rfc3339
from checkrail_operator.plan.training import training_conditions as conditions
from checkrail_operator.plan.training.attempts import History, Retry, history, retries_used, retry
from checkrail_operator.plan.training.ended_run import SOON_SECONDS, ended, look_again
from checkrail_operator.plan.training.endings import Ending, deadline_message, memory_limit
from checkrail_operator.plan.training.readable import progress
from checkrail_operator.plan.training.running_attempt import news, running
from checkrail_operator.plan.training.training_seen import ResolvedRun, TrainingJobSeen
from checkrail_operator.plan.training.training_status import (
    published_status,
    run_end,
    score,
    training_status,
)
from checkrail_operator.plan.training.version_record import version_record, without_record
from checkrail_operator.plan.types import Event, Plan

LOG_PATIENCE = timedelta(seconds=60)
"""How long after its end a trainer's log is asked for, if its node does not hand it out."""
LOG_LOOK_AGAIN_SECONDS = 5.0
VERSION_LOOK_AGAIN_SECONDS = 30.0
"""How long a run that lacks a version goes without a look; the version's own event tells sooner,
unless it came between this pass's look and the status that says what is waited for."""


@dataclass(frozen=True)
class Verdict:
    """Why a run has failed for good."""

    reason: Reason
    message: str


def plan(seen: TrainingJobSeen) -> Plan:
    """Decide about one TrainingJob."""
    if seen.ended and not seen.deleting:
        return ended(seen, seen.ended)
    run = seen.run
    if run is None:  # being deleted: the garbage collector takes the children
        return Plan(seen.key)
    past = history(seen, run)
    if past.ended and past.ended.result:
        return _published(seen, run, past, past.ended, past.ended.result)
    if verdict := _verdict(seen, run, past):
        return _failed(seen, run, past, verdict)
    return _next_attempt(seen, run, past)


def _next_attempt(seen: TrainingJobSeen, run: ResolvedRun, past: History) -> Plan:
    """Go on with the attempt under way, make the next one, or wait until it is due."""
    now = rfc3339(seen.now)
    if past.last and past.last.outcome == "Running":
        return _with_baselines(seen, run, past, past)
    if run.spec.suspend:
        return _held(seen, past)
    if past.last is None:
        first = Attempt(number=1, rung=0, start_time=now)
        return _with_baselines(seen, run, past, History((first,), started=seen.now))
    following = retry(seen, run, past.attempts)
    if not past.told or seen.now < following.due:
        return _waiting(seen, run, past, following)
    attempt = Attempt(number=following.number, rung=following.rung, start_time=now)
    begun = History((*past.attempts, attempt), started=past.started)
    return _with_baselines(seen, run, past, begun)


def _with_baselines(seen: TrainingJobSeen, run: ResolvedRun, past: History, begun: History) -> Plan:
    """Return the plan with the last attempt of ``begun``, once all it compares with is there.

    An attempt that has its Job or its run file was told what to compare with.
    """
    number = begun.attempts[-1].number
    if run.spec.suspend or seen.job_of(number) or seen.told_of(number) is not None:
        return running(seen, run, begun)
    seen.baselines.check()
    if not seen.baselines.missing:
        return running(seen, run, begun)
    message = seen.baselines.message
    wanted = conditions.under_way(Reason.VERSION_NOT_FOUND, message, None, rfc3339(seen.now))
    return Plan(
        seen.key,
        status={**training_status(seen, past, wanted), "waitingFor": seen.baselines.missing},
        events=news(seen, "Warning", Reason.VERSION_NOT_FOUND, message),
        requeue_after_seconds=VERSION_LOOK_AGAIN_SECONDS,
    )


def _held(seen: TrainingJobSeen, past: History) -> Plan:
    """Return the plan of a run that is held before an attempt: no Job is there and none is made."""
    number = past.last.number + 1 if past.last else 1
    message = f"spec.suspend holds the run; attempt {number} begins once it is false."
    wanted = conditions.suspended(message, rfc3339(seen.now))
    return Plan(
        seen.key,
        status=training_status(seen, past, wanted),
        events=news(seen, "Normal", Reason.SUSPENDED, message),
    )


def _verdict(seen: TrainingJobSeen, run: ResolvedRun, past: History) -> Verdict | None:
    """Say why no attempt can follow, or None when one can or one is running."""
    last = past.last
    if last is None or last.outcome == "Running":
        return None
    if past.ended:
        return Verdict(past.ended.reason, past.ended.message)
    if last.reason == Reason.OOM_KILLED and last.rung >= len(run.ladder) - 1:
        return Verdict(
            Reason.OOM_KILLED,
            f"Attempt {last.number} ran out of memory on the last rung of spec.resources.ladder "
            f"({memory_limit(run.rung(last.rung))}): {(last.message or '').rstrip('. ')}. Create a "
            f"TrainingJob with a larger rung, or with fewer rows or columns (spec.data.filters, "
            f"spec.data.features).",
        )
    used, allowed = retries_used(past.attempts), run.spec.backoff_limit
    if used > allowed:
        return Verdict(
            Reason.BACKOFF_LIMIT_EXCEEDED,
            f"{used} attempts failed and spec.backoffLimit allows {allowed} retries. Mend the "
            f"cause and create a new TrainingJob. Attempt {last.number}: {last.reason}: "
            f"{last.message}",
        )
    end = past.deadline(run)
    if end is not None and seen.now >= end:
        return Verdict(Reason.DEADLINE_EXCEEDED, deadline_message(seen, run, trained=False))
    return None


def _waiting(seen: TrainingJobSeen, run: ResolvedRun, past: History, following: Retry) -> Plan:
    message = _retry_message(past.attempts[-1], following)
    time = rfc3339(seen.now)
    until = min(following.due, past.deadline(run) or following.due) - seen.now
    return Plan(
        seen.key,
        status=training_status(
            seen, past, conditions.under_way(Reason.RETRYING, message, None, time)
        ),
        events=(Event("Warning", Reason.RETRYING.value, message),) if not past.told else (),
        requeue_after_seconds=max(SOON_SECONDS, float(ceil(until.total_seconds()))),
    )


def _published(
    seen: TrainingJobSeen, run: ResolvedRun, past: History, end: Ending, result: TrainerSuccess
) -> Plan:
    """Return the plan that records what was published, once the log was read or is given up."""
    unread = result.record_sha256 is not None and not end.log_read
    if unread and seen.now - end.finished_at < LOG_PATIENCE:
        return Plan(seen.key, requeue_after_seconds=LOG_LOOK_AGAIN_SECONDS)
    version = model_version_name(run.spec.model, result.artifact.sha256)
    figure = score(end.figures.metrics)
    message = f"ModelVersion {version} is published{f', {figure}' if figure else ''}."
    events = [Event("Normal", Reason.PUBLISHED.value, message)]
    if missing := without_record(result, end):
        message = f"{message} {missing}"
        events.append(Event("Warning", Reason.RECORD_MISSING.value, missing))
    wanted = conditions.published(message, rfc3339(seen.now))
    return Plan(
        seen.key,
        records=(version_record(seen, run, end, result),),
        status=published_status(seen, run, past, wanted, result),
        run_end=run_end(run, past, "Complete", Reason.PUBLISHED),
        events=tuple(events),
        requeue_after_seconds=look_again(seen, run, past.attempts[-1].finish_time),
    )


def _failed(seen: TrainingJobSeen, run: ResolvedRun, past: History, verdict: Verdict) -> Plan:
    """Return the plan of the pass that ends the run; the next one prunes what still trains."""
    now = rfc3339(seen.now)
    reached = seen.status.progress
    phase = reached.phase if reached else None
    late = verdict.reason is Reason.DEADLINE_EXCEEDED
    end = now if late else past.attempts[-1].finish_time
    return Plan(
        seen.key,
        status=training_status(
            seen,
            past,
            conditions.failed(verdict.reason, verdict.message, phase, now),
            progress=progress(reached.phase, reached.percent) if reached else None,
            completion_time=end,
        ),
        run_end=run_end(run, past, "Failed", verdict.reason),
        events=(Event("Warning", verdict.reason.value, verdict.message),),
        requeue_after_seconds=look_again(seen, run, end),
    )


def _retry_message(last: Attempt, following: Retry) -> str:
    return (
        f"Attempt {following.number} follows on rung {following.rung} at "
        f"{rfc3339(following.due)}. Attempt {last.number}: {last.reason}: {last.message}"
    )
