"""Canaries under load, in virtual time: what their servers count decides how far they get."""

from datetime import timedelta
from typing import Any

import pytest

from harness.counting_servers import Behaviour
from harness.serving_bodies import model_deployment, version_name
from harness.serving_world import ServingWorld

STEPS = [{"weight": w, "holdSeconds": 20} for w in (5, 25, 50)]
LOAD = 300.0
EVERYTHING: list[dict[str, Any]] = [
    {"name": "errors", "builtin": "ErrorRate", "maxIncrease": "0.01"},
    {"name": "latency", "builtin": "LatencyP99"},
    {"name": "scores", "builtin": "ScoreShift"},
    {"name": "range", "builtin": "FeatureRange"},
]


def deployed(**rollout: Any) -> ServingWorld:
    """Return a world in which version 1 answers, and version 2 is asked for."""
    world = ServingWorld(
        owner=model_deployment(rollout={"steps": STEPS, "checks": EVERYTHING, **rollout})
    )
    world.servers.load = LOAD
    world.settle()
    world.tick(60)  # the stable version has been answering for a while
    world.ask_for(2)
    return world


def promoted(world: ServingWorld) -> bool:
    return "canary" not in world.status and world.status["stable"]["version"] == version_name(2)


def weight(world: ServingWorld) -> int | None:
    found: int | None = world.status.get("canary", {}).get("weight")
    return found


def verdicts(world: ServingWorld) -> dict[str, str]:
    return {check["name"]: check["verdict"] for check in world.status["checks"]}


def reason_and_message(world: ServingWorld) -> tuple[str, str]:
    (found,) = (c for c in world.status["conditions"] if c["type"] == "Ready")
    return found["reason"], found["message"]


def run(world: ServingWorld, seconds: int) -> None:
    for _ in range(seconds):
        world.run_pass()
        world.tick()


@pytest.mark.parametrize(
    ("behaviour", "reason", "words"),
    [
        pytest.param(Behaviour(failed=0.05), "ErrorsIncreased", "check errors", id="errors"),
        pytest.param(Behaviour(slow=0.05), "LatencyIncreased", "check latency", id="latency"),
        pytest.param(Behaviour(shifted=True), "ScoresShifted", "check scores", id="scores"),
        pytest.param(Behaviour(outliers=0.05), "FeaturesOutOfRange", "check range", id="features"),
    ],
)
def test_a_worse_canary_is_taken_back_at_its_first_share_and_remembered(
    behaviour: Behaviour, reason: str, words: str
) -> None:
    world = deployed()
    world.servers.behaviour[2] = behaviour
    highest = 0

    def look(each: ServingWorld) -> bool:
        nonlocal highest
        highest = max(highest, weight(each) or 0)
        return bool(each.refused)

    world.run_until(look, seconds=60)
    world.settle()

    (rejected,) = world.status["rejected"]
    assert (highest, rejected["reason"]) == (5, reason)
    assert rejected["message"].startswith(words)
    assert world.condition("Ready") == ("False", "RolledBack")
    assert [h["outcome"] for h in world.status["history"]][:1] == ["RolledBack"]


def test_a_canary_that_is_as_good_gets_everything_and_every_check_passes_with_time() -> None:
    world = deployed(evidence="Pass")
    world.run_until(lambda w: weight(w) == 100)
    assert verdicts(world) == dict.fromkeys(("errors", "latency", "scores", "range"), "Pass")
    assert world.condition("ChecksPassing") == ("True", "ChecksPassed")
    world.settle()
    assert promoted(world)
    assert [(h["version"], h["outcome"]) for h in world.status["history"]] == [
        (version_name(2), "Promoted"),
        (version_name(1), "Promoted"),
    ]


def test_the_last_step_waits_for_evidence_where_it_is_asked_for() -> None:
    world = deployed(evidence="Pass")
    world.servers.load = 20.0
    run(world, 300)
    reason, message = reason_and_message(world)
    assert (weight(world), reason) == (50, "Inconclusive")
    assert "requests more are needed" in message


def test_an_idle_service_holds_and_says_so_and_goes_on_with_its_requests() -> None:
    world = deployed()
    world.servers.load = 0.0
    run(world, 600)
    assert weight(world) == 5
    reason, message = reason_and_message(world)
    assert reason == "WaitingForRequests"
    assert "once it has answered 100 requests in it, 0 so far can be compared" in message
    assert world.refused == []
    world.servers.load = LOAD
    world.run_until(promoted)


def test_an_idle_service_writes_nothing() -> None:
    world = deployed()
    world.servers.load = 0.0
    world.rest(quiet_seconds=60)
    assert weight(world) == 5


def test_pods_that_cannot_be_read_hold_the_canary_and_are_named() -> None:
    world = deployed()
    world.servers.behaviour[2] = Behaviour(mute=True)
    run(world, 300)
    _, message = reason_and_message(world)
    assert weight(world) == 5
    assert message.endswith("Counters could not be read: pod iris-3b9fd066-0: connection refused")


def test_nothing_is_promoted_while_the_stable_pods_cannot_be_read() -> None:
    world = deployed()
    world.servers.behaviour |= {1: Behaviour(mute=True), 2: Behaviour(failed=1.0)}
    run(world, 300)
    reason, message = reason_and_message(world)
    assert (weight(world), reason) == (5, "WaitingForRequests")
    assert message.endswith("Counters could not be read: pod iris-333bbcf6-0: connection refused")


def test_a_version_without_a_profile_is_not_compared_by_its_features() -> None:
    world = deployed()
    world.servers.behaviour |= {1: Behaviour(outliers=None), 2: Behaviour(outliers=0.05)}
    world.run_until(promoted)
    assert verdicts(world)["range"] == "Inconclusive"


def test_a_version_is_not_called_slow_for_requests_that_its_callers_got_wrong() -> None:
    """They took their time as well: they are among the slow ones, and among all."""
    world = deployed()
    world.servers.behaviour[2] = Behaviour(refused=0.75)
    world.run_until(promoted)
    (latency,) = (check for check in world.status["checks"] if check["name"] == "latency")
    assert float(latency["canary"]) == pytest.approx(float(latency["stable"]), rel=0.05)


def test_a_wider_ratio_lets_a_slow_version_go_on() -> None:
    world = deployed(onFailure="Pause")
    world.servers.behaviour[2] = Behaviour(slow=0.05)
    run(world, 120)
    assert reason_and_message(world)[0] == "LatencyIncreased"
    wide = [{**c, "maxRatio": "1000"} if c["name"] == "latency" else c for c in EVERYTHING]
    world.edit(rollout={**world.owner["spec"]["rollout"], "checks": wide})
    world.run_until(promoted)


def test_a_failed_check_may_pause_instead_and_goes_on_once_the_check_is_changed() -> None:
    world = deployed(onFailure="Pause")
    world.servers.behaviour[2] = Behaviour(failed=0.05)
    run(world, 300)
    reason, message = reason_and_message(world)
    assert (weight(world), reason) == (5, "ErrorsIncreased")
    assert f"Set spec.rollout.abort to {version_name(2)} to take it back" in message
    assert world.condition("ChecksPassing") == ("False", "ErrorsIncreased")

    rollout = world.owner["spec"]["rollout"]
    lenient = [{"name": "errors", "builtin": "ErrorRate", "maxIncrease": "0.2"}, *EVERYTHING[1:]]
    world.edit(rollout={**rollout, "checks": lenient})
    world.run_until(promoted)


def test_the_observed_split_is_told_and_compared_with_the_desired_one() -> None:
    world = deployed()
    world.run_until(lambda w: weight(w) == 25)
    run(world, 18)
    assert world.condition("TrafficConverged") == ("True", "Converged")
    observed = {t["version"]: float(t["observedPercent"]) for t in world.status["traffic"]}
    assert observed[version_name(2)] == pytest.approx(25, abs=1)
    assert sum(observed.values()) == pytest.approx(100)


def skewed(**rollout: Any) -> ServingWorld:
    """Return a world in which the canary has a quarter, and clients pass the gateway by."""
    world = deployed(**rollout)
    world.run_until(lambda w: weight(w) == 25)
    stable = next(r for r in world.routed if world.version_of(r) == 1)
    run(world, 3)
    world.routed = {stable: 100}
    world.gateway = "away"
    run(world, 12)
    return world


def test_clients_that_pass_the_gateway_by_are_noticed() -> None:
    assert skewed().condition("TrafficConverged") == ("False", "TrafficSkewed")


def test_a_refusal_after_a_skewed_split_gets_the_whole_deadline_of_its_own() -> None:
    world = skewed(progressDeadlineSeconds=20)
    run(world, 60)
    world.gateway = "refuses"
    refused = world.now
    world.run_until(lambda w: w.condition("Stalled") is not None)
    assert world.condition("Stalled") == ("True", "RouteNotAccepted")
    assert timedelta(seconds=20) <= world.now - refused <= timedelta(seconds=25)


def test_history_keeps_as_many_rollouts_as_asked_for() -> None:
    world = deployed(historyLimit=2)
    for number in (2, 3, 4):
        world.ask_for(number)
        world.run_until(lambda w, n=number: w.status["stable"]["version"] == version_name(n))  # type: ignore[misc]
    assert [h["version"] for h in world.status["history"]] == [version_name(4), version_name(3)]


@pytest.mark.parametrize("share", [0, 5, 25, 50])
def test_a_rollout_that_is_read_after_a_crash_counts_nothing_twice(share: int) -> None:
    """The operator dies before it writes the status of every pass in a climb."""
    calm, shaken = deployed(), deployed()
    for world in (calm, shaken):
        world.run_until(lambda w: weight(w) == share)
    for _ in range(6):
        shaken.planned()  # a pass that is lost
        for world in (calm, shaken):
            world.run_pass()
            world.tick()
    assert calm.status["canary"]["analysis"] == shaken.status["canary"]["analysis"]
