"""Events in the events.k8s.io/v1 form: told after the status is written, counted when repeated."""

import logging
from datetime import datetime

from checkrail_api.names import hash8
from checkrail_operator.plan.errors import InvalidSpecError, TransientError
from checkrail_operator.plan.types import Event, Manifest
from checkrail_operator.shell.clock import UtcNow
from checkrail_operator.shell.cluster import Cluster, NamespaceTerminatingError
from checkrail_operator.shell.kinds import EVENT

LOG = logging.getLogger(__name__)
CONTROLLER = "checkrail.dev/operator"
MAX_NOTE = 1024
MAX_NAME = 253


class Teller:
    """Posts events; one that cannot be posted is logged and lost, as events may be."""

    def __init__(self, cluster: Cluster, instance: str, now: UtcNow) -> None:
        """Tell through ``cluster`` in the name of ``instance``, at most 128 characters."""
        self._cluster = cluster
        self._instance = instance[:128]
        self._now = now

    async def tell(self, owner: Manifest, event: Event) -> None:
        """Post ``event`` about ``owner``; the same one again raises its count, if it is to."""
        manifest = event_manifest(owner, event, self._instance, self._now())
        metadata = manifest["metadata"]
        where = (*EVENT, metadata["namespace"], metadata["name"])
        try:
            if event.once and await self._cluster.get(*where) is not None:
                return
            if await self._cluster.create(manifest):
                return
            before = await self._cluster.get(*where)
            if before is not None:
                await self._cluster.apply(
                    _repeated(before, manifest), uid=before["metadata"]["uid"]
                )
        except (TransientError, InvalidSpecError, NamespaceTerminatingError) as error:
            LOG.warning(
                "event was not posted",
                extra={"fields": {"reason": event.reason, "error": str(error)}},
            )


def event_manifest(owner: Manifest, event: Event, instance: str, now: datetime) -> Manifest:
    """Return the event; its name is a function of what it says about whom."""
    metadata = owner["metadata"]
    note = event.note[:MAX_NOTE]
    digest = hash8(metadata["uid"], event.type, event.reason, note)
    return {
        "apiVersion": EVENT[0],
        "kind": EVENT[1],
        "metadata": {
            "name": f"{metadata['name'][: MAX_NAME - 9]}.{digest}",
            "namespace": metadata["namespace"],
        },
        "eventTime": micro_time(now),
        "reportingController": CONTROLLER,
        "reportingInstance": instance,
        "action": "Reconcile",
        "reason": event.reason,
        "type": event.type,
        "note": note,
        "regarding": {
            "apiVersion": owner["apiVersion"],
            "kind": owner["kind"],
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "uid": metadata["uid"],
        },
    }


def micro_time(now: datetime) -> str:
    """Return ``now`` as ``metav1.MicroTime``."""
    return now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _repeated(before: Manifest, again: Manifest) -> Manifest:
    count = before.get("series", {}).get("count", 1) + 1
    kept = ("apiVersion", "kind", "metadata")
    return {
        **{field: again[field] for field in kept},
        "series": {"count": count, "lastObservedTime": again["eventTime"]},
    }
