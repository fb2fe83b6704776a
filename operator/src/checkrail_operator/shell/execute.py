"""Make the cluster look like a plan, in an order that any crash leaves repairable."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from checkrail_api.names import FINALIZER
from checkrail_operator.observe.raw import Raw
from checkrail_operator.plan.deployment.backing import backing
from checkrail_operator.plan.deployment.difference import (
    APPLIED_HASH,
    Change,
    applied_hash,
    change_needed,
    contains,
    identity,
    is_immutable,
    same_record,
    same_status,
)
from checkrail_operator.plan.errors import (
    ForbiddenError,
    InvalidSpecError,
    NameConflictError,
    TransientError,
)
from checkrail_operator.plan.types import Event, Manifest, Plan
from checkrail_operator.shell.cluster import Cluster

Tell = Callable[[Manifest, Event], Awaitable[None]]
"""Posts one event about an object; never fails."""

Problem = InvalidSpecError | NameConflictError | ForbiddenError
PROBLEMS = (InvalidSpecError, NameConflictError, ForbiddenError)
"""What keeps one object from being made, and no other."""


@dataclass(frozen=True)
class Written:
    """What an execution changed; all zero for a quiet pass."""

    children: int = 0
    overlays: int = 0
    records: int = 0
    prunes: int = 0
    status: bool = False
    finalizer: bool = False

    def __bool__(self) -> bool:
        return self != Written()


async def execute(cluster: Cluster, plan: Plan, raw: Raw, tell: Tell) -> Written:
    """Apply children in their order, overlays, records, prunes, the status; tell; the finalizer.

    The status goes after them, so it never claims what was not applied, and our finalizer comes
    off last: then the object may be gone. Every call is idempotent or names what it expects: a
    crash between any two is repaired by the next pass.

    One child that cannot be made does not hold up the others, nor the prunes: a planner prunes
    only what the live objects it saw no longer need, whatever becomes of this pass's writes. Only
    what needs a missing child waits for it.

    Raises:
        TransientError: The API server is away, throttling or in conflict; run a new pass.
        InvalidSpecError: The API server refused a manifest; it needs an edit, not a retry. All
            else was done, but for the status.
        NameConflictError: A name is taken by an object that is not ours; all else as above.
        ForbiddenError: The API server does not allow a write, and nothing of the above is known;
            all else as above.
    """
    problems: list[Problem] = []
    children = await _apply_all(cluster, plan, raw, problems)
    overlays = await _overlay_all(cluster, plan, raw)
    records = 0
    for record in plan.records:
        try:
            records += await _create(cluster, record)
        except PROBLEMS as error:
            problems.append(error)
    for ref in sorted(plan.prune):
        try:
            await cluster.delete(ref)
        except PROBLEMS as error:
            problems.append(error)
    if problems:
        raise min(problems, key=lambda problem: isinstance(problem, ForbiddenError))
    told = await write_status(cluster, raw.owner, plan.status, plan.events, tell)
    held = await _set_finalizer(cluster, plan, raw.owner)
    return Written(children, overlays, records, len(plan.prune), told, held)


async def write_status(
    cluster: Cluster,
    owner: Manifest,
    status: Manifest | None,
    events: tuple[Event, ...],
    tell: Tell,
) -> bool:
    """Write the status unless it is there already, then tell the events; return whether it was.

    Without a status the events alone are told.

    Raises:
        TransientError: As `execute`; also when the owner changed since it was read.
    """
    if status is not None:
        if same_status(status, owner.get("status")):
            return False
        await cluster.apply_status(owner, status)
    for event in events:
        await tell(owner, event)
    return status is not None


async def _set_finalizer(cluster: Cluster, plan: Plan, owner: Manifest) -> bool:
    """Put our finalizer on the object or take it off, where it is not so; leave others'."""
    there = list(owner["metadata"].get("finalizers") or ())
    if plan.finalizer is None or plan.finalizer == (FINALIZER in there):
        return False
    others = [each for each in there if each != FINALIZER]
    await cluster.set_finalizers(owner, [*others, FINALIZER] if plan.finalizer else others)
    return True


async def _apply_all(cluster: Cluster, plan: Plan, raw: Raw, problems: list[Problem]) -> int:
    """Apply every child that can be; return how many were written, and add to ``problems``.

    Whose each child is is asked before the first write.
    """
    listed = {identity(child): child for child in raw.children}
    changes: list[tuple[Manifest, Manifest | None, Change]] = []
    missing: set[tuple[str, str]] = set()
    written = 0
    for wanted in plan.children:
        live = listed.get(identity(wanted)) or await _get(cluster, wanted)
        try:
            changes.append((wanted, live, change_needed(wanted, live)))
        except NameConflictError as error:
            problems.append(error)
            missing.add(_named(wanted))
    for wanted, live, change in changes:
        if change is Change.NONE or missing & backing(wanted):
            continue
        try:
            await _make(cluster, _marked(wanted), live)
            written += 1
        except (InvalidSpecError, ForbiddenError) as error:
            problems.append(error)
            if live is None:
                missing.add(_named(wanted))
    return written


async def _make(cluster: Cluster, wanted: Manifest, live: Manifest | None) -> None:
    """Apply one child. What cannot be changed once it exists is created, never applied.

    An apply that was decided on before somebody else made the object would undo what has been
    decided about it since: Kueue may have admitted a Job that is created suspended.
    """
    if not is_immutable(wanted):
        await cluster.apply(wanted, uid=live["metadata"]["uid"] if live else None)
    elif not await cluster.create(wanted):
        raise TransientError(f"{' '.join(_named(wanted))} was made since it was looked for")


async def _overlay_all(cluster: Cluster, plan: Plan, raw: Raw) -> int:
    """Apply the parts that their objects do not have yet; return how many were written."""
    listed = {identity(child): child for child in raw.children}
    lacking = [part for part in plan.overlays if not contains(listed.get(identity(part)), part)]
    for part in lacking:
        await cluster.overlay(part)
    return len(lacking)


async def _get(cluster: Cluster, wanted: Manifest) -> Manifest | None:
    """Return what a list by our labels does not show: absent, or of another owner."""
    metadata = wanted["metadata"]
    return await cluster.get(
        wanted["apiVersion"], wanted["kind"], metadata["namespace"], metadata["name"]
    )


async def _create(cluster: Cluster, record: Manifest) -> bool:
    """Create a record unless it is there; one that goes takes its artifact with it.

    Raises:
        TransientError: The one that is there goes; another is made once it is gone.
        NameConflictError: The one that is there is of another model.
    """
    there = await _get(cluster, record)
    if there is not None and "deletionTimestamp" in there["metadata"]:
        raise TransientError(f"{' '.join(_named(record))} is being deleted")
    if there is not None and not same_record(record, there):
        raise NameConflictError(record["apiVersion"], record["kind"], record["metadata"]["name"])
    return there is None and await cluster.create(record)


def _named(manifest: Manifest) -> tuple[str, str]:
    return manifest["kind"], manifest["metadata"]["name"]


def _marked(wanted: Manifest) -> Manifest:
    metadata = wanted["metadata"]
    annotations = {**metadata.get("annotations", {}), APPLIED_HASH: applied_hash(wanted)}
    return {**wanted, "metadata": {**metadata, "annotations": annotations}}
