"""Inferences that wait: in the loop or in a thread, bounded, and never for who has left."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from checkrail_server import model as models
from checkrail_server.artifact import Artifact
from checkrail_server.errors import RequestError
from checkrail_server.inference_queue import InferenceQueue
from harness.scoring_server import flight_model

if TYPE_CHECKING:
    from checkrail_server.model import Feeds, Model
    from checkrail_server.tensors import Array

TIMEOUT_SECONDS = 10


@pytest.fixture
def model() -> Model:
    return models.load("m", Artifact(flight_model(), None, None), threads=1)


class Asked:
    """A job that remembers what became of it."""

    def __init__(self, feeds: Feeds, rows: int = 1, *, abandoned: bool = False) -> None:
        self.feeds = feeds
        self.rows = rows
        self.abandoned = abandoned
        self.ended: asyncio.Future[list[Array]] = asyncio.get_running_loop().create_future()

    def done(self, outputs: list[Array], seconds: float) -> None:
        assert seconds > 0
        self.ended.set_result(outputs)

    def failed(self, error: BaseException) -> None:
        self.ended.set_exception(error)

    def dropped(self) -> None:
        self.ended.cancel()


@pytest.mark.parametrize(
    "loop_rows", [pytest.param(1, id="in the loop"), pytest.param(0, id="in a thread")]
)
async def test_a_failing_job_fails_alone(model: Model, loop_rows: int) -> None:
    model.loop_rows = loop_rows
    queue = InferenceQueue(model, limit=3)
    good, bad, other = Asked(model.blank(1)), Asked({}), Asked(model.blank(1))
    for job in (good, bad, other):
        queue.submit(job)

    async with asyncio.timeout(TIMEOUT_SECONDS):
        want = [output.tolist() for output in model.run(model.blank(1))]
        assert [output.tolist() for output in await good.ended] == want
        assert [output.tolist() for output in await other.ended] == want
        with pytest.raises(ValueError, match="distance"):
            await bad.ended
    assert queue.length == 0


async def test_a_full_queue_sends_clients_away_for_a_second(model: Model) -> None:
    queue = InferenceQueue(model, limit=1)
    queue.submit(Asked(model.blank(1)))

    with pytest.raises(RequestError, match="1 inferences wait already") as refused:
        queue.submit(Asked(model.blank(1)))

    assert (refused.value.status, refused.value.headers) == (503, b"retry-after: 1\r\n")


async def test_nothing_is_inferred_for_who_has_left(model: Model) -> None:
    queue = InferenceQueue(model, limit=2)
    left, stayed = Asked(model.blank(1), abandoned=True), Asked(model.blank(1))
    queue.submit(left)
    queue.submit(stayed)

    async with asyncio.timeout(TIMEOUT_SECONDS):
        await stayed.ended
    assert left.ended.cancelled()
