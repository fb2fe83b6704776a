"""One row per rule of a kind: what it accepts, what it refuses, and what it then says."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from checkrail_api.kind import API_VERSION

ABSENT: Any = object()
"""As a changed value: the field is left out."""

Changes = dict[str, Any]
"""Values by dotted path; a number is an index of a list."""


@dataclass(frozen=True)
class Case:
    """A rule by example.

    Attributes:
        refused: Changes of the kind's example that the API server refuses.
        answer: What it says: ``field: message``, a line for each cause.
        accepted: Changes that it accepts: the nearest allowed thing.
    """

    refused: Changes
    answer: str
    accepted: Changes = field(default_factory=dict)


def changed(example: dict[str, Any], changes: Changes) -> dict[str, Any]:
    """Return ``example`` with ``changes``."""
    body = copy.deepcopy(example)
    for path, value in changes.items():
        *parents, last = (int(part) if part.isdigit() else part for part in path.split("."))
        node: Any = body
        for part in parents:
            node = node.setdefault(part, {}) if isinstance(node, dict) else node[part]
        if value is ABSENT:
            del node[last]
        else:
            node[last] = copy.deepcopy(value)
    return body


def example(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    """Return an object of one of our kinds."""
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}
