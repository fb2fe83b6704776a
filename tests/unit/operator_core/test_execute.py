"""Records are shared by runs of the same digest, and never mistaken for somebody else's."""

import pytest

from checkrail_operator.observe.raw import Raw
from checkrail_operator.plan.errors import NameConflictError, TransientError
from checkrail_operator.plan.types import Event, Key, Manifest, Plan
from checkrail_operator.shell.execute import Written, execute
from harness.fake_cluster import FakeCluster

KEY = Key("TrainingJob", "team", "run")
OWNER = {
    "apiVersion": "checkrail.dev/v1alpha1",
    "kind": "TrainingJob",
    "metadata": {"name": "run", "namespace": "team"},
}


STORE = "s3://models/m"


def record(sha256: str, auc: str = "0.7", *, store: str = STORE, jfk: str = "0.6") -> Manifest:
    """Return a ModelVersion; all of these share the name that 8 digits of a digest give."""
    return {
        "apiVersion": "checkrail.dev/v1alpha1",
        "kind": "ModelVersion",
        "metadata": {"name": "m-00000000", "namespace": "team"},
        "spec": {
            "model": "m",
            "artifact": {"sha256": sha256, "uri": f"{store}/{sha256}"},
            "metrics": [
                {"name": "roc_auc", "value": auc},
                {"name": "roc_auc", "value": jfk, "slice": "origin=JFK"},
            ],
        },
    }


async def no_events(owner: Manifest, event: Event) -> None:
    """Tell nobody."""


@pytest.mark.parametrize(
    "there",
    [
        pytest.param(record("00000000aa"), id="the same"),
        pytest.param(record("00000000aa", store="s3://elsewhere/m"), id="in another store"),
        pytest.param(
            {
                **record("00000000aa"),
                "spec": {"model": "m", "artifact": {"sha256": "00000000aa"}},
            },
            id="imported by a person, without figures",
        ),
    ],
)
async def test_a_record_of_the_same_digest_is_shared_and_stays_as_it_is(there: Manifest) -> None:
    cluster = FakeCluster()
    cluster.put(there)

    plan = Plan(KEY, records=(record("00000000aa"),))

    assert await execute(cluster, plan, Raw(owner=OWNER), no_events) == Written()
    assert cluster.writes == []


@pytest.mark.parametrize(
    "there",
    [
        pytest.param(record("00000000bb"), id="another digest"),
        pytest.param(record("00000000aa", auc="0.99"), id="a better figure for the same model"),
        pytest.param(record("00000000aa", jfk="0.99"), id="a better figure for a slice"),
    ],
)
async def test_a_record_that_no_run_like_this_one_made_is_a_conflict(there: Manifest) -> None:
    cluster = FakeCluster()
    cluster.put(there)

    with pytest.raises(NameConflictError, match="m-00000000"):
        await execute(
            cluster, Plan(KEY, records=(record("00000000aa"),)), Raw(owner=OWNER), no_events
        )

    assert cluster.writes == []


async def test_a_record_that_is_being_deleted_is_waited_for_and_made_anew() -> None:
    """A run that took it for its own would end with a version that then vanishes."""
    cluster = FakeCluster()
    plan = Plan(KEY, records=(record("00000000aa"),))
    going = record("00000000aa")
    metadata = {**going["metadata"], "finalizers": ["checkrail.dev/artifact"], "uid": "first"}
    cluster.ask_to_delete(cluster.put({**going, "metadata": metadata}))

    with pytest.raises(TransientError, match="ModelVersion m-00000000 is being deleted"):
        await execute(cluster, plan, Raw(owner=OWNER), no_events)
    (there,) = cluster.of_kind("ModelVersion")
    cluster.remove(there)

    assert await execute(cluster, plan, Raw(owner=OWNER), no_events) == Written(records=1)
