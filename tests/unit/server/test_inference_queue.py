"""Inferences that wait: together or alone, in the loop or in a thread, and bounded."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from checkrail_server import model as models
from checkrail_server.artifact import Artifact
from checkrail_server.batches import parts, rows_of
from checkrail_server.errors import RequestError
from checkrail_server.inference_queue import LOOP_SECONDS, InferenceQueue
from harness.one_matrix import dropping_model, linear_model

if TYPE_CHECKING:
    from checkrail_server.inference_queue import Run
    from checkrail_server.model import Feeds, Model
    from checkrail_server.tensors import Array

TIMEOUT_SECONDS = 10
IN_LOOP = pytest.mark.parametrize(
    "loop_rows", [pytest.param(100, id="in the loop"), pytest.param(0, id="in a thread")]
)


@pytest.fixture
def model() -> Model:
    return models.load("m", Artifact(linear_model(), None, None), threads=1)


class Asked:
    """A job that remembers what became of it."""

    packed = None

    def __init__(self, feeds: Feeds, rows: int = 1, *, abandoned: bool = False) -> None:
        self.feeds = feeds
        self.rows = rows
        self.abandoned = abandoned
        self.ended: asyncio.Future[list[Array]] = asyncio.get_running_loop().create_future()

    def failed(self, error: BaseException) -> None:
        self.ended.set_exception(error)

    def dropped(self) -> None:
        self.ended.cancel()


class Queue(InferenceQueue[Asked]):
    """A queue that remembers the rows of its runs."""

    def __init__(self, model: Model, limit: int = 10, batch_rows: int = 64) -> None:
        self.runs: list[list[int]] = []
        super().__init__(model, self.take, limit=limit, batch_rows=batch_rows)

    def take(self, jobs: list[Asked], run: Run) -> None:
        assert run.seconds > 0
        self.runs.append([job.rows for job in jobs])
        for job, part in zip(jobs, parts(jobs), strict=True):
            job.ended.set_result(rows_of(run.outputs, part))

    async def answers(self, *jobs: Asked) -> list[Any]:
        """Submit ``jobs`` in one turn, and return what each is answered, or its error."""
        for job in jobs:
            self.submit(job)
        async with asyncio.timeout(TIMEOUT_SECONDS):
            found = await asyncio.gather(*(job.ended for job in jobs), return_exceptions=True)
        return [
            each if isinstance(each, BaseException) else [output.tolist() for output in each]
            for each in found
        ]


def rows(*values: float) -> Feeds:
    return {"matrix": np.array([[value, 1.0, -1.0] for value in values], dtype=np.float32)}


def slow(model: Model) -> Model:
    """Have every run of ``model`` take all the time of a turn, and still be one for the loop."""
    run = model.run

    def run_slowly(feeds: Feeds) -> list[Array]:
        time.sleep(2 * LOOP_SECONDS)
        return run(feeds)

    model.run = run_slowly  # type: ignore[method-assign]
    model.loop_rows = 100
    return model


async def rows_by_turn(queue: Queue) -> list[int]:
    """Wait until ``queue`` is empty, and return how many rows each turn of the loop inferred."""
    turns = []
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while queue.length:
            before = sum(map(sum, queue.runs))
            await asyncio.sleep(0)
            turns.append(sum(map(sum, queue.runs)) - before)
    return turns


def alone(model: Model, feeds: Feeds) -> list[Any]:
    return [output.tolist() for output in model.run(feeds)]


@IN_LOOP
async def test_a_failing_job_fails_alone(model: Model, loop_rows: int) -> None:
    model.loop_rows = loop_rows
    queue = Queue(model)

    good, bad, other = await queue.answers(
        Asked(rows(1)), Asked({"matrix": np.zeros((1, 2), np.float32)}), Asked(rows(2))
    )

    assert good == alone(model, rows(1))
    assert isinstance(bad, Exception)
    assert other == alone(model, rows(2))
    assert queue.length == 0


@IN_LOOP
async def test_a_row_without_an_answer_moves_no_answer_to_another_job(loop_rows: int) -> None:
    model = models.load("m", Artifact(dropping_model(7), None, None), threads=1)
    assert model.joins_rows
    model.loop_rows = loop_rows
    queue = Queue(model)

    good, none, few, other = await queue.answers(
        Asked(rows(1)), Asked(rows(7)), Asked(rows(7, 3), 2), Asked(rows(2))
    )

    assert (good, other) == ([[[1.0]]], [[[2.0]]])
    assert [(error.status, error.message.split(",")[0]) for error in (none, few)] == [
        (500, "the model's output 'score' has 0 rows where its inputs have 1"),
        (500, "the model's output 'score' has 1 rows where its inputs have 2"),
    ]


@IN_LOOP
@pytest.mark.parametrize(
    ("sizes", "batch_rows", "runs"),
    [
        pytest.param([1], 64, [[1]], id="one job runs alone"),
        pytest.param([1, 2, 1], 64, [[1, 2, 1]], id="jobs of one turn share a run"),
        pytest.param([1, 1, 1, 1, 1], 2, [[1, 1], [1, 1], [1]], id="no run is too large"),
        pytest.param([3, 2, 2], 4, [[3], [2, 2]], id="a job is never cut"),
        pytest.param([1, 9, 1], 4, [[1], [9], [1]], id="one that is larger runs alone"),
        pytest.param([1, 1], 1, [[1], [1]], id="a limit of one row joins nothing"),
    ],
)
async def test_jobs_that_wait_share_runs(
    model: Model, loop_rows: int, sizes: list[int], batch_rows: int, runs: list[list[int]]
) -> None:
    model.loop_rows = loop_rows
    queue = Queue(model, batch_rows=batch_rows)
    feeds = [rows(*range(size)) for size in sizes]

    answers = await queue.answers(*map(Asked, feeds, sizes))

    assert answers == [alone(model, each) for each in feeds]
    assert queue.runs == runs


async def test_what_comes_while_the_thread_runs_is_its_next_run(model: Model) -> None:
    model.loop_rows = 0
    queue = Queue(model)
    first, *later = Asked(rows(1)), Asked(rows(2)), Asked(rows(3))
    queue.submit(first)
    await asyncio.sleep(0)  # a turn of the loop: the thread has it

    await queue.answers(*later)

    assert first.ended.done()
    assert queue.runs == [[1], [1, 1]]


async def test_a_turn_of_the_loop_computes_no_more_than_fits_it(model: Model) -> None:
    model.loop_rows = 2
    queue = Queue(model)
    jobs = [Asked(rows(1)) for _ in range(5)]
    for job in jobs:
        queue.submit(job)

    turns = await rows_by_turn(queue)

    assert max(turns) == 2
    assert sum(turns) == 5


async def test_a_turn_of_the_loop_ends_with_the_run_that_fills_its_time(model: Model) -> None:
    model.joins_rows = False
    queue = Queue(slow(model))
    for _ in range(3):
        queue.submit(Asked(rows(1)))

    assert await rows_by_turn(queue) == [1, 1, 1]


async def test_what_failed_together_takes_the_time_of_many_turns() -> None:
    model = models.load("m", Artifact(dropping_model(7), None, None), threads=1)
    queue = Queue(slow(model))
    jobs = [Asked(rows(value)) for value in (1, 7, 2)]
    for job in jobs:
        queue.submit(job)

    turns = await rows_by_turn(queue)

    assert turns == [0, 1, 0, 1]
    assert isinstance(jobs[1].ended.exception(), RequestError)
    assert [jobs[number].ended.result()[0].tolist() for number in (0, 2)] == [[[1]], [[2]]]


async def test_a_model_whose_rows_depend_on_each_other_answers_one_request_a_run(
    model: Model,
) -> None:
    model.joins_rows = False
    queue = Queue(model)

    await queue.answers(Asked(rows(1)), Asked(rows(2)))

    assert queue.runs == [[1], [1]]


async def test_a_full_queue_sends_clients_away_for_a_second(model: Model) -> None:
    queue = Queue(model, limit=1)
    queue.submit(Asked(rows(1)))

    with pytest.raises(RequestError, match="1 inferences wait already") as refused:
        queue.submit(Asked(rows(1)))

    assert (refused.value.status, refused.value.headers) == (503, b"retry-after: 1\r\n")


async def test_nothing_is_inferred_for_who_has_left(model: Model) -> None:
    queue = Queue(model)
    left, stayed = Asked(rows(1), abandoned=True), Asked(rows(1))
    queue.submit(left)
    queue.submit(stayed)

    async with asyncio.timeout(TIMEOUT_SECONDS):
        await stayed.ended
    assert left.ended.cancelled()
    assert queue.runs == [[1]]
