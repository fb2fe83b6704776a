"""Attempts: what became of each, whether another one follows, and when.

What status says of an attempt and cannot be observed again:

- that it failed, when and why: its Job and its pod may have been deleted since;
- when it started: its Job may have been made again after somebody deleted it.

So an attempt that status calls failed is never judged again, and the Job of the next attempt is
made only once status has said so: whatever disappears in between, no attempt gets a second Job.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from checkrail_api.names import child_name
from checkrail_api.reasons import Reason
from checkrail_api.training_status import Attempt
from checkrail_operator.plan.instants import instant, rfc3339
from checkrail_operator.plan.training.endings import Ending, Tried, ending
from checkrail_operator.plan.training.figures import NONE, Figures
from checkrail_operator.plan.training.training_seen import JobSeen, ResolvedRun, TrainingJobSeen

BACKOFF_FIRST = timedelta(seconds=10)
BACKOFF_CAP = timedelta(seconds=360)
"""As the Job controller backs off from failed pods: 10 s, doubling, at most 6 min."""


@dataclass(frozen=True)
class History:
    """All attempts so far.

    Attributes:
        attempts: Oldest first; only the last one may be running.
        ended: How the last one ended, when this pass is the first to see that.
        told: Whether status already knows how all of them ended.
        started: When the run's time began, or began anew; None while it is held or queued.
    """

    attempts: tuple[Attempt, ...]
    ended: Ending | None = None
    told: bool = True
    started: datetime | None = None

    def deadline(self, run: ResolvedRun) -> datetime | None:
        """Return when the run's time is over; None while it does not run."""
        seconds = run.spec.active_deadline_seconds
        return None if self.started is None else self.started + timedelta(seconds=seconds)

    @property
    def last(self) -> Attempt | None:
        """The newest attempt."""
        return self.attempts[-1] if self.attempts else None

    @property
    def figures(self) -> Figures:
        """What the attempt that ended the run measured."""
        return self.ended.figures if self.ended else NONE


@dataclass(frozen=True)
class Retry:
    """The attempt that follows a failed one.

    Attributes:
        number: Its number.
        rung: Its rung.
        due: When its Job may be made.
    """

    number: int
    rung: int
    due: datetime


def job_name(seen: TrainingJobSeen, number: int, rung: int) -> str:
    """Return the name of an attempt's Job."""
    return child_name(seen.key.name, seen.uid, number, rung)


def history(seen: TrainingJobSeen, run: ResolvedRun) -> History:
    """Return every attempt, from status and, where status is silent, from its Job and pods."""
    known = _known(seen, run)
    started = _started(seen, run, known[0]) if known else None
    past = History((), started=started)
    attempts: list[Attempt] = []
    for attempt in known:
        job = seen.job_of(attempt.number)
        if attempt.outcome == "Failed":
            attempts.append(attempt)
            continue
        running = attempt.model_copy(update={"outcome": "Running"})
        name = job.name if job else job_name(seen, attempt.number, running.rung)
        tried = Tried(run.rung(running.rung), job, seen.pods_of(name))
        end = ending(seen, run, tried, past.deadline(run))
        if end is None:
            return replace(past, attempts=(*attempts, running))
        attempts.append(_ended(running, end))
        past = replace(past, told=False)
        if end.result or end.is_final:
            return replace(past, attempts=tuple(attempts), ended=end)
    return replace(past, attempts=tuple(attempts))


def retries_used(attempts: tuple[Attempt, ...]) -> int:
    """Count the failures that use up ``backoffLimit``.

    An attempt killed for memory does not: the ladder's own length bounds those. Attempts before the
    first one of a status that could not hold them all count as failures.
    """
    forgotten = attempts[0].number - 1 if attempts else 0
    failed = sum(a.outcome == "Failed" and a.reason != Reason.OOM_KILLED for a in attempts)
    return forgotten + failed


def retry(seen: TrainingJobSeen, run: ResolvedRun, attempts: tuple[Attempt, ...]) -> Retry:
    """Return the attempt that follows the failed last one of ``attempts``.

    After a kill for memory it climbs one rung and follows at once, since waiting frees no memory;
    after anything else it keeps the rung and waits 10 s, 20 s, 40 s, ... at most 6 min from the
    failure.

    Example:
        ``OOMKilled`` on rung 0, then ``StoreUnavailable`` on rung 1 at 12:00:00: the third attempt
        runs on rung 1 at 12:00:10.
    """
    last = attempts[-1]
    finished = instant(last.finish_time) or seen.now
    if last.reason == Reason.OOM_KILLED:
        return Retry(last.number + 1, min(last.rung + 1, len(run.ladder) - 1), finished)
    doublings = max(0, retries_used(attempts) - 1)
    pause = min(BACKOFF_FIRST * 2**doublings, BACKOFF_CAP)
    return Retry(last.number + 1, min(last.rung, len(run.ladder) - 1), finished + pause)


def was_suspended(seen: TrainingJobSeen) -> bool:
    """Answer whether status says that the run is held or queued."""
    return any(c.type == "Suspended" and c.status == "True" for c in seen.status.conditions)


def _known(seen: TrainingJobSeen, run: ResolvedRun) -> list[Attempt]:
    """Return every attempt as status has it, else as its Job tells it.

    Status keeps the newest ones only: a Job older than those is of an attempt that has ended.
    """
    told = {attempt.number: attempt for attempt in seen.status.attempts}
    oldest = min(told, default=1)
    numbers = told.keys() | {job.attempt for job in seen.jobs if job.attempt >= oldest}
    return [told.get(n) or _from_job(seen, run, seen.job_of(n), n) for n in sorted(numbers)]


def _started(seen: TrainingJobSeen, run: ResolvedRun, first: Attempt) -> datetime | None:
    """Return when the run's time began: with its first attempt, or anew when it was last resumed.

    None while it is held, or its Job is suspended: the Job's own clock stands still as well. The
    Job controller tells the exact time of a resumption a little after we asked for it.
    """
    if run.spec.suspend or any(job.suspended and not job.finished for job in seen.jobs):
        return None
    begun = instant(seen.status.start_time)
    if begun is None:
        begun = seen.now if was_suspended(seen) else instant(first.start_time) or seen.now
    return max([begun, *(job.resumed for job in seen.jobs if job.resumed)])


def _from_job(seen: TrainingJobSeen, run: ResolvedRun, job: JobSeen | None, number: int) -> Attempt:
    """Return the attempt whose Job was made by a pass that died before it wrote status."""
    rungs = range(len(run.ladder))
    name = job.name if job else ""
    rung = next((r for r in rungs if job_name(seen, number, r) == name), 0)
    created = job.created if job and job.created else seen.now
    return Attempt(number=number, rung=rung, start_time=rfc3339(created))


def _ended(attempt: Attempt, end: Ending) -> Attempt:
    failed = end.result is None
    return attempt.model_copy(
        update={
            "finish_time": rfc3339(end.finished_at),
            "outcome": "Failed" if failed else "Succeeded",
            "reason": end.reason.value if failed else None,
            "message": end.message[:1024] if failed else None,
        }
    )
