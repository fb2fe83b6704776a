"""The checks of a rollout: what is compared between the canary and the stable version.

Verdicts are anytime-valid: looking again and again does not make false alarms likelier
(``checkrail_stats``, docs/rollouts.md).
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from checkrail_api.model import Decimal, Model, Rule, SignedDecimal

Builtin = Literal["ErrorRate", "LatencyP99", "ScoreShift", "FeatureRange"]
"""Comparisons of what the pods themselves count."""

CheckName = Annotated[
    str, Field(min_length=1, max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
]
"""Name of a check, unique in its rollout."""

DEFAULT_MAX_INCREASE = "0.01"
DEFAULT_MAX_RATIO = "1.5"
DEFAULT_MAX_PSI = "0.2"


class Prometheus(Model):
    """A query whose answer is one number."""

    address: Annotated[
        str, Field(max_length=1024, pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[^?#\s]*)?$")
    ]
    """Where Prometheus, or what answers its HTTP API, is: http://prometheus.monitoring:9090."""

    query: Annotated[str, Field(min_length=1, max_length=4096)]
    """PromQL, evaluated at the time of the check; its result must be a scalar or one sample."""


class Check(Model):
    """One comparison, or one query."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.builtin) != has(self.prometheus)",
            "set exactly one of builtin and prometheus",
        ),
        Rule(
            "!has(self.maxIncrease) ||"
            " (has(self.builtin) && self.builtin in ['ErrorRate', 'FeatureRange'])",
            "maxIncrease belongs to builtin ErrorRate and FeatureRange",
            field=".maxIncrease",
        ),
        Rule(
            "!has(self.maxRatio) || (has(self.builtin) && self.builtin == 'LatencyP99')",
            "maxRatio belongs to builtin LatencyP99",
            field=".maxRatio",
        ),
        Rule(
            "!has(self.maxPSI) || (has(self.builtin) && self.builtin == 'ScoreShift')",
            "maxPSI belongs to builtin ScoreShift",
            field=".maxPSI",
        ),
        Rule(
            "has(self.prometheus) == (has(self.min) || has(self.max))",
            "min and max belong to prometheus, which needs at least one of them",
        ),
    )

    name: CheckName
    """Name in status.checks."""

    builtin: Builtin | None = None
    """What the pods count. ErrorRate: answers 5xx and scores that are not finite. LatencyP99:
    requests slower than maxRatio times the serving version's 99th percentile. ScoreShift: the
    distribution of the scores. FeatureRange: requests with a value outside the training profile."""

    max_increase: Decimal | None = None
    """By how much the new version's share of such requests may exceed the serving one's, from 0 to
    1. Absent: 0.01."""

    max_ratio: Decimal | None = None
    """How many times the serving version's 99th percentile counts as slow. Absent: 1.5."""

    max_psi: Annotated[Decimal | None, Field(alias="maxPSI")] = None
    """Largest population stability index between the scores of both. Absent: 0.2."""

    prometheus: Prometheus | None = None
    """A query of your own. It is compared with min and max as it is, each time: smooth it in the
    query."""

    min: SignedDecimal | None = None
    """Smallest answer of the query that passes."""

    max: SignedDecimal | None = None
    """Largest answer of the query that passes."""


DEFAULT_CHECKS = [
    Check(name="errors", builtin="ErrorRate", max_increase=DEFAULT_MAX_INCREASE),
    Check(name="latency", builtin="LatencyP99", max_ratio=DEFAULT_MAX_RATIO),
]
