from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from checkrail_operator.plan.types import Key
from checkrail_operator.queue import Backoff, Outcome, WorkQueue
from unit.operator_core.virtual_time import VirtualTime

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

A, B, C = (Key("TrainingJob", "team", name) for name in "abc")


class Worker:
    """Records passes; each runs until the test ends it."""

    def __init__(self, time: VirtualTime) -> None:
        self.time = time
        self.began: list[tuple[float, str]] = []
        self.running: dict[Key, asyncio.Future[Outcome]] = {}
        self.most_at_once = 0
        self.at_once = False

    async def __call__(self, key: Key) -> Outcome:
        assert key not in self.running, "two passes for one key"
        self.began.append((self.time.now, key.name))
        self.running[key] = asyncio.get_running_loop().create_future()
        self.most_at_once = max(self.most_at_once, len(self.running))
        try:
            return await self.running[key]
        finally:
            del self.running[key]

    async def end(self, key: Key, outcome: Outcome | None = None) -> None:
        self.running[key].set_result(outcome or Outcome())
        await self.time.settle()


@pytest.fixture
def time() -> VirtualTime:
    return VirtualTime()


@pytest.fixture
def queue(time: VirtualTime) -> WorkQueue:
    backoff = Backoff(first_seconds=1.0, cap_seconds=8.0)
    return WorkQueue(clock=time, sleep=time.sleep, backoff=backoff, chance=lambda: 0.0)


@asynccontextmanager
async def working(queue: WorkQueue, worker: Worker, workers: int = 2) -> AsyncIterator[None]:
    task = asyncio.create_task(queue.run(worker, workers=workers))
    await worker.time.settle()
    try:
        yield
    finally:
        for pending in worker.running.values():
            pending.set_result(Outcome())
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_key_added_many_times_gets_one_pass(queue: WorkQueue, time: VirtualTime) -> None:
    worker = Worker(time)
    for _ in range(5):
        queue.add(A)
    async with working(queue, worker):
        await worker.end(A)
        await time.advance(100)
    assert worker.began == [(0, "a")]


async def test_a_key_woken_during_its_pass_gets_one_more_after_it(
    queue: WorkQueue, time: VirtualTime
) -> None:
    worker = Worker(time)
    queue.add(A)
    async with working(queue, worker):
        queue.add(A)
        queue.add(A)
        await time.settle()
        assert worker.began == [(0, "a")]
        await worker.end(A)
        await worker.end(A)
        await time.advance(100)
    assert worker.began == [(0, "a"), (0, "a")]


async def test_only_so_many_passes_run_at_once_and_the_oldest_key_is_next(
    queue: WorkQueue, time: VirtualTime
) -> None:
    worker = Worker(time)
    for key in (A, B, C):
        queue.add(key)
    async with working(queue, worker, workers=2):
        assert list(worker.running) == [A, B]
        await worker.end(B)
        assert list(worker.running) == [A, C]
    assert worker.most_at_once == 2


async def test_failures_in_a_row_wait_twice_as_long_up_to_the_cap(
    queue: WorkQueue, time: VirtualTime
) -> None:
    worker = Worker(time)
    queue.add(A)
    async with working(queue, worker):
        failed = []
        for _ in range(6):
            failed.append(time.now)
            await worker.end(A, Outcome(failed=True))
            await time.advance(8)
    began = [when for when, _ in worker.began[1:]]
    delays = [after - before for before, after in zip(failed, began, strict=True)]
    assert delays == [1, 2, 4, 8, 8, 8]


async def test_a_success_forgets_earlier_failures(queue: WorkQueue, time: VirtualTime) -> None:
    worker = Worker(time)
    queue.add(A)
    async with working(queue, worker):
        await worker.end(A, Outcome(failed=True))
        await time.advance(1)
        await worker.end(A, Outcome())
        queue.add(A)
        await time.settle()
        await worker.end(A, Outcome(failed=True))
        await time.advance(1)
    assert [when for when, _ in worker.began] == [0, 1, 1, 2]


async def test_a_failing_pass_that_wakes_itself_still_waits_for_its_backoff(
    queue: WorkQueue, time: VirtualTime
) -> None:
    worker = Worker(time)
    queue.add(A)
    async with working(queue, worker):
        queue.add(A)
        await worker.end(A, Outcome(failed=True))
        await time.advance(0.9)
        assert worker.began == [(0, "a")]
        await time.advance(0.1)
    assert worker.began == [(0, "a"), (1, "a")]


async def test_the_api_servers_own_delay_is_the_least_that_is_waited(
    queue: WorkQueue, time: VirtualTime
) -> None:
    worker = Worker(time)
    queue.add(A)
    async with working(queue, worker):
        await worker.end(A, Outcome(failed=True, after_seconds=5))
        await time.advance(10)
    assert worker.began == [(0, "a"), (5, "a")]


async def test_a_plan_looks_again_after_its_own_delay(queue: WorkQueue, time: VirtualTime) -> None:
    worker = Worker(time)
    queue.add(A)
    async with working(queue, worker):
        await worker.end(A, Outcome(after_seconds=30))
        await time.advance(60)
    assert worker.began == [(0, "a"), (30, "a")]


async def test_a_wake_ends_a_delay_and_the_delay_does_not_come_back(
    queue: WorkQueue, time: VirtualTime
) -> None:
    worker = Worker(time)
    queue.add_after(A, 30)
    async with working(queue, worker):
        await time.advance(10)
        queue.add(A)
        await time.settle()
        await worker.end(A)
        await time.advance(60)
    assert worker.began == [(10, "a")]


async def test_of_two_delays_the_earlier_one_counts(queue: WorkQueue, time: VirtualTime) -> None:
    worker = Worker(time)
    for seconds in (30, 5, 20):
        queue.add_after(A, seconds)
    async with working(queue, worker):
        await time.advance(10)
        await worker.end(A)
        await time.advance(60)
    assert worker.began == [(5, "a")]


async def test_the_age_is_that_of_the_key_that_waits_longest_for_a_worker(
    queue: WorkQueue, time: VirtualTime
) -> None:
    worker = Worker(time)
    ages = [queue.oldest_age()]
    queue.add(A)
    await time.advance(3)
    queue.add(B)
    ages.append(queue.oldest_age())
    async with working(queue, worker, workers=1):
        ages.append(queue.oldest_age())
        await time.advance(2)
        ages.append(queue.oldest_age())
    assert ages == [0, 3, 0, 2]


async def test_keys_may_be_added_from_another_thread(queue: WorkQueue, time: VirtualTime) -> None:
    worker = Worker(time)
    queue.bind(asyncio.get_running_loop())
    async with working(queue, worker):
        other = threading.Thread(target=queue.add_threadsafe, args=(A,))
        other.start()
        other.join()
        await time.settle()
        assert list(worker.running) == [A]


async def test_a_stopped_queue_waits_for_the_passes_that_run(
    queue: WorkQueue, time: VirtualTime
) -> None:
    worker = Worker(time)
    queue.add(A)
    task = asyncio.create_task(queue.run(worker, workers=1))
    await time.settle()
    task.cancel()
    await time.settle()
    assert not task.done()
    await worker.end(A)
    assert task.done()


@pytest.mark.parametrize(
    ("failures", "chance", "want"),
    [
        pytest.param(1, 0.0, 1.0, id="first"),
        pytest.param(3, 0.0, 4.0, id="third"),
        pytest.param(4, 1.0, 4.0, id="jitter takes at most a half"),
        pytest.param(5_000, 0.0, 8.0, id="no overflow after many"),
    ],
)
def test_backoff(failures: int, chance: float, want: float) -> None:
    assert Backoff(first_seconds=1.0, cap_seconds=8.0).delay(failures, chance) == want
