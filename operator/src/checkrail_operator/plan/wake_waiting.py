"""Whom it concerns that a version comes or goes, and that nobody serves it any more."""

from collections.abc import Iterable
from typing import Any

from checkrail_operator.plan.types import Key, Manifest


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


def served_by(deployment: Manifest) -> tuple[Key, ...]:
    """Return the versions that a ModelDeployment serves or tries, sorted: they may wait for it."""
    return _named(deployment["metadata"]["namespace"], deployment.get("status"))


def given_up(deployment: Manifest, status: Manifest | None) -> tuple[Key, ...]:
    """Return the versions that a ModelDeployment no longer serves once ``status`` is written."""
    if status is None:
        return ()
    kept = _named(deployment["metadata"]["namespace"], status)
    return tuple(key for key in served_by(deployment) if key not in kept)


def _named(namespace: str, status: Any) -> tuple[Key, ...]:
    told = [(status or {}).get(role) for role in ("stable", "canary")]
    names = {each["version"] for each in told if isinstance(each, dict) and "version" in each}
    return tuple(Key("ModelVersion", namespace, name) for name in sorted(names))
