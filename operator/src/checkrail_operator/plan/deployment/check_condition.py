"""``ChecksPassing``: what the checks of a rollout say together."""

from collections.abc import Iterable

from checkrail_api.conditions import Condition, condition
from checkrail_api.deployment_status import CheckStatus
from checkrail_api.reasons import Reason
from checkrail_operator.plan.deployment.evidence import Evidence
from checkrail_stats.verdicts import Verdict


def checks_passing(evidence: Evidence, now: str) -> Condition | None:
    """Return the condition; None without checks."""
    checks = evidence.checks
    if not checks:
        return None
    if evidence.failure:
        failure = evidence.failure
        return condition("ChecksPassing", "False", failure.reason, failure.words, now=now)
    words = "; ".join(_words(check) for check in checks)
    if evidence.all_pass:
        return condition("ChecksPassing", "True", Reason.CHECKS_PASSED, words, now=now)
    return condition("ChecksPassing", "Unknown", Reason.INCONCLUSIVE, words, now=now)


def missing_words(checks: Iterable[CheckStatus]) -> str:
    """Return which checks do not pass yet, and how far they are."""
    return "; ".join(_words(c) for c in checks if c.verdict != Verdict.PASS.value)


def _words(check: CheckStatus) -> str:
    if check.verdict != Verdict.INCONCLUSIVE.value:
        return f"{check.name}: {check.verdict}"
    if check.samples_needed is None:
        return f"{check.name}: {check.verdict}, {check.message}"
    return (
        f"{check.name}: {check.verdict}, about {check.samples_needed} requests more are needed:"
        f" {check.message}"
    )
