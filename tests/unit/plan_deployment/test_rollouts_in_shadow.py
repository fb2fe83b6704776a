"""Candidates that are compared in shadow, in virtual time, before they get any share."""

import json
from typing import Any

import pytest

from harness.serving_bodies import model_deployment, version_name
from harness.serving_world import ServingWorld
from harness.shadow_rollouts import (
    STEPS,
    asked,
    config_maps,
    has_shares,
    pods_of,
    ready,
    run,
    shadow,
)
from harness.shadowing_servers import KUBELET_LAG_SECONDS, ShadowBehaviour


def test_a_candidate_that_agrees_takes_over_after_it_was_compared() -> None:
    world = asked()
    compared_without_pods = 0

    def look(each: ServingWorld) -> bool:
        nonlocal compared_without_pods
        if not has_shares(each):
            assert pods_of(each, 2) == []
            compared_without_pods = shadow(each).get("compared", 0)
        return has_shares(each)

    world.run_until(look)
    found = shadow(world)
    assert (found["state"], found["version"]) == ("Passed", version_name(2))
    assert found["compared"] >= max(1000, compared_without_pods)
    assert compared_without_pods > 0
    assert float(found["flipRate"]["upper"]) <= 0.02
    assert config_maps(world) == []
    world.settle()
    assert world.status["stable"]["version"] == version_name(2)
    assert shadow(world)["state"] == "Passed"


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        pytest.param(ShadowBehaviour(flips=0.3), "it would have decided 3", id="other decisions"),
        pytest.param(ShadowBehaviour(shifted=True), "PSI of the scores", id="other scores"),
    ],
)
def test_a_candidate_that_disagrees_is_rejected_and_never_has_a_pod(
    behaviour: ShadowBehaviour, words: str
) -> None:
    world = asked()
    world.shadowing.behaviour = behaviour
    pods = []

    def look(each: ServingWorld) -> bool:
        pods.extend(pods_of(each, 2))
        return bool(each.refused)

    world.run_until(look, seconds=90)
    world.settle()

    (rejected,) = world.status["rejected"]
    assert (rejected["reason"], pods) == ("ShadowDisagrees", [])
    assert words in rejected["message"]
    assert world.condition("Ready") == ("False", "RolledBack")
    assert shadow(world)["state"] == "Disagrees"
    assert config_maps(world) == []
    outcome = world.status["history"][0]
    assert (outcome["version"], outcome["outcome"]) == (version_name(2), "RolledBack")


def test_a_candidate_that_pods_cannot_score_is_rejected_with_their_reason() -> None:
    world = asked()
    world.shadowing.behaviour = ShadowBehaviour(refused="OutOfMemory")
    world.run_until(lambda w: bool(w.refused), seconds=60)
    (rejected,) = world.status["rejected"]
    assert rejected["reason"] == "ShadowRefused"
    assert "cannot score it: OutOfMemory: it does not fit" in rejected["message"]
    assert shadow(world)["state"] == "Refused"


def test_an_idle_service_holds_and_says_so_and_writes_nothing() -> None:
    world = asked(load=0.0)
    run(world, 600)
    reason, message = ready(world)
    assert (has_shares(world), reason) == (False, "Shadow")
    assert "by 2 of 2 pods: of 0 requests" in message
    assert message.endswith("It goes on once 1000 requests are compared")
    calls = world.calls
    run(world, 60)
    assert world.calls == calls


def test_it_says_what_it_waits_for() -> None:
    world = asked(seconds=300, minRequests=2000)
    run(world, 5)
    assert ready(world)[1].endswith("no pod compares yet; a pod hears of it within two minutes")
    run(world, KUBELET_LAG_SECONDS + 5)
    assert "It goes on once 2000 requests are compared" in ready(world)[1]
    run(world, 60)
    assert ready(world)[1].endswith("It goes on once it was compared for 300 s")
    assert world.condition("Reconciling") == ("True", "Shadow")


def test_a_candidate_near_the_bound_is_neither_promoted_nor_rejected() -> None:
    world = asked()
    world.shadowing.behaviour = ShadowBehaviour(flips=0.02)
    run(world, 300)
    assert (has_shares(world), world.refused) == (False, [])
    assert ready(world)[1].endswith("It goes on once both are certain to be within what is allowed")


def test_a_process_that_begins_anew_loses_no_count() -> None:
    world = asked(minRequests=10**9)
    run(world, 60)
    before = shadow(world)["compared"]
    world.shadowing.restart()
    run(world, KUBELET_LAG_SECONDS + 20)
    assert shadow(world)["compared"] > before


@pytest.mark.parametrize(
    ("forged", "words"),
    [
        pytest.param({"compared": -1}, "compared: Input should be greater", id="negative"),
        pytest.param({"compared": float("nan")}, "compared: Input should be a", id="no number"),
        pytest.param({"compared": 2**70}, "compared: Input should be less", id="huge"),
        pytest.param({"compared": 10**12}, "report not believed", id="more than can be"),
        pytest.param({"compared": 1}, "report not believed", id="more scores than requests"),
        pytest.param({"failed": 10**9}, "report not believed", id="more failures than requests"),
        pytest.param({"flips": []}, "other thresholds", id="no thresholds"),
        pytest.param({"flips": [{"threshold": "0.5", "flips": 10**9}]}, "believed", id="flips"),
        pytest.param(
            {"scores": {"edges": [0.5], "stable": [1, 2], "candidate": [2, 1]}},
            "other bins",
            id="other bins",
        ),
        pytest.param({"state": "Passed"}, "state: Input should be", id="no state"),
    ],
)
def test_a_forged_report_is_said_and_never_counted(forged: dict[str, Any], words: str) -> None:
    world = asked()
    world.shadowing.behaviour = ShadowBehaviour(forged=forged)
    run(world, 120)
    assert (has_shares(world), world.refused) == (False, [])
    assert shadow(world)["compared"] == 0
    assert words in ready(world)[1]


@pytest.mark.parametrize("forged", [{"sha256": "0" * 64}, {"attempt": "another"}])
def test_a_report_on_something_else_is_no_report(forged: dict[str, Any]) -> None:
    world = asked()
    world.shadowing.behaviour = ShadowBehaviour(refused="OutOfMemory", forged=forged)
    run(world, 120)
    assert (has_shares(world), world.refused) == (False, [])
    assert "no pod compares yet" in ready(world)[1]


@pytest.mark.parametrize("lacking", ["sha256", "attempt"])
def test_a_refusal_of_a_file_that_could_not_be_read_holds_it_and_is_said(lacking: str) -> None:
    world = asked()
    world.shadowing.behaviour = ShadowBehaviour(refused="NotUnderstood", forged={lacking: ""})
    run(world, 120)
    assert (has_shares(world), world.refused) == (False, [])
    assert ready(world)[1].endswith(": NotUnderstood: it does not fit")


def test_pods_that_cannot_be_asked_hold_it_and_are_named() -> None:
    world = asked()
    world.shadowing.behaviour = ShadowBehaviour(mute=True)
    run(world, 120)
    assert not has_shares(world)
    assert "Not all could be read: pod iris-" in ready(world)[1]
    assert "connection refused" in ready(world)[1]


def test_pods_made_without_it_cannot_compare_and_nothing_is_promoted() -> None:
    world = asked()
    for body in world.objects.values():
        annotations = body["metadata"]["annotations"]
        if text := annotations.get("checkrail.dev/pod-template"):
            template = json.loads(text)
            template["spec"]["volumes"] = template["spec"]["volumes"][:1]
            annotations["checkrail.dev/pod-template"] = json.dumps(template)
    run(world, 60)
    reason, message = ready(world)
    assert (has_shares(world), reason) == (False, "ShadowUnavailable")
    assert world.condition("Stalled") == ("True", "ShadowUnavailable")
    assert "Take rollout.shadow out of the spec for this version" in message

    world.edit(rollout={"steps": STEPS})
    world.run_until(has_shares)


def test_a_candidate_in_another_store_cannot_be_compared() -> None:
    world = asked()
    world.versions[2]["spec"]["store"] = {"endpoint": "http://elsewhere.default.svc:9000"}
    run(world, 10)
    assert ready(world)[0] == "ShadowUnavailable"
    assert "credentials of another object store" in ready(world)[1]


def test_the_first_version_has_no_shadow() -> None:
    rollout = {"steps": STEPS, "shadow": {}}
    world = ServingWorld(owner=model_deployment(rollout=rollout))
    world.settle()
    assert world.condition("Ready") == ("True", "Stable")
    assert "shadow" not in world.status


def test_other_settings_of_what_serves_are_not_compared_with_it() -> None:
    world = asked(load=0.0)
    world.ask_for(1)
    world.settle()
    more = {"limits": {"memory": "2Gi"}}
    world.edit(server={"resources": more})
    world.run_until(has_shares, seconds=20)
    assert config_maps(world) == []


def test_one_that_is_aborted_in_shadow_is_remembered() -> None:
    world = asked()
    run(world, 30)
    world.edit(rollout={**world.owner["spec"]["rollout"], "abort": version_name(2)})
    world.settle()
    assert [each["reason"] for each in world.status["rejected"]] == ["Aborted"]
    assert config_maps(world) == []
    assert [h["outcome"] for h in world.status["history"]][:1] == ["RolledBack"]


def test_another_version_takes_its_place_and_is_compared_from_the_beginning() -> None:
    world = asked(minRequests=10**9)
    run(world, 60)
    assert shadow(world)["compared"] > 0
    world.ask_for(3)
    world.run_pass()
    assert (shadow(world)["version"], shadow(world)["compared"]) == (version_name(3), 0)
    assert [h["outcome"] for h in world.status["history"]][:1] == ["Withdrawn"]


def test_promote_does_not_stand_for_evidence() -> None:
    world = asked(minRequests=10**9)
    world.edit(rollout={**world.owner["spec"]["rollout"], "promote": version_name(2)})
    run(world, 120)
    assert not has_shares(world)


def test_suspend_holds_one_that_agrees_and_lets_one_that_does_not_go() -> None:
    world = asked()
    run(world, 30)
    world.edit(suspend=True)
    run(world, 120)
    assert (has_shares(world), ready(world)[0]) == (False, "Suspended")
    world.edit(suspend=False)
    world.run_until(has_shares, seconds=20)

    world = asked()
    run(world, 10)
    world.edit(suspend=True)
    world.shadowing.behaviour = ShadowBehaviour(flips=0.5)
    world.run_until(lambda w: bool(w.refused), seconds=60)


def test_a_retry_compares_again_from_the_beginning() -> None:
    world = asked()
    world.shadowing.behaviour = ShadowBehaviour(flips=0.5)
    world.run_until(lambda w: bool(w.refused))
    world.settle()
    world.shadowing.behaviour = ShadowBehaviour()
    world.edit(rollout={**world.owner["spec"]["rollout"], "retry": "1"})
    world.run_until(has_shares)
    assert shadow(world)["state"] == "Passed"


def test_the_bins_are_those_of_the_version_that_serves() -> None:
    world = asked()
    edges = [str(n / 100) for n in range(1, 100)]
    world.versions[1]["spec"]["scores"] = {"output": "probabilities", "edges": edges}
    world.run_pass()
    (name,) = config_maps(world)
    candidate = json.loads(world.objects["v1", "ConfigMap", name]["data"]["candidate.json"])
    assert candidate["scores"]["output"] == "probabilities"
    assert candidate["scores"]["edges"] == edges[::4]
    assert candidate["sha256"] == world.versions[2]["spec"]["artifact"]["sha256"]
