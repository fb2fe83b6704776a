"""The operator is killed at every write it makes; the end must be the same every time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from wiring import flows

if TYPE_CHECKING:
    from collections.abc import Callable

    from wiring.admin import Namespace
    from wiring.world import Site, World

pytestmark = pytest.mark.wiring

AT_ONCE = 8
"""Namespaces that crash side by side: what they do is mostly waiting."""


@dataclass(frozen=True)
class Flow:
    """What users wait for.

    Attributes:
        begin: Applies the objects.
        finish: Waits until it is over.
        end: Describes what must be the same.
        trainers: What trainers do at first.
    """

    begin: Callable[[Namespace], None]
    finish: Callable[[Site], None]
    end: Callable[[Namespace], dict[str, Any]]
    trainers: str = "publish"


TRAINING = Flow(flows.train, lambda site: flows.trained(site.namespace), flows.trained_end)
HELD = Flow(flows.train, flows.hold_and_let_go, flows.trained_end, trainers="hold")
REMOVAL = Flow(flows.keep_removable, flows.remove, flows.removed_end)
CANARY = Flow(flows.serve, lambda site: flows.climbed(site.namespace), flows.climbed_end)
OF_PODS = Flow(
    flows.serve_without_gateway, lambda site: flows.climbed(site.namespace), flows.climbed_end
)


def undisturbed(world: World, flow: Flow) -> tuple[int, dict[str, Any]]:
    with world.site() as site:
        site.start()
        world.pods.trainers[site.namespace.name] = flow.trainers
        flow.begin(site.namespace)
        flow.finish(site)
        return len(site.proxy.writes), flow.end(site.namespace)


def killed(world: World, flow: Flow, before: int, after: int) -> dict[str, Any]:
    """Run ``flow`` with the operator killed twice, and started again at once each time.

    Args:
        world: What the tests share.
        flow: What to run.
        before: Number of the write that never reaches the API server.
        after: Number of the write whose answer never reaches the operator.
    """
    with world.site() as site:
        site.start()

        def crash() -> None:
            site.operators[-1].kill()
            site.start()

        site.proxy.kill_at(before, "before", crash)
        site.proxy.kill_at(after, "after", crash)
        world.pods.trainers[site.namespace.name] = flow.trainers
        flow.begin(site.namespace)
        try:
            flow.finish(site)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{site.operators[-1].tail()}") from error
        return flow.end(site.namespace)


@pytest.mark.parametrize(
    "flow",
    [
        pytest.param(TRAINING, id="a training job"),
        pytest.param(HELD, id="a training job that is suspended and resumed"),
        pytest.param(REMOVAL, id="a version that goes with its artifact"),
        pytest.param(CANARY, id="a canary to 100"),
        pytest.param(OF_PODS, id="a canary to 100 without a gateway"),
    ],
)
def test_a_kill_at_any_write_changes_nothing_about_the_end(
    world: World,
    flow: Flow,
    request: pytest.FixtureRequest,
    record_testsuite_property: Callable[[str, object], None],
) -> None:
    writes, end = undisturbed(world, flow)
    record_testsuite_property(f"writes of {request.node.callspec.id}", writes)
    half = writes // 2
    crashes = [(number, (number + half) % writes + 1) for number in range(1, writes + 1)]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        runs = {crash: pool.submit(killed, world, flow, *crash) for crash in crashes}
        ends = {crash: run.result() for crash, run in runs.items()}

    assert ends == dict.fromkeys(crashes, end)
