"""A ModelVersion is a record: its pass changes nothing and wakes those who wait for it."""

from collections.abc import Sequence
from typing import Protocol

from checkrail_operator.plan.types import Key, Plan


class Seen(Protocol):
    """What the decision needs; ``observe.model_version.ModelVersionSeen`` is one."""

    @property
    def key(self) -> Key:
        """The version."""

    @property
    def waiting(self) -> Sequence[Key]:
        """ModelDeployments that ask for it."""


def plan(seen: Seen) -> Plan:
    """Wake the ModelDeployments that name the version or follow its model."""
    return Plan(seen.key, wake=tuple(seen.waiting))
