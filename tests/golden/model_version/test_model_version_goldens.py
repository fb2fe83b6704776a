"""For every situation: the whole plan, that it comes to rest, and that no crash changes the rest.

After a wanted change: ``pytest tests/golden/model_version --snapshot-update``, and read the diff.
"""

from dataclasses import asdict

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from harness.fake_cluster import OperatorDiedError
from harness.version_situations import SITUATIONS
from harness.version_world import VersionWorld

EVERY = pytest.mark.parametrize("situation", SITUATIONS)


async def played(situation: str) -> VersionWorld:
    world = VersionWorld()
    await SITUATIONS[situation](world)
    return world


@EVERY
async def test_the_plan_is_the_one_on_file(situation: str, snapshot: SnapshotAssertion) -> None:
    world = await played(situation)

    assert asdict(await world.plan()) == snapshot(extension_class=JSONSnapshotExtension)


@EVERY
async def test_a_pass_at_rest_writes_nothing_and_tells_nothing_new(situation: str) -> None:
    world = await played(situation)
    await world.rest()
    before = (list(world.cluster.writes), list(world.cluster.events))

    if world.exists:
        assert not await world.run_pass()

    assert (world.cluster.writes, world.cluster.events) == before


@EVERY
async def test_a_crash_between_any_two_writes_ends_in_the_same_rest(situation: str) -> None:
    """Kill the operator before each of the writes on the way to rest, then run whole passes."""
    world = await played(situation)
    already = len(world.cluster.writes)
    await world.rest()
    rest, writes = world.cluster.contents(), len(world.cluster.writes) - already

    for calls in range(writes):
        crashed = await played(situation)
        crashed.cluster.dies_after = already + calls
        with pytest.raises(OperatorDiedError):
            await crashed.rest()
        crashed.cluster.revive()
        await crashed.rest()

        assert crashed.cluster.contents() == rest, f"killed before write {calls + 1} of {writes}"
