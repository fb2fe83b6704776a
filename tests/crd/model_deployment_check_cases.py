"""What the checks of a ModelDeployment's rollout may say."""

# ruff: noqa: E501 - an answer stands as the API server gives it, in one line
from typing import Any

from crd.cases import Case


def _checks(*checks: dict[str, Any]) -> dict[str, Any]:
    return {
        "spec.rollout.checks": [
            {"name": f"c{number}", **each} for number, each in enumerate(checks)
        ]
    }


ERRORS = {"builtin": "ErrorRate"}
PROMETHEUS = {"address": "http://prometheus:9090", "query": "up"}
QUERY = {"prometheus": PROMETHEUS, "max": "1"}


def _address(text: str) -> dict[str, Any]:
    return _checks({**QUERY, "prometheus": {**PROMETHEUS, "address": text}})


CASES = {
    "a check is built in or a query": Case(
        _checks({}),
        'spec.rollout.checks[0]: Invalid value: "object": set exactly one of builtin and prometheus',
        accepted=_checks(ERRORS),
    ),
    "a check is not both built in and a query": Case(
        _checks({**ERRORS, **QUERY}),
        'spec.rollout.checks[0]: Invalid value: "object": set exactly one of builtin and prometheus',
        accepted=_checks(QUERY),
    ),
    "a built-in check is one of four": Case(
        _checks({"builtin": "Latency"}),
        'spec.rollout.checks[0].builtin: Unsupported value: "Latency": supported values: "ErrorRate", "LatencyP99", "ScoreShift", "FeatureRange"',
        accepted=_checks({"builtin": "LatencyP99"}),
    ),
    "maxIncrease belongs to shares of requests": Case(
        _checks({"builtin": "LatencyP99", "maxIncrease": "0.1"}),
        'spec.rollout.checks[0].maxIncrease: Invalid value: "object": maxIncrease belongs to builtin ErrorRate and FeatureRange',
        accepted=_checks({"builtin": "FeatureRange", "maxIncrease": "0.1"}),
    ),
    "maxRatio belongs to LatencyP99": Case(
        _checks({**ERRORS, "maxRatio": "2"}),
        'spec.rollout.checks[0].maxRatio: Invalid value: "object": maxRatio belongs to builtin LatencyP99',
        accepted=_checks({"builtin": "LatencyP99", "maxRatio": "2"}),
    ),
    "maxPSI belongs to ScoreShift": Case(
        _checks({**ERRORS, "maxPSI": "0.1"}),
        'spec.rollout.checks[0].maxPSI: Invalid value: "object": maxPSI belongs to builtin ScoreShift',
        accepted=_checks({"builtin": "ScoreShift", "maxPSI": "0.1"}),
    ),
    "min and max belong to a query": Case(
        _checks({**ERRORS, "max": "1"}),
        'spec.rollout.checks[0]: Invalid value: "object": min and max belong to prometheus, which needs at least one of them',
        accepted=_checks({"prometheus": PROMETHEUS, "min": "-1", "max": "1"}),
    ),
    "a query has a bound": Case(
        _checks({"prometheus": PROMETHEUS}),
        'spec.rollout.checks[0]: Invalid value: "object": min and max belong to prometheus, which needs at least one of them',
        accepted=_checks({"prometheus": PROMETHEUS, "min": "0"}),
    ),
    "a query is not empty": Case(
        _checks({**QUERY, "prometheus": {**PROMETHEUS, "query": ""}}),
        'spec.rollout.checks[0].prometheus.query: Invalid value: "": spec.rollout.checks[0].prometheus.query in body should be at least 1 chars long',
        accepted=_checks(QUERY),
    ),
    "a query is asked over HTTP": Case(
        _address("file:///etc/passwd"),
        "spec.rollout.checks[0].prometheus.address: Invalid value: \"file:///etc/passwd\": spec.rollout.checks[0].prometheus.address in body should match '^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[^?#\\s]*)?$'",
        accepted=_address("https://prometheus.example.com:9090/team-a/"),
    ),
    "an address has no query of its own": Case(
        _address("http://prometheus:9090/?a=b"),
        "spec.rollout.checks[0].prometheus.address: Invalid value: \"http://prometheus:9090/?a=b\": spec.rollout.checks[0].prometheus.address in body should match '^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[^?#\\s]*)?$'",
        accepted=_address("http://10.0.0.1:9090"),
    ),
    "checks have names of their own": Case(
        {"spec.rollout.checks": [{"name": "a", **ERRORS}, {"name": "a", **QUERY}]},
        'spec.rollout.checks: Invalid value: "object": every check needs a name of its own',
        accepted={"spec.rollout.checks": [{"name": "a", **ERRORS}, {"name": "b", **QUERY}]},
    ),
    "a built-in check is made once": Case(
        _checks(ERRORS, ERRORS),
        'spec.rollout.checks: Invalid value: "object": a builtin can be checked once',
        accepted=_checks(ERRORS, QUERY, QUERY),
    ),
    "a check's name is a DNS label": Case(
        {"spec.rollout.checks": [{"name": "A b", **ERRORS}]},
        "spec.rollout.checks[0].name: Invalid value: \"A b\": spec.rollout.checks[0].name in body should match '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'",
        accepted={"spec.rollout.checks": [{"name": "a-b", **ERRORS}]},
    ),
    "there are at most 16 checks": Case(
        _checks(*[QUERY] * 17),
        "spec.rollout.checks: Too many: 17: must have at most 16 items",
        accepted=_checks(*[QUERY] * 16),
    ),
    "no check at all is allowed": Case(
        {"spec.rollout.checks": [{}]},
        "spec.rollout.checks[0].name: Required value",
        accepted={"spec.rollout.checks": []},
    ),
    "pods are read at least every 5 minutes": Case(
        {"spec.rollout.checkPeriodSeconds": 301},
        "spec.rollout.checkPeriodSeconds: Invalid value: 301: spec.rollout.checkPeriodSeconds in body should be less than or equal to 300",
        accepted={"spec.rollout.checkPeriodSeconds": 300},
    ),
    "pods are read at most every second": Case(
        {"spec.rollout.checkPeriodSeconds": 0},
        "spec.rollout.checkPeriodSeconds: Invalid value: 0: spec.rollout.checkPeriodSeconds in body should be greater than or equal to 1",
        accepted={"spec.rollout.checkPeriodSeconds": 1},
    ),
    "a failed check takes back or pauses": Case(
        {"spec.rollout.onFailure": "Ignore"},
        'spec.rollout.onFailure: Unsupported value: "Ignore": supported values: "RollBack", "Pause"',
        accepted={"spec.rollout.onFailure": "Pause"},
    ),
    "the fewest requests are a count": Case(
        {"spec.rollout.minRequests": -1},
        "spec.rollout.minRequests: Invalid value: -1: spec.rollout.minRequests in body should be greater than or equal to 0",
        accepted={"spec.rollout.minRequests": 0},
    ),
    "the fewest requests are at most a billion": Case(
        {"spec.rollout.minRequests": 1_000_000_001},
        "spec.rollout.minRequests: Invalid value: 1000000001: spec.rollout.minRequests in body should be less than or equal to 1000000000",
        accepted={"spec.rollout.minRequests": 1_000_000_000},
    ),
    "evidence is NotFail or Pass": Case(
        {"spec.rollout.evidence": "Fail"},
        'spec.rollout.evidence: Unsupported value: "Fail": supported values: "NotFail", "Pass"',
        accepted={"spec.rollout.evidence": "Pass"},
    ),
    "history is not negative": Case(
        {"spec.rollout.historyLimit": -1},
        "spec.rollout.historyLimit: Invalid value: -1: spec.rollout.historyLimit in body should be greater than or equal to 0",
        accepted={"spec.rollout.historyLimit": 0},
    ),
    "history keeps at most 50 rollouts": Case(
        {"spec.rollout.historyLimit": 51},
        "spec.rollout.historyLimit: Invalid value: 51: spec.rollout.historyLimit in body should be less than or equal to 50",
        accepted={"spec.rollout.historyLimit": 50},
    ),
}
