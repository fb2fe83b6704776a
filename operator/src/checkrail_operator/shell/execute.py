"""Make the cluster look like a plan, in an order that any crash leaves repairable."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from checkrail_operator.observe.raw import Raw
from checkrail_operator.plan.difference import (
    APPLIED_HASH,
    Change,
    applied_hash,
    change_needed,
    identity,
    same_record,
    same_status,
)
from checkrail_operator.plan.errors import NameConflictError
from checkrail_operator.plan.types import Event, Manifest, Plan
from checkrail_operator.shell.cluster import Cluster

Tell = Callable[[Manifest, Event], Awaitable[None]]
"""Posts one event about an object; never fails."""


@dataclass(frozen=True)
class Written:
    """What an execution changed; all zero for a quiet pass."""

    children: int = 0
    records: int = 0
    prunes: int = 0
    status: bool = False

    def __bool__(self) -> bool:
        return self != Written()


async def execute(cluster: Cluster, plan: Plan, raw: Raw, tell: Tell) -> Written:
    """Apply children in their order, then records, then prunes, the status, and tell.

    The status goes last, so it never claims what was not applied. Every call is idempotent or
    names what it expects: a crash between any two is repaired by the next pass.

    Raises:
        TransientError: The API server is away, throttling or in conflict; run a new pass.
        InvalidSpecError: The API server refused a manifest; it needs an edit, not a retry.
        NameConflictError: A child's name is taken by an object that is not ours.
    """
    live = {identity(child): child for child in raw.children}
    children = [await _apply(cluster, child, live.get(identity(child))) for child in plan.children]
    records = [await _create(cluster, record) for record in plan.records]
    for ref in sorted(plan.prune):
        await cluster.delete(ref)
    told = await write_status(cluster, raw.owner, plan.status, plan.events, tell)
    return Written(sum(children), sum(records), len(plan.prune), told)


async def write_status(
    cluster: Cluster,
    owner: Manifest,
    status: Manifest | None,
    events: tuple[Event, ...],
    tell: Tell,
) -> bool:
    """Write the status unless it is there already, then tell the events; return whether it was.

    Raises:
        TransientError: As `execute`; also when the owner changed since it was read.
    """
    if status is None or same_status(status, owner.get("status")):
        return False
    await cluster.apply_status(owner, status)
    for event in events:
        await tell(owner, event)
    return True


async def _apply(cluster: Cluster, wanted: Manifest, live: Manifest | None) -> bool:
    if live is None:  # absent, or of another owner: a list by our labels does not show it
        metadata = wanted["metadata"]
        live = await cluster.get(
            wanted["apiVersion"], wanted["kind"], metadata["namespace"], metadata["name"]
        )
    if change_needed(wanted, live) is Change.NONE:
        return False
    await cluster.apply(_marked(wanted), uid=live["metadata"]["uid"] if live else None)
    return True


async def _create(cluster: Cluster, record: Manifest) -> bool:
    metadata = record["metadata"]
    there = await cluster.get(
        record["apiVersion"], record["kind"], metadata["namespace"], metadata["name"]
    )
    if there is not None and not same_record(record, there):
        raise NameConflictError(record["apiVersion"], record["kind"], metadata["name"])
    return there is None and await cluster.create(record)


def _marked(wanted: Manifest) -> Manifest:
    metadata = wanted["metadata"]
    annotations = {**metadata.get("annotations", {}), APPLIED_HASH: applied_hash(wanted)}
    return {**wanted, "metadata": {**metadata, "annotations": annotations}}
