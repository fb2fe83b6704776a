"""Whatever is asked for on the way: a ModelDeployment ends as a new one of its last spec would."""

import time
from collections import Counter
from collections.abc import Iterator

import pytest
from demo.cluster import WaitError
from demo.team import Body, Team

from e2e.operator_figures import operator_figure
from e2e.random_changes import Asked, Change, History, history
from e2e.relied_on import differences, relied_on
from e2e.side_by_side import Phase, Script, Stage, play, until
from e2e.teams import namespaces, record_versions

pytestmark = pytest.mark.histories

NAMESPACE = "checkrail-e2e-random"
SEEDS = range(50)
AT_ONCE = 16
SECONDS = 2400
STANDING_STILL = {Phase.AT_REST, Phase.PAUSED, Phase.SUSPENDED}


@pytest.fixture(scope="module")
def team(lake: None) -> Iterator[Team]:  # noqa: ARG001 - the operator comes first
    """Give the histories a namespace with three versions."""
    with namespaces(NAMESPACE) as [team]:
        yield team


def test_every_history_ends_as_a_new_one_of_the_last_spec(team: Team) -> None:
    versions = record_versions([team], (21, 22, 23))
    histories = [history(seed, versions) for seed in SEEDS]
    bugs = operator_figure("checkrail_operator_bugs_total")

    began = time.monotonic()
    new = _new_ones(sorted({each.last for each in histories}, key=str))
    after_new = time.monotonic()
    told = Told()
    stage = Stage()
    scripts = (_lived(stage, each, new[each.last], told) for each in histories)
    play(stage, scripts, at_once=AT_ONCE, seconds=SECONDS)

    told.print(len(new), after_new - began, time.monotonic() - after_new)
    assert told.failures == [], "\n\n".join(told.failures)
    assert operator_figure("checkrail_operator_bugs_total") == bugs


class Told:
    """What the histories did, and which of them did not end as they should."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.done: Counter[tuple[Phase, str]] = Counter()
        self.failures: list[str] = []

    def print(self, new: int, new_seconds: float, seconds: float) -> None:
        """Print how often what was done in which phase."""
        total = self.done.total()
        print(f"\n{len(SEEDS)} histories, {total} changes in {seconds:.0f} s;", end=" ")  # noqa: T201 - the figures
        print(f"{new} new ones to compare with in {new_seconds:.0f} s")  # noqa: T201
        for phase in Phase:
            row = {kind: n for (at, kind), n in sorted(self.done.items()) if at is phase}
            words = ", ".join(f"{n} {kind}" for kind, n in row.items())
            print(f"  {phase}: {sum(row.values())} ({words})")  # noqa: T201


def _new_ones(asked: list[Asked]) -> dict[Asked, Body]:
    """Apply every spec under a new name; return what each comes to."""
    stage, found = Stage(), dict[Asked, Body]()
    scripts = (_new(stage, f"new-{n:02}", each, found) for n, each in enumerate(asked))
    play(stage, scripts, at_once=AT_ONCE, seconds=SECONDS)
    return found


def _new(stage: Stage, name: str, asked: Asked, found: dict[Asked, Body]) -> Script:
    stage.apply(NAMESPACE, asked.body(name))

    def has_come_to_rest() -> bool:
        pods = [pod for pod in stage.children(NAMESPACE, name) if pod["kind"] == "Pod"]
        rests = stage.phase(NAMESPACE, name) is Phase.AT_REST
        return rests and len(pods) == asked.replicas

    yield from until(has_come_to_rest, what=f"{name} to serve {asked}")
    found[asked] = _relied_on(stage, name)
    stage.delete(NAMESPACE, name)


def _lived(stage: Stage, each: History, new: Body, told: Told) -> Script:
    """Do what a history says, compare its end with a new one, and tell where they differ."""
    name = f"old-{each.seed:02}"
    try:
        stage.apply(NAMESPACE, each.first.body(name))
        before = each.first
        for change in each.changes:
            yield from _changed(stage, name, before, change, told)
            before = change.asked

        def is_as_new() -> bool:
            rests = stage.phase(NAMESPACE, name) is Phase.AT_REST
            return rests and _relied_on(stage, name) == new

        yield from until(is_as_new, what="the end")
    except WaitError as error:
        body = stage.deployment(NAMESPACE, name)
        found = _relied_on(stage, name) if "stable" in body.get("status", {}) else body
        told.failures.append("\n".join([f"{error}: {each}", *differences(found, new)]))
    stage.delete(NAMESPACE, name)


def _changed(stage: Stage, name: str, before: Asked, change: Change, told: Told) -> Script:
    """Wait for the phase of a change, and make it."""

    def is_time() -> bool:
        phase = stage.phase(NAMESPACE, name)
        still = phase in STANDING_STILL or (phase is not Phase.UNSEEN and not before.replicas)
        return phase is change.at or still or change.at is Phase.UNSEEN

    yield from until(is_time, what=f"{change.at}")
    told.done[stage.phase(NAMESPACE, name), change.kind] += 1
    if change.cascade:
        stage.delete(NAMESPACE, name, change.cascade)
    if change.cascade == "foreground":
        yield from until(lambda: not stage.deployment(NAMESPACE, name), what="the object to go")
    stage.apply(NAMESPACE, change.asked.body(name))


def _relied_on(stage: Stage, name: str) -> Body:
    return relied_on(stage.deployment(NAMESPACE, name), stage.children(NAMESPACE, name))
