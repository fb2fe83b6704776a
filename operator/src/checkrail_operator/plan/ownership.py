"""Whose an object is: ours, by an ownerReference with our UID; and who answers for it."""

from typing import Any

from checkrail_api.kind import API_VERSION
from checkrail_api.names import LABEL_OWNERSHIP_OWNER, LABEL_PROJECT
from checkrail_api.training_job import Ownership
from checkrail_operator.plan.types import Key


def answering_labels(ownership: Ownership | None) -> dict[str, str]:
    """Return the labels that say who answers for a run; what its spec leaves out has none."""
    if ownership is None:
        return {}
    named = {LABEL_OWNERSHIP_OWNER: ownership.owner, LABEL_PROJECT: ownership.project}
    return {label: value for label, value in named.items() if value is not None}


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
