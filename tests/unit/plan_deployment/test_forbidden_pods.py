"""What people read while a quota or a policy forbids pods: the API server's own words."""

from datetime import timedelta

from harness.serving_bodies import QUOTA, model_deployment, version_name
from harness.serving_world import ServingWorld

DEADLINE = timedelta(seconds=20)
STEPS = [{"weight": w, "holdSeconds": 5} for w in (25, 50)]
ROLLOUT = {"steps": STEPS, "progressDeadlineSeconds": 20, "minRequests": 0}


def world(replicas: int, **quota: int) -> ServingWorld:
    """Return a world of so many pods; ``quota`` says how many a version (``v2``) may have."""
    allowed = {int(version[1:]): pods for version, pods in quota.items()}
    owner = model_deployment(rollout=ROLLOUT, replicas=replicas)
    return ServingWorld(owner=owner, quota=allowed)


def told(seen: ServingWorld, kind: str) -> str:
    """Return the message of a condition."""
    return next(str(c["message"]) for c in seen.status["conditions"] if c["type"] == kind)


def assert_all_say(seen: ServingWorld, words: str) -> None:
    assert told(seen, "Ready") == words
    assert told(seen, "Progressing") == words
    assert told(seen, "Reconciling") == words


def test_a_first_version_that_may_have_no_pod_says_why() -> None:
    seen = world(2, v1=0)
    seen.run_until(lambda w: bool(w.revisions))
    seen.tick()
    seen.run_pass()
    assert_all_say(
        seen, f"0 of 2 pods of {version_name(1)} are ready: a pod cannot be made: {QUOTA}"
    )
    assert told(seen, "Available") == f"a pod cannot be made: {QUOTA}"


def test_a_canary_that_may_have_no_pod_says_why() -> None:
    seen = world(2, v2=0)
    seen.settle()
    seen.ask_for(2)
    seen.run_until(lambda w: "forbidden" in told(w, "Ready"), seconds=15)
    assert_all_say(
        seen,
        f"{version_name(2)} gets 0 % of the requests: 0 of 1 of its pods are ready: "
        f"a pod cannot be made: {QUOTA}",
    )


def test_a_canary_that_may_not_grow_keeps_its_share_and_says_why() -> None:
    seen = world(8, v2=2)
    seen.settle()
    seen.ask_for(2)
    seen.run_until(lambda w: "forbidden" in told(w, "Ready"))
    held = seen.now
    seen.run_until(lambda w: w.now - held > 2 * DEADLINE)
    assert_all_say(
        seen,
        f"{version_name(2)} gets 25 % of the requests: 2 of 4 of its pods are ready: "
        f"a pod cannot be made: {QUOTA}",
    )
    seen.quota.clear()
    seen.settle()
    assert seen.condition("Ready") == ("True", "Stable")
    assert "forbidden" not in told(seen, "Ready")


def test_a_version_that_serves_and_may_not_grow_says_why() -> None:
    seen = world(2, v1=2)
    seen.settle()
    seen.edit(replicas=3)
    seen.rest()
    assert seen.condition("Available") == ("True", "Serving")
    assert_all_say(seen, f"2 of 3 pods of {version_name(1)} exist: a pod cannot be made: {QUOTA}")
