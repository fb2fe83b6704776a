"""A canary that does not run is taken back and remembered, until it is to be tried again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from harness.rollouts import (
    ROLLED_BACK,
    ROLLOUT,
    at_weight,
    conditions,
    deployed,
    message,
    serving,
)
from harness.serving_bodies import DEFAULTS, version_name


@pytest.mark.parametrize("weight", [0, 5, 25, 50, 100])
def test_a_crashing_canary_is_taken_back_and_remembered(weight: int) -> None:
    world = at_weight(weight)
    world.behaviour[2] = "crashing"
    world.settle()
    assert conditions(world) == ROLLED_BACK
    assert serving(world) == {1: 100}
    assert [(r["version"], r["reason"]) for r in world.status["rejected"]] == [
        (version_name(2), "CrashLoop")
    ]
    assert "digest differs" in message(world)
    assert "canary" not in world.status


def test_a_canary_that_is_never_ready_is_taken_back_at_the_deadline() -> None:
    world = deployed()
    world.behaviour[2] = "silent"
    world.ask_for(2)
    begun = world.now
    world.run_until(lambda w: w.condition("Stalled") is not None)
    assert timedelta(seconds=20) <= world.now - begun <= timedelta(seconds=22)
    world.settle()
    assert conditions(world) == ROLLED_BACK
    assert world.status["rejected"][0]["reason"] == "ProgressDeadlineExceeded"
    assert "runs, but its readiness probe (/v2/health/ready) does not pass" in message(world)


def test_a_rejected_version_stays_rejected_over_new_defaults_resyncs_and_scaling() -> None:
    world = at_weight(25)
    world.behaviour[2] = "crashing"
    world.settle()
    world.defaults = replace(DEFAULTS, server_image="server:2")
    world.edit(replicas=2)
    world.settle()
    assert conditions(world) == ROLLED_BACK
    assert {world.version_of(r) for r in world.written} == {1}


def test_a_new_retry_value_tries_a_rejected_version_once_more() -> None:
    world = at_weight(25)
    world.behaviour[2] = "crashing"
    world.settle()
    world.behaviour[2] = "healthy"
    world.edit(rollout={**ROLLOUT, "retry": "1"})
    world.settle()
    assert serving(world) == {2: 100}
    assert world.status["observedRetry"] == "1"


def test_a_retry_during_the_rollback_waits_for_the_failed_pods_to_go() -> None:
    world = at_weight(25)
    world.behaviour[2] = "crashing"
    world.run_until(lambda w: bool(w.status.get("rejected")))
    world.edit(rollout={**ROLLOUT, "retry": "1"})
    world.run_until(lambda w: w.status["observedRetry"] == "1")
    assert all("iris-" in name for name in world.pods)
    world.behaviour[2] = "healthy"
    world.settle()
    assert serving(world) == {2: 100}


def test_a_retry_while_the_version_is_missing_counts_once_it_is_back() -> None:
    world = at_weight(25)
    world.behaviour[2] = "crashing"
    world.settle()
    del world.versions[2]
    world.edit(rollout={**ROLLOUT, "retry": "1"})
    world.rest()
    assert conditions(world)["Ready"] == ("False", "VersionNotFound")
    world.behaviour[2] = "healthy"
    world.publish(2)
    world.settle()
    assert serving(world) == {2: 100}


def test_taking_the_retry_value_away_is_no_retry() -> None:
    world = deployed()
    world.edit(rollout={**ROLLOUT, "retry": "1"})
    world.behaviour[2] = "crashing"
    world.ask_for(2)
    world.settle()
    world.edit(rollout=ROLLOUT)
    world.settle()
    assert conditions(world) == ROLLED_BACK


def test_a_rejected_version_with_other_settings_is_another_revision() -> None:
    world = at_weight(25)
    world.behaviour[2] = "crashing"
    world.settle()
    world.behaviour[2] = "healthy"
    world.edit(server={"resources": {"limits": {"memory": "1Gi"}}})
    world.settle()
    assert serving(world) == {2: 100}
