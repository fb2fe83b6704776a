"""One active replica at a time, by a coordination.k8s.io Lease on a monotonic clock.

    standby --- Lease free, released, or not renewed for its duration ---> holder
    holder  --- not renewed within two thirds of the duration ---> the process ends at once

The holder counts from before it asked for the renewal, the others from when they saw it, and no
clock is compared with another machine's, so two never hold it together. A request that is already
under way cannot be called back: names, UIDs and resource versions make that harmless.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from checkrail_operator.plan.errors import TransientError
from checkrail_operator.plan.types import Manifest
from checkrail_operator.queue import Clock, Sleeper
from checkrail_operator.shell.clock import UtcNow
from checkrail_operator.shell.events import micro_time
from checkrail_operator.shell.kinds import LEASE

LOG = logging.getLogger(__name__)


class LeaseStore(Protocol):
    """Where the Lease is kept."""

    async def get(self, api_version: str, kind: str, namespace: str, name: str) -> Manifest | None:
        """Return the Lease, or None."""

    async def create_lease(self, manifest: Manifest) -> Manifest:
        """Create the Lease; ``TransientError`` when somebody else just did."""

    async def replace(self, manifest: Manifest) -> Manifest:
        """Replace the Lease if it is as it was read; ``TransientError`` when it is not."""


@dataclass(frozen=True)
class LeaseSettings:
    """Which Lease, as whom, and how long it lasts.

    Attributes:
        namespace: Namespace of the Lease.
        name: Its name.
        pod: Name of this pod; its earlier process is dead when this one runs.
        boot: Random suffix that tells this process from the pod's earlier ones.
        duration: How long others wait after the last renewal they saw.
        renew_every: How often the holder renews; standbys look at two fifths of it.
    """

    namespace: str
    name: str
    pod: str
    boot: str
    duration: timedelta = timedelta(seconds=15)
    renew_every: timedelta = timedelta(seconds=5)

    @property
    def identity(self) -> str:
        """What the Lease's ``holderIdentity`` says when we hold it."""
        return f"{self.pod}_{self.boot}"


class Lease:
    """Holds, renews and gives back the Lease of one process."""

    def __init__(
        self,
        store: LeaseStore,
        settings: LeaseSettings,
        *,
        clock: Clock,
        sleep: Sleeper,
        now: UtcNow,
        lost: Callable[[str], None],
    ) -> None:
        """Describe it; ``acquire`` takes it.

        Args:
            store: Where it is kept.
            settings: Which one.
            clock: Monotonic seconds.
            sleep: Waits on the same clock.
            now: Time of day, written for people only.
            lost: Ends the process; told why.
        """
        self._store = store
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self._now = now
        self._lost = lost
        self._seen: tuple[object, float] = (None, 0.0)
        self._held: Manifest | None = None
        self._renewed = 0.0

    @property
    def held(self) -> bool:
        """Whether this process is the active one."""
        return self._held is not None and self._clock() < self._valid_until()

    def check(self) -> None:
        """Before each write: end the process if the Lease ran out unnoticed."""
        if not self.held:
            self._lost("the Lease was not renewed in time")

    async def acquire(self) -> None:
        """Return once the Lease is ours."""
        while True:
            try:
                if await self._try_to_take():
                    return
            except TransientError as error:
                LOG.info("lease was not taken", extra={"fields": {"error": str(error)}})
            await self._sleep(self._settings.renew_every.total_seconds() * 0.4)

    async def keep(self) -> None:
        """Renew for ever; calls ``lost`` when that fails for too long or somebody else holds it."""
        pause = self._settings.renew_every.total_seconds()
        while True:
            await self._sleep(pause)
            try:
                await self._renew()
                pause = self._settings.renew_every.total_seconds()
            except TransientError as error:
                LOG.warning("lease was not renewed", extra={"fields": {"error": str(error)}})
                pause = self._settings.renew_every.total_seconds() * 0.2
            self.check()

    async def release(self) -> None:
        """Give it back, so that a standby takes over at once; best effort."""
        held, self._held = self._held, None
        if held is None:
            return
        try:
            await self._store.replace(self._manifest(held, holder="", seconds=1))
        except TransientError as error:
            LOG.warning("lease was not released", extra={"fields": {"error": str(error)}})

    def _valid_until(self) -> float:
        return self._renewed + self._settings.duration.total_seconds() * 2 / 3

    async def _try_to_take(self) -> bool:
        asked = self._clock()
        lease = await self._store.get(*LEASE, self._settings.namespace, self._settings.name)
        if lease is None:
            self._held = await self._store.create_lease(self._manifest(None))
        elif self._is_free(lease):
            self._held = await self._store.replace(self._manifest(lease))
        else:
            return False
        self._renewed = asked
        LOG.info("lease is held", extra={"fields": {"identity": self._settings.identity}})
        return True

    def _is_free(self, lease: Manifest) -> bool:
        spec = lease.get("spec", {})
        holder = spec.get("holderIdentity") or ""
        record = (holder, spec.get("renewTime"), spec.get("leaseTransitions"))
        if record != self._seen[0]:
            self._seen = (record, self._clock())
        expired = self._clock() - self._seen[1] >= spec.get("leaseDurationSeconds", 0)
        return not holder or expired or holder.rpartition("_")[0] == self._settings.pod

    async def _renew(self) -> None:
        asked = self._clock()
        lease = await self._store.get(*LEASE, self._settings.namespace, self._settings.name)
        holder = (lease or {}).get("spec", {}).get("holderIdentity")
        if lease is None or holder != self._settings.identity:
            self._held = None
            self._lost(f"the Lease is held by {holder or 'nobody'}")
            return
        self._held = await self._store.replace(self._manifest(lease))
        self._renewed = asked

    def _manifest(
        self, before: Manifest | None, *, holder: str | None = None, seconds: int | None = None
    ) -> Manifest:
        """Return the Lease as it should be; ``before`` brings its resourceVersion along."""
        time = micro_time(self._now())
        metadata = {"name": self._settings.name, "namespace": self._settings.namespace}
        spec = (before or {}).get("spec", {})
        holder = self._settings.identity if holder is None else holder
        moved = holder != spec.get("holderIdentity")
        return {
            "apiVersion": LEASE[0],
            "kind": LEASE[1],
            "metadata": before["metadata"] if before else metadata,
            "spec": {
                "holderIdentity": holder,
                "leaseDurationSeconds": seconds
                or max(1, round(self._settings.duration.total_seconds())),
                "acquireTime": time if moved else spec["acquireTime"],
                "renewTime": time,
                "leaseTransitions": spec.get("leaseTransitions", 0) + (1 if moved else 0),
            },
        }
