"""Deleting a ModelDeployment or its namespace, in every phase: nothing is stuck, nothing left."""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from demo.cluster import WaitError, kubectl, wait_for
from demo.team import Body, Team

from e2e.operator_figures import operator_figure
from e2e.side_by_side import Phase, Script, Stage, play, until
from e2e.teams import deployment, namespaces, record_versions

NAME = "served"
GONE_WITHIN_SECONDS = 60
"""A pod has 30 seconds to answer what is under way, and needs one or two; then its objects go."""
SETTLE_SECONDS = 300
LONG = 3600
HELD = [{"weight": 40, "holdSeconds": LONG}]
PAUSED = [{"weight": 40, "holdSeconds": 0}, {"pause": {}}, {"weight": 80, "holdSeconds": LONG}]
PHASES = {
    Phase.FIRST: HELD,
    Phase.CLIMBING: HELD,
    Phase.PAUSED: PAUSED,
    Phase.GOING_BACK: HELD,
    Phase.AT_REST: HELD,
}
NO_IMAGE = "checkrail.dev/absent:dev"
"""Keeps a first rollout in that phase: its pods wait for the image."""
NOISE = ("events", "events.events.k8s.io")
"""What the API server itself forgets after an hour."""


@dataclass
class Gone:
    """How long it took until nothing was left, seconds, by what was deleted and in which phase."""

    seconds: dict[tuple[str, Phase], float] = field(default_factory=dict)
    left: dict[Phase, list[str]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def gone(lake: None) -> Iterator[Gone]:  # noqa: ARG001 - the operator comes first
    """Bring a ModelDeployment to each phase, twice; delete one, and the namespace of the other."""
    names = [f"checkrail-e2e-{what}-{n}" for what in ("mdep", "ns") for n in range(len(PHASES))]
    with namespaces(*names) as teams:
        versions = record_versions(teams, (31, 32))
        bugs = operator_figure("checkrail_operator_bugs_total")
        stage, gone = Stage(), Gone()
        kinds, before = _kinds(), {}
        for team in teams:
            before[team.namespace] = everything_in(team.namespace, kinds)
        scripts = [
            _deleted(stage, team, versions, phase, gone, whole=team in teams[len(PHASES) :])
            for team, phase in zip(teams, [*PHASES, *PHASES], strict=True)
        ]
        play(stage, scripts, at_once=len(scripts), seconds=SETTLE_SECONDS)
        for team, phase in zip(teams, PHASES, strict=False):
            gone.left[phase] = _left(team.namespace, kinds, before[team.namespace])
        assert operator_figure("checkrail_operator_bugs_total") == bugs
        for (what, phase), seconds in sorted(gone.seconds.items()):
            print(f"{what} deleted, {phase}: nothing left after {seconds:.0f} s")  # noqa: T201 - the figures
        yield gone


def _kinds() -> str:
    names = kubectl("api-resources", "--namespaced", "--verbs=list", "-o", "name").split()
    return ",".join(name for name in names if name not in NOISE)


def everything_in(namespace: str, kinds: str) -> set[str]:
    """Return every object in a namespace, of every kind that can be listed."""
    return set(kubectl("get", kinds, "-n", namespace, "-o", "name", "--ignore-not-found").split())


def _left(namespace: str, kinds: str, before: set[str]) -> list[str]:
    """Return what is there and was not, or the other way round, once controllers have done."""
    with suppress(WaitError):
        wait_for(
            "nothing else to be left",
            lambda: True if everything_in(namespace, kinds) == before else None,
            seconds=GONE_WITHIN_SECONDS,
        )
    return sorted(everything_in(namespace, kinds) ^ before)


def _deleted(
    stage: Stage, team: Team, versions: list[str], phase: Phase, gone: Gone, *, whole: bool
) -> Script:
    """Bring a ModelDeployment to a phase; delete it or its namespace; wait until all is gone."""
    namespace = team.namespace
    yield from _brought_to(stage, namespace, versions, phase)
    began = time.monotonic()
    if whole:
        stage.delete_namespace(namespace)
        what = "namespace"
    else:
        stage.delete(namespace, NAME)
        what = "ModelDeployment"

    def nothing_is_left() -> bool:
        if whole:
            return namespace not in stage.look.namespaces
        return not stage.deployment(namespace, NAME) and not stage.children(namespace, NAME)

    yield from until(nothing_is_left, what=f"{phase}: nothing to be left of the {what}")
    gone.seconds[what, phase] = time.monotonic() - began


def _brought_to(stage: Stage, namespace: str, versions: list[str], phase: Phase) -> Script:
    old, new = versions
    rollout: Body = {"steps": PHASES[phase]}

    def is_in(expected: Phase) -> bool:
        return stage.phase(namespace, NAME) is expected and bool(stage.children(namespace, NAME))

    def ask_for(version: str) -> None:
        body = deployment(NAME, version, rollout=rollout)
        if phase is Phase.FIRST:
            body["spec"]["server"]["image"] = NO_IMAGE
        body["spec"]["traffic"]["gateway"]["hostnames"] = [f"{namespace}.example.com"]
        stage.apply(namespace, body)

    ask_for(old)
    if phase is not Phase.FIRST:
        yield from until(lambda: is_in(Phase.AT_REST), what="the first rollout")
        if phase is not Phase.AT_REST:
            ask_for(new)
            if phase is Phase.GOING_BACK:
                yield from until(lambda: is_in(Phase.CLIMBING), what="a canary with a share")
                rollout["abort"] = new
                ask_for(new)
    yield from until(lambda: is_in(phase), what=str(phase))


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("what", ["ModelDeployment", "namespace"])
def test_nothing_is_stuck(gone: Gone, what: str, phase: Phase) -> None:
    assert gone.seconds[what, phase] < GONE_WITHIN_SECONDS


@pytest.mark.parametrize("phase", PHASES)
def test_nothing_is_left_of_any_kind(gone: Gone, phase: Phase) -> None:
    assert gone.left[phase] == []
