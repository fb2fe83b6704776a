"""A version that is taken back by hand: remembered, and forgotten once a retry is asked for."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from demo.cluster import condition, kubectl, wait_for
from demo.team import Body, Team

from e2e.relied_on import differences, relied_on
from e2e.side_by_side import CHILDREN, Phase, phase
from e2e.teams import deployment, namespaces, record_versions

NAMESPACE = "checkrail-e2e-abort"
NAME = "mine"
HELD = [{"weight": 50, "holdSeconds": 3600}]
QUICK = [{"weight": 50, "holdSeconds": 1}]


@dataclass(frozen=True)
class Mine:
    """A ModelDeployment whose rollouts somebody takes back by hand."""

    team: Team
    old: str
    new: str

    def ask_for(self, version: str, **rollout: object) -> None:
        """Ask for a version."""
        self.team.apply(deployment(NAME, version, rollout=rollout))

    def once(self, wanted: Phase, what: str) -> Body:
        """Return the object once it is in a phase."""

        def look() -> Body | None:
            body = self.team.get("modeldeployment", NAME)
            return body if phase(body) is wanted else None

        return wait_for(what, look, seconds=120)

    def relied_on(self, name: str = NAME) -> Body:
        """Return what users rely on of a ModelDeployment."""
        where = ("-n", NAMESPACE, "-l", f"checkrail.dev/owner={name}", "-o", "json")
        children: list[Body] = json.loads(kubectl("get", CHILDREN, *where))["items"]
        return relied_on(self.team.get("modeldeployment", name), children)

    def ends_as(self, new: Body) -> None:
        """Wait until nothing differs from a new ModelDeployment of the same spec."""

        def look() -> bool | None:
            return True if self.relied_on() == new else None

        try:
            wait_for("the end to be as a new one's", look, seconds=60)
        finally:
            assert differences(self.relied_on(), new) == []


@pytest.fixture(scope="module")
def mine(lake: None) -> Iterator[Mine]:  # noqa: ARG001 - the operator comes first
    """Serve a version; let another one have half of the requests."""
    with namespaces(NAMESPACE) as [team]:
        old, new = record_versions([team], (61, 62))
        mine = Mine(team, old, new)
        for name, version in ((NAME, old), ("new-old", old), ("new-new", new)):
            team.apply(deployment(name, version, rollout={"steps": HELD}))
        for name in (NAME, "new-old", "new-new"):
            where = ("-n", NAMESPACE, "--timeout=120s")
            kubectl("wait", "--for=condition=Ready", f"mdep/{name}", *where)
        mine.ask_for(new, steps=HELD)
        mine.once(Phase.CLIMBING, "a canary with a share")
        yield mine


def test_what_is_taken_back_by_hand_is_remembered(mine: Mine) -> None:
    mine.ask_for(mine.new, steps=HELD, abort=mine.new)
    mine.once(Phase.SETTLING, "the canary to be gone")
    status = mine.team.get("modeldeployment", NAME)["status"]
    assert [(each["version"], each["reason"]) for each in status["rejected"]] == [
        (mine.new, "Aborted")
    ]

    mine.ask_for(mine.new, steps=HELD)

    body = mine.once(Phase.SETTLING, "the spec without abort to be seen")
    assert body["status"]["stable"]["version"] == mine.old
    assert condition(body, "Stalled")["reason"] == "RolledBack"
    assert condition(body, "Available")["status"] == "True"


def test_asking_for_the_old_version_ends_as_a_new_one_of_it(mine: Mine) -> None:
    mine.ask_for(mine.old, steps=HELD)
    remembered = mine.once(Phase.AT_REST, "rest")["status"]["rejected"]

    mine.ends_as(mine.relied_on("new-old") | {"rejected": remembered})


def test_a_retry_ends_as_a_new_one_of_the_version(mine: Mine) -> None:
    mine.ask_for(mine.new, steps=QUICK, retry="1")
    mine.once(Phase.AT_REST, "the version to take over")

    mine.ends_as(mine.relied_on("new-new"))
