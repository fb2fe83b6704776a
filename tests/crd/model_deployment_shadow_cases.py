"""What the comparison in shadow of a ModelDeployment's rollout may ask for."""

# ruff: noqa: E501 - an answer stands as the API server gives it, in one line
from typing import Any

from crd.cases import Case


def _shadow(**fields: Any) -> dict[str, Any]:
    return {"spec.rollout.shadow": fields}


RATE = "must be greater than 0 and less than 1: no number of requests shows that no decision ever changes"
THRESHOLD = "every threshold must be another number between -1e6 and 1e6"
NO_NUMBER = f"spec.rollout.shadow: Invalid value: \"object\": type conversion error from 'string' to 'double' evaluating rule: {THRESHOLD}"

CASES = {
    "a shadow needs no word more": Case(
        {"spec.rollout.shadow": {"every": 1}},
        'ModelDeployment in version "v1alpha1" cannot be handled as a ModelDeployment: strict decoding error: unknown field "spec.rollout.shadow.every"',
        accepted=_shadow(),
    ),
    "a shadow is not negative": Case(
        _shadow(seconds=-1),
        "spec.rollout.shadow.seconds: Invalid value: -1: spec.rollout.shadow.seconds in body should be greater than or equal to 0",
        accepted=_shadow(seconds=0),
    ),
    "a shadow takes at most a week": Case(
        _shadow(seconds=604_801),
        "spec.rollout.shadow.seconds: Invalid value: 604801: spec.rollout.shadow.seconds in body should be less than or equal to 604800",
        accepted=_shadow(seconds=604_800),
    ),
    "a shadow compares a request at least": Case(
        _shadow(minRequests=0),
        "spec.rollout.shadow.minRequests: Invalid value: 0: spec.rollout.shadow.minRequests in body should be greater than or equal to 1",
        accepted=_shadow(minRequests=1),
    ),
    "a shadow compares at most a billion requests": Case(
        _shadow(minRequests=1_000_000_001),
        "spec.rollout.shadow.minRequests: Invalid value: 1000000001: spec.rollout.shadow.minRequests in body should be less than or equal to 1000000000",
        accepted=_shadow(minRequests=1_000_000_000),
    ),
    "a shadow has a threshold": Case(
        _shadow(thresholds=[]),
        "spec.rollout.shadow.thresholds: Invalid value: 0: spec.rollout.shadow.thresholds in body should have at least 1 items",
        accepted=_shadow(thresholds=["-1.5"]),
    ),
    "a shadow has at most eight thresholds": Case(
        _shadow(thresholds=[str(n) for n in range(9)]),
        "spec.rollout.shadow.thresholds: Too many: 9: must have at most 8 items",
        accepted=_shadow(thresholds=[str(n) for n in range(8)]),
    ),
    "a threshold stands once": Case(
        _shadow(thresholds=["0.5", "0.5"]),
        f'spec.rollout.shadow.thresholds[1]: Duplicate value: "0.5"\nspec.rollout.shadow.thresholds: Invalid value: "object": {THRESHOLD}',
        accepted=_shadow(thresholds=["0.5", "0.6"]),
    ),
    "a threshold stands once, however it is written": Case(
        _shadow(thresholds=["0.5", "0.50"]),
        f'spec.rollout.shadow.thresholds: Invalid value: "object": {THRESHOLD}',
        accepted=_shadow(thresholds=["0.5", "0.51"]),
    ),
    "a threshold is at most a million": Case(
        _shadow(thresholds=["1e7"]),
        f'spec.rollout.shadow.thresholds: Invalid value: "object": {THRESHOLD}',
        accepted=_shadow(thresholds=["1e6"]),
    ),
    "a threshold is at least minus a million": Case(
        _shadow(thresholds=["-1000001"]),
        f'spec.rollout.shadow.thresholds: Invalid value: "object": {THRESHOLD}',
        accepted=_shadow(thresholds=["-1e6"]),
    ),
    "a threshold is finite": Case(
        _shadow(thresholds=["1e999"]),
        NO_NUMBER,
        accepted=_shadow(thresholds=["1e-999"]),
    ),
    "a threshold is a number": Case(
        _shadow(thresholds=["half"]),
        "spec.rollout.shadow.thresholds[0]: Invalid value: \"half\": spec.rollout.shadow.thresholds[0] in body should match '^-?[0-9]+(\\.[0-9]+)?([eE][-+]?[0-9]+)?$'\n"
        + NO_NUMBER,
        accepted=_shadow(thresholds=["5e-1"]),
    ),
    "some decisions may flip": Case(
        _shadow(maxFlipRate="0.0"),
        f'spec.rollout.shadow.maxFlipRate: Invalid value: "object": {RATE}',
        accepted=_shadow(maxFlipRate="0.001"),
    ),
    "not every decision may flip": Case(
        _shadow(maxFlipRate="1"),
        f'spec.rollout.shadow.maxFlipRate: Invalid value: "object": {RATE}',
        accepted=_shadow(maxFlipRate="0.999"),
    ),
    "scores may shift a little": Case(
        _shadow(maxPSI="0"),
        'spec.rollout.shadow.maxPSI: Invalid value: "object": must be greater than 0: no number of requests shows that two distributions are one',
        accepted=_shadow(maxPSI="0.01"),
    ),
}
