"""A ModelVersion is a record: its pass changes nothing and wakes those whom it concerns."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from checkrail_operator.plan.types import Key, Manifest, Plan


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


def bereaved(gone: Key, deployments: Iterable[Manifest]) -> tuple[Key, ...]:
    """Return the ModelDeployments that named a version that is gone, or followed its model, sorted.

    All that is left of it is its name, which is its model's with 8 digits.
    """
    model = gone.name.rpartition("-")[0]
    asked_as = ({"versionRef": {"name": gone.name}}, {"follow": {"model": model}})
    return tuple(
        sorted(
            Key("ModelDeployment", gone.namespace, body["metadata"]["name"])
            for body in deployments
            if body["spec"]["model"] in asked_as
        )
    )
