"""Which service holds the artifact of a version: what the version says, else the operator."""

from checkrail_api.object_store import ObjectStore
from checkrail_operator.plan.types import Defaults


def artifact_store(own: ObjectStore | None, defaults: Defaults) -> ObjectStore:
    """Return the service that holds an artifact.

    Args:
        own: What its ModelVersion says of it; None: nothing.
        defaults: The operator's values, for what it leaves out.
    """
    return filled(own, default_store(own, defaults))


def default_store(own: ObjectStore | None, defaults: Defaults) -> ObjectStore:
    """Return the operator's object store; for a version that names none, its artifact store."""
    published_to = defaults.store if own is None else None
    return ObjectStore.model_validate(
        {**defaults.object_store, **(published_to or {})}, extra="ignore"
    )


def filled(own: ObjectStore | None, other: ObjectStore) -> ObjectStore:
    """Return ``own``, with what it leaves out taken from ``other``."""
    return ObjectStore.model_validate({**other.dump(), **(own.dump() if own else {})})
