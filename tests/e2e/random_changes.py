"""Random histories of one ModelDeployment: what is asked for, and in which phase of the rollout.

A seed gives the same history every time; how far a rollout has come when the next change is made
is chosen by what its status says, not by a clock.
"""

from dataclasses import dataclass, replace
from random import Random
from typing import Any

from demo.team import Body

from e2e.imported_models import LINE
from e2e.side_by_side import Phase
from e2e.teams import deployment, tiny

CHANGES = 4
"""After the first apply. The first begins a rollout, the others are made in the middle of it; the
last asks for something that can be reached."""
BEFORE = (Phase.UNSEEN, Phase.FIRST, Phase.AT_REST, Phase.AT_REST)
WITHIN = (
    Phase.UNSEEN,
    Phase.STARTING,
    Phase.STARTING,
    Phase.CLIMBING,
    Phase.CLIMBING,
    Phase.WHOLE,
    Phase.WHOLE,
    Phase.GOING_BACK,
    Phase.PAUSED,
)
KINDS = (
    "version",
    "version",
    "version",
    "revert",
    "revert",
    "delete in the background",
    "delete in the foreground",
    "pause",
    "promote",
    "suspend",
    "server",
    "replicas",
    "route and autoscaler",
)
BEGINNINGS = ("version", "version", "server")


@dataclass(frozen=True)
class Asked:
    """What a spec asks for.

    Attributes:
        version: A version, or the line of versions to follow.
        cpu: What the server requests: another value makes another revision.
        replicas: Pods; two have a PodDisruptionBudget.
        scaled: Whether there is an autoscaler, and the route has a path.
        pauses: Whether the rollout pauses between its shares.
        promote: Which version passes the pause.
        suspend: Whether rollouts are held.
    """

    version: str
    cpu: str = "5m"
    replicas: int = 1
    scaled: bool = False
    pauses: bool = False
    promote: str = ""
    suspend: bool = False

    def body(self, name: str) -> Body:
        """Return the ModelDeployment that asks for it."""
        shares = [{"weight": weight, "holdSeconds": 1} for weight in (20, 60)]
        steps = [shares[0], {"pause": {}}, shares[1]] if self.pauses else shares
        body = deployment(
            name,
            self.version,
            server=tiny(self.cpu),
            replicas=self.replicas,
            rollout={"steps": steps, "promote": self.promote},
            suspend=self.suspend,
        )
        if self.scaled:
            body["spec"]["autoscaling"] = {"maxReplicas": 3}
            body["spec"]["traffic"]["gateway"]["path"] = "/scores"
        return body


@dataclass(frozen=True)
class Change:
    """One thing that somebody does.

    Attributes:
        kind: What it is, of ``KINDS``.
        at: The phase in which it is done, or the first in which nothing moves any more.
        asked: What the spec asks for after it.
    """

    kind: str
    at: Phase
    asked: Asked

    @property
    def cascade(self) -> str:
        """How the object is deleted before it is applied again; empty if it is not."""
        return self.kind.split()[-1] if self.kind.startswith("delete") else ""


@dataclass(frozen=True)
class History:
    """A first apply, and the changes after it."""

    seed: int
    first: Asked
    changes: tuple[Change, ...]

    @property
    def last(self) -> Asked:
        """What is asked for in the end."""
        return self.changes[-1].asked

    def __str__(self) -> str:
        """Return it for a person who has to repeat it."""
        told = [f"{c.at}: {c.kind} -> {c.asked}" for c in self.changes]
        return "\n  ".join([f"seed {self.seed}: {self.first}", *told])


def history(seed: int, versions: list[str]) -> History:
    """Return the history of a seed.

    Args:
        seed: Any number.
        versions: Three that exist; following their line gives the newest of them.
    """
    random = Random(seed)
    every = [Asked(version=random.choice(versions), pauses=random.random() < 0.3)]
    changes: list[Change] = []
    for number in range(CHANGES):
        kind, at = random.choice(KINDS), random.choice(WITHIN)
        if number == 0:
            kind, at = random.choice(BEGINNINGS), random.choice(BEFORE)
        asked = _changed(kind, every, versions, random)
        if number == CHANGES - 1:
            asked = reachable(asked, versions)
        every.append(asked)
        changes.append(Change(kind, at, asked))
    return History(seed, every[0], tuple(changes))


def reachable(asked: Asked, versions: list[str]) -> Asked:
    """Return the same with nothing in it that waits for somebody, or for pods."""
    promote = newest(asked.version, versions) if asked.pauses else asked.promote
    return replace(asked, suspend=False, promote=promote, replicas=max(1, asked.replicas))


def newest(version: str, versions: list[str]) -> str:
    """Return the version that is served in the end: of a line the newest, by time and name."""
    return max(versions) if version == LINE else version


def _changed(kind: str, every: list[Asked], versions: list[str], random: Random) -> Asked:
    now = every[-1]
    others = sorted({*versions, LINE} - {now.version})
    counts = sorted({0, 1, 2} - {now.replicas})
    parts: dict[str, dict[str, Any]] = {
        "version": {"version": random.choice(others)},
        "revert": vars(every[-2]) if len(every) > 1 else {},
        "pause": {"pauses": not now.pauses},
        "promote": {"promote": newest(now.version, versions)},
        "suspend": {"suspend": not now.suspend},
        "server": {"cpu": "6m" if now.cpu == "5m" else "5m"},
        "replicas": {"replicas": random.choice(counts)},
        "route and autoscaler": {"scaled": not now.scaled},
    }
    return replace(now, **parts.get(kind, {}))
