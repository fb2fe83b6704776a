from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from checkrail_operator.plan.errors import TransientError
from checkrail_operator.shell.lease import Lease, LeaseSettings
from unit.operator_core.virtual_time import VirtualTime

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checkrail_operator.plan.types import Manifest

T0 = datetime(2026, 11, 23, tzinfo=UTC)


class Store:
    """An API server with one Lease; it checks the resourceVersion and may be away."""

    def __init__(self) -> None:
        self.lease: Manifest | None = None
        self.away = False

    @property
    def holder(self) -> str | None:
        return self.lease["spec"]["holderIdentity"] if self.lease else None

    async def get(self, *_: str) -> Manifest | None:
        self._answer()
        return self.lease

    async def create_lease(self, manifest: Manifest) -> Manifest:
        self._answer()
        if self.lease is not None:
            raise TransientError("exists")
        return self._keep(manifest, 1)

    async def replace(self, manifest: Manifest) -> Manifest:
        self._answer()
        version = int((self.lease or {})["metadata"]["resourceVersion"])
        if int(manifest["metadata"]["resourceVersion"]) != version:
            raise TransientError("conflict")
        return self._keep(manifest, version + 1)

    def _keep(self, manifest: Manifest, version: int) -> Manifest:
        metadata = {**manifest["metadata"], "resourceVersion": str(version)}
        self.lease = {**manifest, "metadata": metadata}
        return self.lease

    def _answer(self) -> None:
        if self.away:
            raise TransientError("away")


class LostError(Exception):
    """Stands for the end of the process."""


class Replica:
    """One process's Lease, acquired and kept."""

    def __init__(self, store: Store, time: VirtualTime, pod: str, boot: str = "1") -> None:
        def lost(why: str) -> None:
            self.why = why
            raise LostError(why)

        self.why = ""
        self.lease = Lease(
            store,
            LeaseSettings("system", "checkrail", pod, boot),
            clock=time,
            sleep=time.sleep,
            now=lambda: T0 + timedelta(seconds=time.now),
            lost=lost,
        )
        self.task = asyncio.create_task(self._live())

    async def _live(self) -> None:
        await self.lease.acquire()
        with suppress(LostError):
            await self.lease.keep()

    def die(self) -> None:
        self.task.cancel()


@pytest.fixture
def time() -> VirtualTime:
    return VirtualTime()


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def replicas() -> Iterator[list[Replica]]:
    made: list[Replica] = []
    yield made
    for replica in made:
        replica.die()


async def test_the_first_replica_holds_it_and_the_second_waits(
    store: Store, time: VirtualTime, replicas: list[Replica]
) -> None:
    replicas += [Replica(store, time, "a"), Replica(store, time, "b")]
    for _ in range(60):
        await time.advance(1)
        assert [r.lease.held for r in replicas] == [True, False]


async def test_a_dead_holder_is_replaced_when_its_lease_was_seen_unchanged_for_its_duration(
    store: Store, time: VirtualTime, replicas: list[Replica]
) -> None:
    replicas += [Replica(store, time, "a"), Replica(store, time, "b")]
    await time.advance(60)
    replicas[0].die()
    await time.advance(12)
    assert store.holder == "a_1"
    await time.advance(8)
    assert store.holder == "b_1"
    assert store.lease is not None
    assert store.lease["spec"]["leaseTransitions"] == 2


async def test_a_holder_that_cannot_renew_ends_before_anybody_may_take_over(
    store: Store, time: VirtualTime, replicas: list[Replica]
) -> None:
    replicas += [Replica(store, time, "a")]
    await time.advance(6)
    store.away = True
    await time.advance(8.5)
    assert replicas[0].lease.held
    await time.advance(3)
    assert not replicas[0].lease.held
    assert replicas[0].why == "the Lease was not renewed in time"


async def test_a_short_outage_costs_nothing(
    store: Store, time: VirtualTime, replicas: list[Replica]
) -> None:
    replicas += [Replica(store, time, "a")]
    await time.advance(6)
    store.away = True
    await time.advance(6)
    store.away = False
    await time.advance(30)
    assert replicas[0].lease.held
    assert replicas[0].why == ""


async def test_a_write_after_a_pause_of_the_whole_process_is_stopped(
    store: Store, time: VirtualTime, replicas: list[Replica]
) -> None:
    replicas += [Replica(store, time, "a")]
    await time.advance(1)
    time.now += 60  # nothing ran meanwhile
    with pytest.raises(LostError):
        replicas[0].lease.check()


async def test_a_holder_that_finds_another_one_ends(
    store: Store, time: VirtualTime, replicas: list[Replica]
) -> None:
    replicas += [Replica(store, time, "a")]
    await time.advance(1)
    assert store.lease is not None
    store.lease = {**store.lease, "spec": {**store.lease["spec"], "holderIdentity": "b_1"}}
    await time.advance(5)
    assert replicas[0].why == "the Lease is held by b_1"


async def test_a_restarted_container_takes_over_from_its_own_dead_process_at_once(
    store: Store, time: VirtualTime, replicas: list[Replica]
) -> None:
    replicas += [Replica(store, time, "a", "1")]
    await time.advance(1)
    replicas[0].die()
    replicas += [Replica(store, time, "a", "2")]
    await time.settle()
    assert store.holder == "a_2"


async def test_a_released_lease_is_taken_at_the_standbys_next_look(
    store: Store, time: VirtualTime, replicas: list[Replica]
) -> None:
    replicas += [Replica(store, time, "a"), Replica(store, time, "b")]
    await time.advance(60)
    replicas[0].die()
    await replicas[0].lease.release()
    await time.advance(2)
    assert store.holder == "b_1"
