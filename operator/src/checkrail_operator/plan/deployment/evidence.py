"""What is known for and against a canary in this pass, and what follows from it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

from checkrail_api.deployment_status import Analysis, CanaryStatus, CheckStatus
from checkrail_operator.plan.deployment.analysis import (
    MOST_PODS,
    Arm,
    Split,
    counted,
    in_split,
    in_step,
)
from checkrail_operator.plan.deployment.checks import findings, known_answers, reason_of, statuses
from checkrail_operator.plan.deployment.deployment_seen import ModelDeploymentSeen
from checkrail_operator.plan.deployment.rejection import Failure
from checkrail_operator.plan.deployment.revision import Revision
from checkrail_operator.plan.instants import rfc3339
from checkrail_stats.verdicts import Verdict

FEWEST_FOR_SHARE = 100
"""Requests before the observed share is told."""
SKEW_POINTS = 2.0
"""Difference between the observed share and the one meant that is more than rounding, points."""
SIGMAS = 3.0
"""How far chance alone moves an observed share, in standard deviations."""


@dataclass(frozen=True)
class Evidence:
    """What was counted, and what the checks say of it.

    Attributes:
        analysis: The counts, for the status.
        checks: The verdicts, for the status.
        answered: Requests by which the canary can be judged, since its share last changed; none
            while there is nothing to compare them with.
        shares: Requests that the stable revision and the canary have answered since the split last
            changed.
        failure: The first check that fails.
        weight: The canary's share that all of this is about, percent.
        meant: What the split makes of it, percent: ``weight`` itself, or what pods can reach.
    """

    analysis: Analysis
    checks: tuple[CheckStatus, ...] = ()
    answered: int = 0
    shares: tuple[int, int] = (0, 0)
    failure: Failure | None = None
    weight: int = 0
    meant: float = 0.0

    @property
    def all_pass(self) -> bool:
        """Whether every check passes."""
        return all(check.verdict == Verdict.PASS.value for check in self.checks)

    @property
    def observed(self) -> float | None:
        """The canary's share of the requests, percent; None while too few were seen, or read."""
        total = sum(self.shares)
        if total < FEWEST_FOR_SHARE or self.analysis.unread:
            return None
        return 100 * self.shares[1] / total


def evidence_of(
    seen: ModelDeploymentSeen,
    stable: Revision,
    canary: Revision,
    canary_told: CanaryStatus,
    split: Split,
) -> Evidence:
    """Count what this pass has read, and judge all that was counted since the rollout began."""
    arms = _arms(seen, stable, canary)
    analysis = counted(canary_told.analysis, arms, seen.read, split, seen.now)
    told = seen.status.checks
    answers = known_answers(told, seen.answers) if split.weight else {}
    found = list(findings(seen.spec.rollout, analysis, answers))
    checks = tuple(statuses(found, told, rfc3339(seen.now)))
    served, answered = in_step(analysis, split)
    stable_share, canary_share = (counters.requests for counters in in_split(analysis, split))
    return Evidence(
        analysis=analysis,
        checks=checks,
        answered=answered.judged if served.judged else 0,
        shares=(stable_share, canary_share) if _all_are_read(arms) else (0, 0),
        failure=_failure(seen, checks),
        weight=split.weight,
        meant=split.share,
    )


def is_skewed(observed: float | None, meant: float, requests: int) -> bool:
    """Answer whether a share differs from the one that is meant by more than rounding and chance.

    Args:
        observed: Share of the requests, percent; None says nothing.
        meant: Share that the split makes, percent.
        requests: Of both revisions.
    """
    if observed is None:
        return False
    chance = SIGMAS * sqrt(meant * (100 - meant) / requests)
    return abs(observed - meant) > max(SKEW_POINTS, chance)


def _arms(seen: ModelDeploymentSeen, stable: Revision, canary: Revision) -> Mapping[str, Arm]:
    arms: dict[str, Arm] = {pod.uid: "stable" for pod in seen.of(stable).pods}
    return arms | {pod.uid: "canary" for pod in seen.of(canary).pods}


def _all_are_read(arms: Mapping[str, Arm]) -> bool:
    """Answer whether every pod's requests are counted, so that their shares are the split."""
    sizes = Counter(arms.values())
    return max(sizes.values(), default=0) <= MOST_PODS


def _failure(seen: ModelDeploymentSeen, checks: tuple[CheckStatus, ...]) -> Failure | None:
    asked = {check.name: check for check in seen.spec.rollout.checks}
    for check in checks:
        if check.verdict == Verdict.FAIL.value:
            return Failure(reason_of(asked[check.name]), f"check {check.name}: {check.message}")
    return None
