"""The phase before the first share: the pods that serve score the candidate, too.

::

    begin --> ConfigMap names the candidate --> pods compare --> enough, within bounds --> canary
                                                    |                                    at 0 %
                                                    '--> outside of them, or refused --> rejected

The ConfigMap is there only while a comparison is under way. ``status.shadow`` holds what cannot be
observed again: when it began, and what pods have counted since.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil, isfinite
from typing import Literal

from checkrail_api import rollout
from checkrail_api.deployment_status import FigureStatus, ShadowStatus
from checkrail_api.reasons import Reason
from checkrail_api.score_bins import ScoreBins
from checkrail_api.shadow import MOST_BINS, Candidate, ShadowReport
from checkrail_operator.plan.deployment.deployment_seen import ModelDeploymentSeen
from checkrail_operator.plan.deployment.rejection import Failure
from checkrail_operator.plan.deployment.revision import Revision
from checkrail_operator.plan.deployment.serving import scores_of
from checkrail_operator.plan.deployment.shadow_counts import ShadowCounts, summed
from checkrail_operator.plan.deployment.shadow_mount import SHADOW
from checkrail_operator.plan.instants import instant, rfc3339, whole_second
from checkrail_stats.paired import Bounds, Comparison, compare
from checkrail_stats.verdicts import Verdict

TENTHS = tuple(str(tenth / 10) for tenth in range(11))
"""Bins of the scores of a version that was published without any; those of the servers."""
DIGITS = 4

State = Literal["Comparing", "Passed", "Disagrees", "Refused"]


@dataclass(frozen=True)
class Shadow:
    """A candidate in shadow after this pass.

    Attributes:
        candidate: What is compared.
        status: What is known, for the status.
        is_new: Whether it begins in this pass.
        unavailable: Why the pods that serve cannot compare it; empty if they can.
        failure: Why it is to be rejected.
        words: What is known of it, beside what is allowed.
        is_long_enough: Whether it was compared for as long as is asked for.
    """

    candidate: Revision
    status: ShadowStatus
    is_new: bool
    unavailable: str = ""
    failure: Failure | None = None
    words: str = ""
    is_long_enough: bool = False

    @property
    def has_passed(self) -> bool:
        """Whether the candidate may have its first share."""
        return self.status.state == "Passed"

    def held(self) -> "Shadow":
        """Return the same, to be judged once more: something else keeps the candidate waiting."""
        status = self.status.model_copy(update={"state": "Comparing"})
        return replace(self, status=status, failure=None)

    def paused(self) -> "Shadow":
        """Return the same, held while no pod compares it."""
        held = self.held()
        return replace(held, status=_paused(held.status))


def shadow_of(seen: ModelDeploymentSeen, stable: Revision, candidate: Revision) -> Shadow | None:
    """Return the comparison of ``candidate`` with what serves; None where none is asked for.

    Nor is there one where both are the same artifact, with another image or other settings.
    """
    asked = seen.spec.rollout.shadow
    if asked is None or candidate.sha256 == stable.sha256:
        return None
    told = seen.status.shadow
    goes_on = (
        told is not None
        and (told.state, told.revision) == ("Comparing", candidate.hash)
        and set(told.thresholds) == set(asked.thresholds)
    )
    if told is None or not goes_on:
        begun = _begun(seen, asked, stable, candidate)
        return Shadow(
            candidate, begun, is_new=True, unavailable=_unavailable(seen, stable, candidate)
        )
    if words := _unavailable(seen, stable, candidate):
        return Shadow(candidate, told, is_new=False, unavailable=words)
    return _judged(seen, asked, stable, candidate, told)


def kept_of(seen: ModelDeploymentSeen) -> ShadowStatus | None:
    """Return the comparison of a version that is asked for and does not exist now.

    It goes on once that is back with the same artifact, asked for with the same settings: who
    deletes a version and makes it again, as GitOps tools do, loses no evidence. Whatever else ends
    a comparison ends it. The time that it takes begins anew, as no pod compares meanwhile.
    """
    told, named, asked = seen.status.shadow, seen.spec.model.version_ref, seen.spec.rollout
    if told is None or told.state != "Comparing" or named is None or asked.shadow is None:
        return None
    goes_on = (
        named.name == told.version
        and asked.abort != told.version
        and set(asked.shadow.thresholds) == set(told.thresholds)
    )
    return _paused(told) if goes_on else None


def _paused(status: ShadowStatus) -> ShadowStatus:
    """Return the same counts; how long it is compared counts from the next report on."""
    return status.model_copy(update={"comparing_since": None})


def candidate_of(shadow: Shadow) -> Candidate:
    """Return what the pods are told."""
    status, revision = shadow.status, shadow.candidate
    edges = status.score_edges.split()
    scores = ScoreBins(output=status.score_output, edges=edges) if status.score_output else None
    return Candidate(
        version=revision.version,
        uri=revision.uri,
        sha256=revision.sha256,
        attempt=status.since,
        thresholds=status.thresholds,
        scores=scores,
    )


def _unavailable(seen: ModelDeploymentSeen, stable: Revision, candidate: Revision) -> str:
    template = seen.of(stable).template
    volumes = template["spec"].get("volumes") or () if template else None
    if volumes is not None and all(volume["name"] != SHADOW for volume in volumes):
        return (
            f"the pods of {stable.version} were made by a release of Checkrail that had no shadow,"
            " and keep what they were made with"
        )
    if stable.store != candidate.store:
        return (
            f"the pods of {stable.version} have the credentials of another object store than the"
            f" one that holds {candidate.version}"
        )
    return ""


def _begun(
    seen: ModelDeploymentSeen, asked: rollout.Shadow, stable: Revision, candidate: Revision
) -> ShadowStatus:
    scores = scores_of(seen, stable)
    edges = scores.edges if scores else list(TENTHS)
    every = ceil(len(edges) / (MOST_BINS - 1))
    now = rfc3339(whole_second(seen.now))
    return ShadowStatus(
        version=candidate.version,
        sha256=candidate.sha256,
        revision=candidate.hash,
        state="Comparing",
        since=now,
        time=now,
        thresholds=list(asked.thresholds),
        score_output=scores.output if scores else "",
        score_edges=" ".join(edges[::every]),
    )


def _judged(
    seen: ModelDeploymentSeen,
    asked: rollout.Shadow,
    stable: Revision,
    candidate: Revision,
    told: ShadowStatus,
) -> Shadow:
    pods = {pod.uid: pod.name for pod in seen.of(stable).pods}
    reports = {
        pod: report
        for pod, report in seen.shadows.reports.items()
        if pod in pods and (report.sha256, report.attempt) == (told.sha256, told.since)
    }
    comparing = {pod: each for pod, each in reports.items() if each.state == "Comparing"}
    counts, readings, wrong = summed(told, comparing, pods)
    waiting = {**_nameless(seen.shadows.reports, pods), **_loading(reports, pods)}
    trouble = {**seen.shadows.unread, **waiting, **wrong}
    unread = "; ".join(f"pod {name}: {why}" for name, why in sorted(trouble.items()))
    found = compare(counts.pairs, float(asked.max_flip_rate), float(asked.max_psi))
    compares = comparing and counts.pairs.compared
    since = told.comparing_since or (rfc3339(seen.now) if compares else None)
    compared_for = seen.now - (instant(since) or seen.now)
    long_enough = since is not None and compared_for >= timedelta(seconds=asked.seconds)
    enough = long_enough and counts.pairs.compared >= asked.min_requests
    failure = _refusal(reports, pods) or _disagreement(asked, counts, found)
    passes = enough and found.verdict is Verdict.PASS and not seen.spec.suspend
    was_read = bool(seen.shadows.reports or seen.shadows.unread)
    now = told.model_copy(
        update={
            "state": _state(failure, passes=passes),
            "comparing_since": since,
            "compared": counts.pairs.compared,
            "dropped": counts.dropped,
            "failed": counts.failed,
            "flip_rate": _figure(found.flip_rate),
            "psi": _figure(found.psi),
            "unread": unread[:1024] if was_read else told.unread,
            "counted": counts.text(),
            "readings": readings,
        }
    )
    status = told if now == told else now.model_copy(update={"time": rfc3339(seen.now)})
    return Shadow(
        candidate,
        status,
        is_new=False,
        failure=failure,
        words=figure_words(asked, counts, found),
        is_long_enough=long_enough,
    )


def _nameless(reports: Mapping[str, ShadowReport], pods: Mapping[str, str]) -> dict[str, str]:
    """Return why pods refuse what they could not even read the digest and attempt of."""
    return {
        pods[pod]: f"{report.reason}: {report.message}"
        for pod, report in reports.items()
        if pod in pods and report.state == "Refused" and not (report.sha256 and report.attempt)
    }


def _loading(reports: Mapping[str, ShadowReport], pods: Mapping[str, str]) -> dict[str, str]:
    """Return what pods wait for before they can compare."""
    return {
        pods[pod]: report.message
        for pod, report in reports.items()
        if report.state == "Loading" and report.message
    }


def _refusal(reports: Mapping[str, ShadowReport], pods: Mapping[str, str]) -> Failure | None:
    for pod, report in sorted(reports.items(), key=lambda item: pods[item[0]]):
        if report.state == "Refused":
            words = f"pod {pods[pod]} cannot score it: {report.reason}: {report.message}"
            return Failure(Reason.SHADOW_REFUSED, words)
    return None


def _disagreement(asked: rollout.Shadow, counts: ShadowCounts, found: Comparison) -> Failure | None:
    if found.verdict is not Verdict.FAIL:
        return None
    return Failure(Reason.SHADOW_DISAGREES, figure_words(asked, counts, found))


def figure_words(asked: rollout.Shadow, counts: ShadowCounts, found: Comparison) -> str:
    """Return what is known of a candidate, beside what is allowed."""
    failed = f", {counts.failed} of them without a score" if counts.failed else ""
    return (
        f"of {counts.pairs.compared} requests{failed} it would have decided"
        f" {_percent(found.flip_rate.value)} otherwise ({_range(found.flip_rate, _percent)}), at"
        f" most {_percent(float(asked.max_flip_rate))} is allowed; PSI of the scores"
        f" {found.psi.value:.3g} ({_range(found.psi, _short)}), at most {asked.max_psi} is allowed"
    )


def _state(failure: Failure | None, *, passes: bool) -> State:
    if failure:
        return "Refused" if failure.reason is Reason.SHADOW_REFUSED else "Disagrees"
    return "Passed" if passes else "Comparing"


def _figure(bounds: Bounds) -> FigureStatus:
    return FigureStatus(
        value=_short(bounds.value),
        lower=_short(bounds.lower),
        upper=_short(bounds.upper) if isfinite(bounds.upper) else None,
    )


def _range(bounds: Bounds, written: Callable[[float], str]) -> str:
    if not isfinite(bounds.upper):
        return "too few to say more"
    return f"between {written(bounds.lower)} and {written(bounds.upper)}"


def _short(figure: float) -> str:
    return f"{figure:.{DIGITS}g}"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
