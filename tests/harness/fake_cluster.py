"""The small ``Cluster`` protocol in a dictionary, in virtual time, with a clock the test holds.

Why a fake: planners are pure, and a test of one wants to say "this Job exists, that pod has ended"
and to kill the operator after any write, a thousand times a second; an API server can do neither.
What an API server itself checks (schemas, CEL, field ownership) is tested on a real one.

It keeps the promises that planners and `execute` rely on: UIDs, resource versions that move only
when something changed, creation times, preconditions, and a garbage collector.
"""

import copy
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from checkrail_operator.observe.raw import Raw
from checkrail_operator.plan.errors import TransientError
from checkrail_operator.plan.instants import rfc3339
from checkrail_operator.plan.types import Event, Key, Manifest, Ref
from checkrail_operator.shell.gather import gather

START = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)

Body = dict[str, Any]
Identity = tuple[str, str, str, str]


class OperatorDiedError(Exception):
    """The operator was killed before its next write."""


@dataclass
class FakeCluster:
    """Objects by apiVersion, kind, namespace and name.

    Attributes:
        now: The cluster's clock.
        dies_after: The operator dies at the write after so many; None: never.
        objects: What exists.
        logs: Logs by pod name.
        writes: What was written, ``verb kind name``, in order.
        events: What was told, in order.
    """

    now: datetime = START
    dies_after: int | None = None
    objects: dict[Identity, Body] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    versions: int = 0
    births: Counter[Identity] = field(default_factory=Counter)
    applied: dict[Identity, Manifest] = field(default_factory=dict)

    def revive(self) -> None:
        """Let the operator live from now on."""
        self.dies_after = None

    def contents(self) -> list[Body]:
        """Return every object, sorted by its identity, without what counts writes."""
        objects = copy.deepcopy([body for _, body in sorted(self.objects.items())])
        for body in objects:
            del body["metadata"]["resourceVersion"]
        return objects

    def put(self, body: Manifest) -> Body:
        """Let somebody else than the operator create or replace an object; return it."""
        made = self._stored(body)
        self.objects[_identity(body)] = made
        return made

    def remove(self, body: Manifest) -> None:
        """Let somebody else delete an object; the garbage collector takes what it owned."""
        gone = self.objects.pop(_identity(body))
        uid = gone["metadata"]["uid"]
        for other in list(self.objects.values()):
            references = other["metadata"].get("ownerReferences", ())
            if _identity(other) in self.objects and uid in {r["uid"] for r in references}:
                self.remove(other)

    def ask_to_delete(self, body: Manifest) -> None:
        """Let a user delete an object; its finalizers keep it for now."""
        live = self.objects[_identity(body)]
        if not live["metadata"].get("finalizers"):
            self.remove(live)
            return
        going = {**live["metadata"], "deletionTimestamp": rfc3339(self.now)}
        self.objects[_identity(body)] = self._stored({**live, "metadata": going})

    def of_kind(self, kind: str) -> list[Body]:
        """Return the objects of a kind by name."""
        found = (body for body in self.objects.values() if body["kind"] == kind)
        return sorted(found, key=lambda body: str(body["metadata"]["name"]))

    async def raw(self, key: Key) -> Raw:
        """Return what a pass for ``key`` reads."""
        raw = await gather(self, key)
        assert raw is not None, f"{key} does not exist"
        return raw

    async def tell(self, owner: Manifest, event: Event) -> None:
        """Keep an event."""
        del owner
        if not (event.once and event in self.events):
            self.events.append(event)

    async def get(self, api_version: str, kind: str, namespace: str, name: str) -> Manifest | None:
        """Return one object, or None."""
        return copy.deepcopy(self.objects.get((api_version, kind, namespace, name)))

    async def pages(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        *,
        labels: str | None = None,
        fields: str | None = None,
    ) -> AsyncIterator[list[Manifest]]:
        """Yield one page; of the field selectors it knows equality of strings."""
        yield [
            copy.deepcopy(body)
            for identity, body in sorted(self.objects.items())
            if identity[:2] == (api_version, kind)
            and namespace in {None, identity[2]}
            and _has_labels(body, labels)
            and _has_fields(body, fields)
        ]

    async def log(self, namespace: str, pod: str, lines: int) -> str:
        """Return the last lines of a pod's log."""
        del namespace
        return "\n".join(self.logs.get(pod, "").splitlines()[-lines:])

    async def create(self, manifest: Manifest) -> bool:
        """Create an object and return whether it was made."""
        self._write("create", manifest)
        if _identity(manifest) in self.objects:
            return False
        self.objects[_identity(manifest)] = self._stored(manifest)
        return True

    async def apply(self, manifest: Manifest, *, uid: str | None = None) -> None:
        """Merge ``manifest`` into the object, less what was applied before and is wanted no more.

        Lists are replaced whole: our manifests own all items of theirs.
        """
        self._write("apply", manifest)
        identity = _identity(manifest)
        live = self.objects.get(identity)
        if uid is not None and (live is None or live["metadata"]["uid"] != uid):
            raise TransientError(f"{identity} is not the object that was seen")
        before = self.applied.get(identity, {}) if live else {}
        merged = _merged(_without(copy.deepcopy(live or {}), before, manifest), manifest)
        self.applied[identity] = copy.deepcopy(manifest)
        if merged != live:
            self.objects[identity] = self._stored(merged)

    async def overlay(self, part: Manifest) -> None:
        """Merge ``part`` into the object that has its uid."""
        self._write("overlay", part)
        live = self.objects.get(_identity(part))
        if live is None or live["metadata"]["uid"] != part["metadata"]["uid"]:
            raise TransientError(f"{_identity(part)} is not the object that was seen")
        self.objects[_identity(part)] = self._stored(_merged(copy.deepcopy(live), part))

    async def apply_status(self, owner: Manifest, status: Manifest) -> None:
        """Replace the status, if the owner is still as it was read."""
        self._write("status", owner)
        live = self._as_seen(owner["metadata"]["resourceVersion"], _identity(owner))
        self.objects[_identity(owner)] = self._stored({**live, "status": copy.deepcopy(status)})

    async def set_finalizers(self, owner: Manifest, finalizers: Sequence[str]) -> None:
        """Replace the finalizers; what was to be deleted and has none left is gone."""
        self._write("finalizers", owner)
        live = self._as_seen(owner["metadata"]["resourceVersion"], _identity(owner))
        kept = {**live["metadata"], "finalizers": list(finalizers)}
        self.objects[_identity(owner)] = self._stored({**live, "metadata": kept})
        if "deletionTimestamp" in kept and not finalizers:
            self.remove(owner)

    async def delete(self, ref: Ref) -> None:
        """Delete the object and its dependents, if it is still exactly as seen."""
        self._write("delete", {"kind": ref.kind, "metadata": {"name": ref.name}})
        identity = (ref.api_version, ref.kind, ref.namespace, ref.name)
        if identity in self.objects:
            self.remove(self._as_seen(ref.resource_version, identity))

    def _write(self, verb: str, manifest: Manifest) -> None:
        if self.dies_after is not None and len(self.writes) >= self.dies_after:
            raise OperatorDiedError
        self.writes.append(f"{verb} {manifest['kind']} {manifest['metadata']['name']}")

    def _as_seen(self, resource_version: str, identity: Identity) -> Body:
        live = self.objects.get(identity)
        if live is None or live["metadata"]["resourceVersion"] != resource_version:
            raise TransientError(f"{identity} changed since it was read")
        return live

    def _stored(self, body: Manifest) -> Body:
        """Return ``body`` as the API server stores it."""
        self.versions += 1
        stored: Body = copy.deepcopy(dict(body))
        identity = _identity(body)
        before = self.objects.get(identity, {}).get("metadata", {})
        self.births[identity] += identity not in self.objects
        given = {
            "uid": f"{body['kind'].lower()}-{identity[-1]}-{self.births[identity]}",
            "creationTimestamp": rfc3339(self.now),
            "generation": 1,
        }
        kept = {key: before[key] for key in given if key in before}
        stored["metadata"] = {
            **given,
            **stored["metadata"],
            **kept,
            "resourceVersion": str(self.versions),
        }
        return stored


def _identity(body: Manifest) -> Identity:
    metadata = body["metadata"]
    return (body["apiVersion"], body["kind"], metadata["namespace"], metadata["name"])


def _has_labels(body: Manifest, selector: str | None) -> bool:
    labels = body["metadata"].get("labels", {})
    pairs = [pair.split("=", 1) for pair in selector.split(",")] if selector else []
    return all(labels.get(name) == value for name, value in pairs)


def _has_fields(body: Manifest, selector: str | None) -> bool:
    if selector is None:
        return True
    path, wanted = selector.split("=", 1)
    value: Any = body
    for part in path.split("."):
        value = value.get(part, {})
    return bool(value == wanted)


def _merged(live: Body, wanted: Manifest) -> Body:
    for key, value in wanted.items():
        both = isinstance(value, dict) and isinstance(live.get(key), dict)
        live[key] = _merged(live[key], value) if both else copy.deepcopy(value)
    return live


def _without(live: Body, before: Manifest, wanted: Manifest) -> Body:
    for key, value in before.items():
        if key not in wanted:
            live.pop(key, None)
        elif isinstance(value, dict) and isinstance(live.get(key), dict):
            _without(live[key], value, wanted[key])
    return live
