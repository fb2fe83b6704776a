"""Which watch events of our own kinds are news, and whose child moved."""

from collections.abc import Mapping
from typing import Any, get_args

from checkrail_api.names import LABEL_KIND, LABEL_OWNER
from checkrail_operator.plan.types import Key, Manifest, OwnedKind
from checkrail_operator.plan.wake_waiting import served_by


def is_news(body: Manifest) -> bool:
    """Answer whether an event of an own object is more than the echo of our status write.

    A spec that no status speaks of yet is news, so is a deletion; a ModelVersion has no status and
    never changes, so each of its few events is.
    """
    metadata = body["metadata"]
    seen = (body.get("status") or {}).get("observedGeneration")
    return "deletionTimestamp" in metadata or metadata.get("generation") != seen


def woken_by(kind: OwnedKind, event: str, body: Manifest) -> tuple[Key, ...]:
    """Return whom an event about an own object concerns.

    Args:
        kind: Its kind.
        event: ADDED, MODIFIED or DELETED.
        body: The object, as it is or was.
    """
    metadata = body["metadata"]
    gone = event == "DELETED"
    if not gone and not is_news(body):
        return ()
    own = Key(kind, metadata["namespace"], metadata["name"])
    return (own, *(served_by(body) if gone and kind == "ModelDeployment" else ()))


def owner_key(namespace: str, labels: Mapping[str, Any]) -> Key | None:
    """Return whose child has these labels; None when they name no kind of ours."""
    kind, name = labels.get(LABEL_KIND), labels.get(LABEL_OWNER)
    return next((Key(k, namespace, name) for k in get_args(OwnedKind) if k == kind and name), None)
