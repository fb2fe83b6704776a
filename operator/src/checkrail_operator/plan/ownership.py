"""What makes an object ours: an ownerReference with our UID (and labels to list it by)."""

from typing import Any

from checkrail_api.kind import API_VERSION
from checkrail_operator.plan.types import Key


def owner_reference(key: Key, uid: str) -> dict[str, Any]:
    """Return the reference by which the garbage collector and the operator know a child.

    ``blockOwnerDeletion`` stays out: it needs a permission on finalizers that deletion in the
    background does without.
    """
    return {
        "apiVersion": API_VERSION,
        "kind": key.kind,
        "name": key.name,
        "uid": uid,
        "controller": True,
    }
