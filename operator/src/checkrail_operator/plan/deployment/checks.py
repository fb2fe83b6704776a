"""What the checks of a rollout say of what was counted.

All built-in checks of a rollout share one chance of a false alarm, 5 %: it is divided by their
number (Bonferroni). A query has no such bound; it is compared as it is.
"""

from collections.abc import Iterable, Iterator, Mapping

from checkrail_api.checks import (
    DEFAULT_MAX_INCREASE,
    DEFAULT_MAX_PSI,
    DEFAULT_MAX_RATIO,
    Builtin,
    Check,
)
from checkrail_api.deployment_status import Analysis, CheckStatus
from checkrail_api.reasons import Reason
from checkrail_api.rollout import Rollout
from checkrail_api.serving import REQUEST_SECONDS
from checkrail_operator.plan.deployment.analysis import of_phase
from checkrail_operator.plan.deployment.counters import Counters, QueryAnswer
from checkrail_stats.arms import Arm, Phase
from checkrail_stats.score_shift import Histograms
from checkrail_stats.verdicts import (
    ALPHA,
    ErrorRate,
    Finding,
    ScoreShift,
    SlowRequests,
    Verdict,
)

Pair = tuple[Counters, Counters]
"""The stable revision's and the canary's counters in one phase."""

REASONS: Mapping[Builtin, Reason] = {
    "ErrorRate": Reason.ERRORS_INCREASED,
    "LatencyP99": Reason.LATENCY_INCREASED,
    "ScoreShift": Reason.SCORES_SHIFTED,
    "FeatureRange": Reason.FEATURES_OUT_OF_RANGE,
}
"""Why a rollout is taken back when such a check fails."""


NOTHING_YET = "no requests of both versions have been compared yet"


def reason_of(check: Check) -> Reason:
    """Return why a rollout is taken back when ``check`` fails."""
    return REASONS[check.builtin] if check.builtin else Reason.QUERY_OUT_OF_BOUNDS


def findings(
    rollout: Rollout, analysis: Analysis, answers: Mapping[str, QueryAnswer]
) -> Iterator[tuple[Check, Finding | None, str]]:
    """Yield each check with its verdict and figures, and those in words; None: nothing is known."""
    pairs = [of_phase(phase) for phase in analysis.phases]
    idle = not any(stable.judged and canary.judged for stable, canary in pairs)
    builtin = sum(check.builtin is not None for check in rollout.checks)
    alpha = ALPHA / max(builtin, 1)
    for check in rollout.checks:
        if check.builtin and idle:
            yield check, None, NOTHING_YET
            continue
        match check.builtin:
            case "ErrorRate":
                yield check, *_errors(check, pairs, alpha)
            case "FeatureRange":
                yield check, *_outliers(check, pairs, alpha)
            case "LatencyP99":
                yield check, *_latency(check, pairs, alpha, analysis.stable_p99)
            case "ScoreShift":
                yield check, *_shift(check, pairs, alpha, rollout.min_requests)
            case None:
                yield check, *_answer(check, answers.get(check.name))


def statuses(
    found: Iterable[tuple[Check, Finding | None, str]],
    before: Iterable[CheckStatus],
    now: str,
) -> list[CheckStatus]:
    """Return what status says of the checks; a verdict keeps its time while it stays."""
    told = {status.name: status for status in before}
    return [
        _status(check, finding, words, told.get(check.name), now) for check, finding, words in found
    ]


def known_answers(
    told: Iterable[CheckStatus], new: Mapping[str, QueryAnswer]
) -> dict[str, QueryAnswer]:
    """Return the answers of this pass, and the last ones of the queries it did not make."""
    known = {
        each.name: QueryAnswer(float(each.canary))
        for each in told
        if each.canary is not None and each.stable is None  # only a query has no stable figure
    }
    return known | dict(new)


def _status(
    check: Check, finding: Finding | None, words: str, told: CheckStatus | None, now: str
) -> CheckStatus:
    made = finding or Finding(Verdict.INCONCLUSIVE, 0.0, 0.0, None)
    same = told is not None and told.verdict == made.verdict.value
    return CheckStatus(
        name=check.name,
        verdict=made.verdict.value,
        stable=None if check.prometheus or not finding else f"{made.stable:.4g}",
        canary=f"{made.canary:.6g}" if finding else None,
        samples_needed=made.samples_needed,
        message=words[:1024],
        time=told.time if told is not None and same else now,
    )


def _errors(check: Check, pairs: list[Pair], alpha: float) -> tuple[Finding, str]:
    allowed = float(check.max_increase or DEFAULT_MAX_INCREASE)
    phases = [Phase(*(_arm(each.judged, each.failed) for each in pair)) for pair in pairs]
    finding = ErrorRate(allowed, alpha).finding(phases)
    return finding, _more("of its requests failed", finding, allowed)


def _outliers(check: Check, pairs: list[Pair], alpha: float) -> tuple[Finding | None, str]:
    allowed = float(check.max_increase or DEFAULT_MAX_INCREASE)
    phases = [Phase(*(_arm(each.ranged, each.outliers) for each in pair)) for pair in pairs]
    if not any(phase.is_comparable for phase in phases):
        return None, "one of the versions has no training profile of its inputs to compare with"
    finding = ErrorRate(allowed, alpha).finding(phases)
    return finding, _more("had a value outside the training data", finding, allowed)


def _more(what: str, finding: Finding, allowed: float) -> str:
    return (
        f"{_percent(finding.canary)} {what}, {_percent(finding.stable)} of the serving version's;"
        f" at most {_percent(allowed)} more is allowed"
    )


def _latency(
    check: Check, pairs: list[Pair], alpha: float, p99: str | None
) -> tuple[Finding | None, str]:
    if p99 is None:
        return None, "the serving version has answered too few requests to know its 99th percentile"
    ratio = check.max_ratio or DEFAULT_MAX_RATIO
    slow = slow_edge(float(p99), float(ratio))
    phases = [
        Phase(*(_arm(each.requests, each.slower_than(slow)) for each in pair)) for pair in pairs
    ]
    finding = SlowRequests(alpha).finding(phases)
    words = (
        f"{_percent(finding.canary)} of its requests took longer than {slow:g} s"
        f" ({ratio} times the serving version's 99th percentile, on an edge of the histogram),"
        f" {_percent(finding.stable)} of the serving version's"
    )
    return finding, words


def slow_edge(p99: float, ratio: float) -> float:
    """Return beyond which duration a request is slow, seconds: moved up to a histogram's edge."""
    return next((edge for edge in REQUEST_SECONDS if edge >= ratio * p99), REQUEST_SECONDS[-1])


def _shift(check: Check, pairs: list[Pair], alpha: float, min_requests: int) -> tuple[Finding, str]:
    phases = [
        Histograms(stable.scores, canary.scores)
        for stable, canary in pairs
        if stable.scores and len(stable.scores) == len(canary.scores)
    ]
    allowed = check.max_psi or DEFAULT_MAX_PSI
    finding = ScoreShift(float(allowed), min_requests, alpha).finding(phases)
    if pairs and not phases:
        return finding, (
            "scores cannot be compared: the serving version has no training profile of its scores,"
            " or its ModelVersion no spec.scores"
        )
    return finding, f"PSI of the scores {finding.canary:.3g}; at most {allowed} is allowed"


def _answer(check: Check, answer: QueryAnswer | None) -> tuple[Finding | None, str]:
    if answer is None:
        return None, "the query is made once the new version has a share"
    if answer.value is None:
        return None, answer.trouble
    low = float(check.min) if check.min is not None else -float("inf")
    high = float(check.max) if check.max is not None else float("inf")
    verdict = Verdict.PASS if low <= answer.value <= high else Verdict.FAIL
    bounds = [
        *([f"at least {check.min}"] if check.min is not None else []),
        *([f"at most {check.max}"] if check.max is not None else []),
    ]
    words = f"the query answers {answer.value:.6g}; {' and '.join(bounds)} is allowed"
    return Finding(verdict, 0.0, answer.value, None), words


def _arm(units: int, events: int) -> Arm:
    return Arm(units, min(events, units))


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
