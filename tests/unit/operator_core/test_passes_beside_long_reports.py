"""A pass that has much to read of its servers holds nobody else up."""

from __future__ import annotations

import asyncio
from threading import Event as Signal
from typing import TYPE_CHECKING

from checkrail_operator.loop import Passes
from checkrail_operator.metrics import Metrics
from checkrail_operator.observe.rollout_reads import Fetched
from checkrail_operator.plan.types import Key
from harness.fake_cluster import FakeCluster
from harness.rollouts import at_weight
from harness.serving_bodies import DEFAULTS

if TYPE_CHECKING:
    from checkrail_operator.observe.rollout_reads import Reads

KEY = Key("ModelDeployment", "team", "iris")


class LongReport(str):  # noqa: SLOT000 - it has signals of its own
    """A text that is not read to its end before somebody else has had a turn."""

    begun: Signal
    others_went_on: Signal

    def splitlines(self, keepends: bool = False) -> list[str]:  # noqa: FBT001, FBT002 - as of str
        """Wait for the others, then return the lines."""
        self.begun.set()
        assert self.others_went_on.wait(timeout=10), "nobody else had a turn"
        return super().splitlines(keepends)


class TellingWeb:
    """Implements ``shell.web.Web``: every pod says the same."""

    def __init__(self, text: str) -> None:
        self._text = text

    async def read(self, reads: Reads) -> tuple[dict[str, Fetched], dict[str, Fetched]]:
        """Answer for every pod at once."""
        return dict.fromkeys(reads.pods, Fetched(self._text)), {}


async def test_the_event_loop_goes_on_while_reports_are_read() -> None:
    world = at_weight(25)
    cluster = FakeCluster(now=world.now)
    for body in (world.owner, *world.versions.values(), *world.objects.values()):
        cluster.put(body)
    for pod in world.pods.values():
        cluster.put({"apiVersion": "v1", **pod})
    report = LongReport(world.servers.metrics(next(iter(world.servers.answered)), 1))
    report.begun, report.others_went_on = Signal(), Signal()
    passes = Passes(
        cluster,
        TellingWeb(report),
        defaults=DEFAULTS,
        tell=cluster.tell,
        wake=lambda _: None,
        metrics=Metrics(),
        clock=lambda: 0.0,
        now=lambda: world.now,
    )

    done = asyncio.create_task(passes(KEY))
    assert await asyncio.to_thread(report.begun.wait, 10), "no report was read"
    report.others_went_on.set()

    assert not (await done).failed
