"""How a new version of a ModelDeployment takes over: its shares, and what is compared meanwhile."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from checkrail_api.checks import DEFAULT_CHECKS, DEFAULT_MAX_PSI, Check
from checkrail_api.model import Decimal, Model, Rule, SignedDecimal


class Pause(Model):
    """A stop until somebody lets the version go on."""


class Step(Model):
    """One share of the traffic and how long it is held, or a pause."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.pause) ? !has(self.weight) && !has(self.holdSeconds)"
            " : has(self.weight) && has(self.holdSeconds)",
            "must hold either weight and holdSeconds, or pause alone",
        ),
    )

    weight: Annotated[int, Field(ge=1, le=100)] | None = None
    """Share of the requests that the new version gets, percent."""

    hold_seconds: Annotated[int, Field(ge=0, le=604_800)] | None = None
    """How long the share is held before the next step, seconds."""

    pause: Pause | None = None
    """Keeps the share until rollout.promote names the version."""


DEFAULT_STEPS = [
    Step(weight=5, hold_seconds=60),
    Step(weight=25, hold_seconds=60),
    Step(weight=50, hold_seconds=60),
]


class Shadow(Model):
    """What a new version must show in shadow before it gets any share."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "double(self.maxFlipRate) > 0.0 && double(self.maxFlipRate) < 1.0",
            "must be greater than 0 and less than 1: no number of requests shows that no decision"
            " ever changes",
            field=".maxFlipRate",
        ),
        Rule(
            "double(self.maxPSI) > 0.0",
            "must be greater than 0: no number of requests shows that two distributions are one",
            field=".maxPSI",
        ),
        Rule(
            "self.thresholds.all(a, double(a) >= -1e6 && double(a) <= 1e6"
            " && self.thresholds.exists_one(b, double(a) == double(b)))",
            "every threshold must be another number between -1e6 and 1e6",
            field=".thresholds",
        ),
    )

    seconds: Annotated[int, Field(ge=0, le=604_800)] = 300
    """How long both versions are compared at least, seconds, from the first request on. It begins
    anew after a time without pods, or without the new version."""

    min_requests: Annotated[int, Field(ge=1, le=1_000_000_000)] = 1000
    """Requests that both must have scored."""

    thresholds: Annotated[
        list[SignedDecimal],
        Field(min_length=1, max_length=8, json_schema_extra={"x-kubernetes-list-type": "set"}),
    ] = ["0.5"]
    """Scores above which your decision is another one: of a classifier of two classes the second
    one's probability, of more the largest, else the first number of the output. Each is another
    number, between -1e6 and 1e6; their order means nothing."""

    max_flip_rate: Decimal = "0.02"
    """Largest share of the requests that the new version would decide otherwise, at any of the
    thresholds."""

    max_psi: Annotated[Decimal, Field(alias="maxPSI")] = DEFAULT_MAX_PSI
    """Largest population stability index between the scores of both on the same requests."""


class Rollout(Model):
    """How a new version takes over."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.steps.filter(s, has(s.weight)).map(s, s.weight).isSorted()"
            " && self.steps.filter(s, has(s.weight)).all(a,"
            " self.steps.exists_one(b, has(b.weight) && b.weight == a.weight))",
            "every weight must be greater than the one before it",
            field=".steps",
        ),
        Rule(
            "self.checks.all(a, self.checks.exists_one(b, b.name == a.name))",
            "every check needs a name of its own",
            field=".checks",
        ),
        Rule(
            "self.checks.filter(c, has(c.builtin)).all(a, self.checks.exists_one(b,"
            " has(b.builtin) && b.builtin == a.builtin))",
            "a builtin can be checked once",
            field=".checks",
        ),
    )

    shadow: Shadow | None = None
    """Before the first step: the pods that serve score the new version, too, after they have
    answered, and what both say of the same requests decides. It has no pod meanwhile. Absent: the
    first step begins at once. With allowSignatureChange, a version of another signature is
    rejected all the same: it cannot score the same requests."""

    steps: Annotated[list[Step], Field(min_length=1, max_length=20)] = DEFAULT_STEPS
    """Shares to visit, increasing; after the last one the new version gets everything. Between
    them, pause: {} waits for promote. Default: 5, 25 and 50 percent, 60 seconds each."""

    checks: Annotated[list[Check], Field(max_length=16)] = DEFAULT_CHECKS
    """What is compared between the new version and the one that serves, while both answer. Default:
    ErrorRate and LatencyP99. An empty list: nothing."""

    check_period_seconds: Annotated[int, Field(ge=1, le=300)] = 5
    """How often the pods' counters are read and the checks are made, seconds."""

    on_failure: Literal["RollBack", "Pause"] = "RollBack"
    """What a failed check does. RollBack: the new version is taken back, and remembered. Pause: it
    keeps its share until abort names it, or the check that failed is changed."""

    min_requests: Annotated[int, Field(ge=0, le=1_000_000_000)] = 100
    """Requests that the new version must have answered in a step before the step can end: an idle
    service is not promoted. Requests that were the caller's fault (4xx) do not count."""

    evidence: Literal["NotFail", "Pass"] = "NotFail"
    """What the checks must say before the new version gets everything. NotFail: none has failed.
    Pass: all have passed."""

    progress_deadline_seconds: Annotated[int, Field(ge=10, le=86_400)] = 600
    """Time that pods of a version have to become ready before it is taken back, seconds."""

    allow_signature_change: bool = False
    """Whether a version may take over that asks for other inputs, or lacks an output, than the one
    that serves: requests that fit one of them fail on the other while both serve. With shadow, such
    a version is rejected all the same: leave shadow out for it."""

    promote: Annotated[str, Field(max_length=253)] = ""
    """Name of the ModelVersion that may pass every pause."""

    abort: Annotated[str, Field(max_length=253)] = ""
    """Name of a ModelVersion that is taken back, or not begun, while another one serves."""

    history_limit: Annotated[int, Field(ge=0, le=50)] = 5
    """Rollouts that are over which status keeps."""

    retry: Annotated[str, Field(max_length=64)] = ""
    """Any new value lets a version that was rolled back try again."""
