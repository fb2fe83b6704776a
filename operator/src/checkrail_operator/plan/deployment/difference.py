"""Whether the cluster already is what a plan wants, so that a quiet pass writes nothing."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum, auto
from typing import Any

from checkrail_operator.plan.deployment.quantity import quantity
from checkrail_operator.plan.errors import NameConflictError
from checkrail_operator.plan.types import Manifest, Plan

APPLIED_HASH = "checkrail.dev/applied-hash"
"""Annotation on our children: digest of the manifest that was last applied."""

_SHARED_LISTS = {
    "conditions": "type",
    "containers": "name",
    "env": "name",
    "initContainers": "name",
    "ownerReferences": "uid",
    "ports": "name",
    "volumeMounts": "mountPath",
    "volumes": "name",
}
"""Lists that others may add items to, and the field that identifies an item (the API's
``x-kubernetes-list-type: map``). Every other list has one owner: it is equal or it is not. So
has one whose items lack that field, such as the ports of a NetworkPolicy."""

_WHOLE = frozenset({"filters", "matches", "matchLabels", "selector"})
"""Fields that have one owner down to their last leaf (atomic maps, and lists of such): one more
label in a selector, or one more match or filter in a rule of a route, keeps requests away. What
else stands in a rule, such as a timeout that a webhook sets, is left to others."""

_QUANTITY_FIELDS = frozenset({"requests", "limits", "sizeLimit"})
_IMMUTABLE = frozenset({("batch/v1", "Job")})


class Change(Enum):
    """What a wanted child needs."""

    CREATE = auto()
    APPLY = auto()
    NONE = auto()


def applied_hash(wanted: Manifest) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of ``wanted`` as canonical JSON."""
    text = json.dumps(wanted, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def applied(live: Manifest) -> str:
    """Return the digest of a child as a pass of ours applied it last; empty if none did."""
    return str((live["metadata"].get("annotations") or {}).get(APPLIED_HASH, ""))


def change_needed(wanted: Manifest, live: Manifest | None) -> Change:
    """Choose what to do for one child.

    The hash notices fields that are no longer wanted, the comparison notices fields that somebody
    else changed; an apply that would change nothing is not sent at all. A Job is never applied: its
    template is immutable, so an attempt under way ends as it was begun. What may change of it is an
    overlay.

    Raises:
        NameConflictError: ``live`` is not controlled by the owner that ``wanted`` names.
    """
    if live is None:
        return Change.CREATE
    if owner_uid(live) != owner_uid(wanted):
        raise NameConflictError(wanted["apiVersion"], wanted["kind"], wanted["metadata"]["name"])
    if is_immutable(wanted):
        return Change.NONE
    same = applied(live) == applied_hash(wanted)
    return Change.NONE if same and contains(live, wanted) else Change.APPLY


def is_immutable(wanted: Manifest) -> bool:
    """Answer whether an object of this kind stays as it was made."""
    return identity(wanted)[:2] in _IMMUTABLE


def same_record(record: Manifest, there: Manifest) -> bool:
    """Answer whether a record that exists under the name speaks of the same model.

    Names of records hold 8 digits of the digest. A record with another digest, or with another
    figure for the same metric of the same rows, was not made by a run like this one. Where the
    first run published to is its own affair.
    """
    wanted, found = record["spec"], there.get("spec", {})
    figures = {_measured(metric): metric["value"] for metric in found.get("metrics", ())}
    return bool(
        found.get("artifact", {}).get("sha256") == wanted["artifact"]["sha256"]
        and found.get("model") == wanted.get("model")
        and all(
            figures.get(_measured(m), m["value"]) == m["value"] for m in wanted.get("metrics", ())
        )
    )


def _measured(metric: Manifest) -> tuple[str, str]:
    return metric["name"], metric.get("slice", "")


def at_rest(plan: Plan, live: Iterable[Manifest], status: Manifest | None) -> bool:
    """Answer whether executing ``plan`` would write nothing.

    Args:
        plan: The decision.
        live: The owner's children and the records there are.
        status: The owner's status as it is.

    Raises:
        NameConflictError: As `change_needed`.
    """
    found = {identity(manifest): manifest for manifest in live}
    return (
        not plan.prune
        and all(identity(record) in found for record in plan.records)
        and all(
            change_needed(child, found.get(identity(child))) is Change.NONE
            for child in plan.children
        )
        and all(contains(found.get(identity(part)), part) for part in plan.overlays)
        and (plan.status is None or same_status(plan.status, status))
    )


def same_status(wanted: Manifest, live: Manifest | None) -> bool:
    """Answer whether the status is already written; what is empty and what is absent are one."""
    return wanted == live or bool(_without_empty(wanted) == _without_empty(live or {}))


def identity(manifest: Manifest) -> tuple[str, str, str]:
    """Return what tells an object from the others of its namespace."""
    return (manifest["apiVersion"], manifest["kind"], manifest["metadata"]["name"])


def owner_uid(manifest: Manifest) -> str | None:
    """Return the UID of the object that controls this one."""
    references = manifest["metadata"].get("ownerReferences", ())
    return next((r["uid"] for r in references if r.get("controller")), None)


def contains(live: Any, wanted: Any, *, amounts: bool = False) -> bool:
    """Answer whether ``live`` has every field of ``wanted`` with its value.

    ``live`` may have more: defaults of the API server, fields of other managers, items in lists
    that are shared by name. Any other list must have the same items in the same order: a backend
    that somebody added to a route takes its share of the requests. A field of ``_WHOLE`` holds
    nothing else either. Quantities are equal when their values are: the API server rewrites
    ``1000m`` as ``1``.
    """
    if live == wanted:  # most of what a pass compares, and the quickest way to know
        return True
    match wanted:
        case Mapping():
            return isinstance(live, Mapping) and all(
                _has(live, key, value, amounts=amounts or key in _QUANTITY_FIELDS)
                for key, value in wanted.items()
            )
        case list() | tuple():
            return (
                isinstance(live, Sequence)
                and len(live) == len(wanted)
                and all(map(contains, live, wanted))
            )
        case _ if amounts:
            return bool(_amount(live) == _amount(wanted))
        case _:
            return False


def _amount(value: Any) -> Any:
    try:
        return quantity(value)
    except (TypeError, ValueError):
        return value


def _has(live: Manifest, key: str, value: Any, *, amounts: bool) -> bool:
    if key not in live:
        return value in ({}, [], "", None)  # the API server drops what is empty
    if key in _WHOLE:
        return bool(_without_empty(live[key]) == _without_empty(value))
    item_key = _SHARED_LISTS.get(key)
    if item_key and isinstance(value, list | tuple) and all(item_key in item for item in value):
        return _contains_items(live[key], value, item_key)
    return contains(live[key], value, amounts=amounts)


def _contains_items(live: Any, wanted: Sequence[Manifest], key: str) -> bool:
    by_key = {item.get(key): item for item in live or ()}
    return all(contains(by_key.get(item[key]), item) for item in wanted)


def _without_empty(value: Any) -> Any:
    match value:
        case Mapping():
            kept = {key: _without_empty(item) for key, item in value.items()}
            return {key: item for key, item in kept.items() if item not in ({}, [], None)}
        case list() | tuple():
            return [_without_empty(item) for item in value]
        case _:
            return value
