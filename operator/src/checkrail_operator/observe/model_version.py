"""What a pass for a ModelVersion sees: who may be waiting for it."""

from dataclasses import dataclass
from datetime import datetime

from checkrail_operator.observe.raw import Raw
from checkrail_operator.plan.types import Defaults, Key


@dataclass(frozen=True)
class ModelVersionSeen:
    """A published version and the ModelDeployments that ask for it.

    Attributes:
        key: The version.
        waiting: ModelDeployments of its namespace that name it or follow its model, sorted.
    """

    key: Key
    waiting: tuple[Key, ...]


def see(raw: Raw, now: datetime, defaults: Defaults) -> ModelVersionSeen:  # noqa: ARG001 - every kind is seen through the same signature
    """Find the ModelDeployments that name the version or follow its model."""
    metadata = raw.owner["metadata"]
    name, namespace = metadata["name"], metadata["namespace"]
    asked_as = ({"versionRef": {"name": name}}, {"follow": {"model": raw.owner["spec"]["model"]}})
    waiting = sorted(
        Key("ModelDeployment", namespace, other["metadata"]["name"])
        for other in raw.related
        if other["kind"] == "ModelDeployment" and other["spec"]["model"] in asked_as
    )
    return ModelVersionSeen(Key("ModelVersion", namespace, name), tuple(waiting))
