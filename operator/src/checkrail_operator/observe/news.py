"""Which watch events of our own kinds are news, and whose child moved."""

from typing import get_args

from checkrail_api.kind import API_VERSION
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


def owners(metadata: Manifest) -> frozenset[Key]:
    """Return whose child has this metadata: whom its labels name, and who controls it.

    Labels alone are not enough: once somebody has edited them they name another object, or none.
    Its controller alone is not either: that of a pod is a Job or a ReplicaSet.
    """
    labels: Manifest = metadata.get("labels") or {}
    references: list[Manifest] = metadata.get("ownerReferences") or []
    named = {(labels.get(LABEL_KIND), labels.get(LABEL_OWNER))}
    controlling = {
        (reference["kind"], reference["name"])
        for reference in references
        if reference.get("controller") and reference["apiVersion"] == API_VERSION
    }
    return frozenset(
        Key(known, metadata["namespace"], name)
        for kind, name in named | controlling
        for known in get_args(OwnedKind)
        if known == kind and name
    )
