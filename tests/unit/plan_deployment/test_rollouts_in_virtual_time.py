import copy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from checkrail_operator.plan import serving as serving_manifests
from checkrail_operator.plan.revision import TEMPLATE
from harness.serving_bodies import DEFAULTS, START, model_deployment, model_version, version_name
from harness.serving_world import ServingWorld

STEPS = [{"weight": w, "holdSeconds": 5} for w in (5, 25, 50)]
ROLLOUT = {"steps": STEPS, "progressDeadlineSeconds": 20, "minRequests": 0}


def deployed(**spec: Any) -> ServingWorld:
    """Return a world in which version 1 serves."""
    world = ServingWorld(owner=model_deployment(rollout=ROLLOUT, **spec))
    world.settle()
    return world


def at_weight(weight: int, **spec: Any) -> ServingWorld:
    """Return a world in which version 2 has reached ``weight``, and the gateway knows."""
    world = deployed(**spec)
    world.ask_for(2)
    world.run_until(lambda w: canary_weight(w) == weight)
    world.tick(3)
    return world


def canary_weight(world: ServingWorld) -> int | None:
    weight: int | None = world.status.get("canary", {}).get("weight")
    return weight


def serving(world: ServingWorld) -> dict[int, int]:
    """Return the split that the gateway makes, by version."""
    return {world.version_of(revision): share for revision, share in world.routed.items()}


def conditions(world: ServingWorld) -> dict[str, tuple[str, str]]:
    return {c["type"]: (c["status"], c["reason"]) for c in world.status["conditions"]}


def message(world: ServingWorld) -> str:
    found: str = next(c["message"] for c in world.status["conditions"] if c["type"] == "Ready")
    return found


def message_of_next_pass(world: ServingWorld) -> str:
    status = world.planned().status or {}
    found: str = next(c["message"] for c in status["conditions"] if c["type"] == "Ready")
    return found


STABLE = {
    "Available": ("True", "Serving"),
    "Progressing": ("False", "Stable"),
    "Ready": ("True", "Stable"),
    "TrafficConverged": ("True", "Converged"),
}
ROLLED_BACK = {
    "Available": ("True", "Serving"),
    "Progressing": ("False", "RolledBack"),
    "Ready": ("False", "RolledBack"),
    "Stalled": ("True", "RolledBack"),
    "TrafficConverged": ("True", "Converged"),
}


def test_the_first_version_goes_straight_to_all_of_the_traffic() -> None:
    world = ServingWorld()
    world.run_pass()
    assert conditions(world) == {
        "Available": ("False", "NotServing"),
        "Progressing": ("True", "FirstRollout"),
        "Ready": ("False", "FirstRollout"),
        "Reconciling": ("True", "FirstRollout"),
        "TrafficConverged": ("Unknown", "RoutePending"),
    }
    world.settle()
    assert conditions(world) == STABLE
    assert serving(world) == {1: 100}


def test_a_healthy_rollout_visits_every_share_once_then_rests() -> None:
    world = deployed()
    world.ask_for(2)
    shares: list[dict[int, int]] = []
    while not world.is_quiet():
        world.run_pass()
        split = {world.version_of(r): share for r, share in world.written.items()}
        if [split] != shares[-1:]:
            shares.append(split)
        world.tick()
    assert shares == [
        {1: 100, 2: 0},
        {1: 95, 2: 5},
        {1: 75, 2: 25},
        {1: 50, 2: 50},
        {1: 0, 2: 100},
        {2: 100},
    ]
    assert conditions(world) == STABLE
    assert [key[1] for key in sorted(world.objects)] == [
        "Deployment",
        "HTTPRoute",
        "Service",
        "Service",
    ]


def test_events_tell_who_got_which_share_and_the_promotion() -> None:
    world = deployed()
    world.ask_for(2)
    notes: list[str] = []
    while not world.is_quiet():
        notes += [e.note for e in world.run_pass().events if ", revision " in e.note]
        world.tick()
    name = f"{version_name(2)}, revision {world.status['stable']['revision']}"
    assert notes == [
        f"{name}: 0 -> 5 % of the requests",
        f"{name}: 5 -> 25 % of the requests",
        f"{name}: 25 -> 50 % of the requests",
        f"{name}: 50 -> 100 % of the requests",
        f"{name}: promoted, all of the requests",
    ]


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


@pytest.mark.parametrize(
    ("status", "why"),
    [
        pytest.param(
            {"conditions": [{"type": "ReplicaFailure", "status": "True", "message": "no quota"}]},
            "no quota",
            id="its Deployment says why",
        ),
        pytest.param(
            {},
            "its Deployment has made no pod: kubectl describe deployment -n team ",
            id="its Deployment says nothing",
        ),
    ],
)
def test_a_version_without_any_pod_says_who_knows_why(status: dict[str, Any], why: str) -> None:
    world = ServingWorld(owner=model_deployment(rollout=ROLLOUT))
    world.run_pass()
    (made,) = (body for key, body in world.objects.items() if key[1] == "Deployment")
    made["status"] = status
    world.now += timedelta(seconds=20)

    said = message_of_next_pass(world)

    name = "" if status else made["metadata"]["name"]
    assert f"not all of 1 pods were ready within 20 s: {why}{name}." in said


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


@pytest.mark.parametrize("weight", [0, 5, 50, 100])
def test_asking_for_the_stable_version_again_takes_the_canary_back(weight: int) -> None:
    world = at_weight(weight)
    world.ask_for(1)
    world.settle()
    assert conditions(world) == STABLE
    assert serving(world) == {1: 100}
    assert "rejected" not in world.status or world.status["rejected"] == []


def test_a_newer_version_replaces_the_canary_and_climbs_from_the_first_step() -> None:
    world = at_weight(25)
    world.ask_for(3)
    splits: list[dict[int, int]] = []
    while not world.is_quiet():
        world.run_pass()
        split = {world.version_of(r): share for r, share in world.written.items()}
        if [split] != splits[-1:]:
            splits.append(split)
        world.tick()
    assert splits == [
        {1: 100, 2: 0},
        {1: 100},
        {1: 100, 3: 0},
        {1: 95, 3: 5},
        {1: 75, 3: 25},
        {1: 50, 3: 50},
        {1: 0, 3: 100},
        {3: 100},
    ]


def test_following_a_model_makes_each_new_version_the_candidate() -> None:
    world = deployed(model={"follow": {"model": "iris"}})
    world.publish(2)
    world.settle()
    assert serving(world) == {2: 100}


def test_following_goes_past_a_rejected_version_to_a_newer_one() -> None:
    world = deployed(model={"follow": {"model": "iris"}})
    world.behaviour[2] = "crashing"
    world.publish(2)
    world.settle()
    assert conditions(world) == ROLLED_BACK
    world.publish(3)
    world.settle()
    assert serving(world) == {3: 100}


def test_an_unknown_version_is_waited_for_and_goes_on_when_it_appears() -> None:
    world = ServingWorld(versions={})
    world.rest()
    assert conditions(world) == {
        "Available": ("False", "NotServing"),
        "Progressing": ("False", "VersionNotFound"),
        "Ready": ("False", "VersionNotFound"),
        "Reconciling": ("True", "VersionNotFound"),
    }
    assert version_name(1) in message(world)
    assert world.objects == {}
    world.versions[1] = model_version(1)
    world.settle()
    assert serving(world) == {1: 100}


def test_what_serves_keeps_serving_while_an_unknown_version_is_asked_for() -> None:
    world = deployed()
    world.edit(model={"versionRef": {"name": "iris-12345678"}})
    world.rest()
    assert serving(world) == {1: 100}
    assert conditions(world)["Available"] == ("True", "Serving")
    assert conditions(world)["Ready"] == ("False", "VersionNotFound")


@pytest.mark.parametrize(
    "model",
    [
        pytest.param({"versionRef": {"name": version_name(2)}}, id="pinned"),
        pytest.param({"follow": {"model": "iris"}}, id="followed"),
    ],
)
def test_deleting_the_record_of_a_serving_version_leaves_its_pods_alone(
    model: dict[str, Any],
) -> None:
    world = deployed(model=model) if "follow" in model else deployed()
    world.publish(2)
    world.edit(model=model)
    world.settle()
    del world.versions[2]
    world.settle()
    assert serving(world) == {2: 100}
    assert conditions(world) == STABLE
    assert f"ModelVersion {version_name(2)} no longer exists" in message(world)


def test_a_first_version_that_cannot_start_stalls_and_recovers_by_itself() -> None:
    world = ServingWorld(behaviour={1: "crashing"})
    world.settle()
    assert conditions(world) == {
        "Available": ("False", "NotServing"),
        "Progressing": ("False", "CrashLoop"),
        "Ready": ("False", "CrashLoop"),
        "Stalled": ("True", "CrashLoop"),
        "TrafficConverged": ("True", "Converged"),
    }
    world.behaviour[1] = "healthy"
    world.tick(10)
    world.settle()
    assert conditions(world) == STABLE


def test_a_first_version_that_cannot_start_is_replaced_at_once() -> None:
    world = ServingWorld(behaviour={1: "crashing"})
    world.settle()
    world.ask_for(2)
    world.settle()
    assert serving(world) == {2: 100}
    assert {world.version_of(r) for r in world.written} == {2}


def test_a_canary_that_loses_all_its_pods_gives_its_share_back_and_climbs_again() -> None:
    world = at_weight(25)
    world.behaviour[2] = "silent"
    world.run_until(lambda w: canary_weight(w) == 0)
    assert "Stalled" not in conditions(world)
    world.behaviour[2] = "healthy"
    world.settle()
    assert serving(world) == {2: 100}


@pytest.mark.parametrize("gateway", ["away", "refuses"])
def test_nothing_grows_while_the_gateway_does_not_act(gateway: str) -> None:
    world = at_weight(5)
    world.gateway = gateway
    world.servers.load = 0.0
    world.rest()
    assert max(world.written.values()) >= 75
    assert serving(world) == {1: 95, 2: 5}
    world.gateway, world.servers.load = "accepts", 1000.0
    world.settle()
    assert serving(world) == {2: 100}


@pytest.mark.parametrize(
    ("gateway", "reason"), [("away", "RoutePending"), ("refuses", "RouteNotAccepted")]
)
@pytest.mark.parametrize("canary", [False, True], ids=["first version", "canary"])
def test_a_gateway_that_leaves_the_route_alone_for_too_long_stalls_it_until_it_answers(
    gateway: str, reason: str, *, canary: bool
) -> None:
    world = at_weight(5) if canary else ServingWorld(owner=model_deployment(rollout=ROLLOUT))
    world.gateway = gateway
    world.servers.load = 0.0
    world.rest(quiet_seconds=30)
    assert conditions(world)["Ready"] == ("False", reason)
    assert conditions(world)["Stalled"] == ("True", reason)
    assert "Gateway " in message(world)
    world.gateway, world.servers.load = "accepts", 1000.0
    world.settle()
    assert conditions(world) == STABLE


def test_a_refused_route_is_told_in_the_words_of_the_gateway() -> None:
    world = ServingWorld(gateway="refuses")
    world.rest()
    assert conditions(world)["TrafficConverged"] == ("False", "RouteNotAccepted")
    assert conditions(world)["Ready"] == ("False", "RouteNotAccepted")
    assert "no listener admits this namespace" in message(world)


def test_a_new_default_image_changes_no_running_revision() -> None:
    world = deployed()
    before = world.written
    world.defaults = replace(DEFAULTS, server_image="server:2", object_store={})
    world.edit(replicas=2)
    world.settle()
    assert world.written == before
    assert world.status["stable"]["image"] == "server:1"
    world.ask_for(2)
    world.settle()
    assert world.status["stable"]["image"] == "server:2"


BROKEN = {"image": "server:broken"}


def image(world: ServingWorld) -> tuple[str, str]:
    """Return the image of the stable revision and who chose it."""
    return world.status["stable"]["image"], world.status["stable"]["imageFrom"]


@pytest.mark.parametrize("behaviour", ["healthy", "crashing"])
def test_an_image_that_the_spec_no_longer_names_goes(behaviour: str) -> None:
    world = deployed()
    world.behaviour[2] = behaviour
    world.ask_for(2, server=BROKEN)
    world.settle()
    world.behaviour[2] = "healthy"
    world.edit(server={})
    world.settle()
    assert conditions(world) == STABLE
    assert (serving(world), image(world)) == ({2: 100}, ("server:1", "Default"))


def test_a_canary_on_an_image_that_the_spec_no_longer_names_is_superseded() -> None:
    world = at_weight(25, server=BROKEN)
    assert world.status["canary"]["imageFrom"] == "Spec"
    world.edit(server={})
    world.settle()
    assert image(world) == ("server:1", "Default")


def test_who_chose_the_image_follows_the_spec_and_moves_no_pod() -> None:
    world = deployed()
    before = world.written
    world.edit(server={"image": "server:1"})
    world.settle()
    assert image(world) == ("server:1", "Spec")
    world.edit(server={})
    world.settle()
    world.defaults = replace(DEFAULTS, server_image="server:2")
    world.settle()
    assert (image(world), world.written) == (("server:1", "Default"), before)


@pytest.mark.parametrize("server", [None, BROKEN], ids=["default", "named by the spec"])
def test_a_first_version_that_never_answered_takes_up_a_mended_default(
    server: dict[str, str] | None,
) -> None:
    world = ServingWorld(behaviour={1: "crashing"})
    if server:
        world.edit(server=server)
    world.settle()
    world.behaviour[1] = "healthy"
    world.edit(server={})
    world.defaults = replace(DEFAULTS, server_image="server:2")
    world.settle()
    assert image(world) == ("server:2", "Default")


def test_a_revision_recovers_who_chose_its_image_without_its_children() -> None:
    world = deployed(server=BROKEN)
    for key in [k for k in world.objects if k[1] != "HTTPRoute"]:
        world.delete(key)
    world.edit(server={})
    world.settle()
    assert image(world) == ("server:1", "Default")


def test_two_revisions_of_one_version_are_told_apart() -> None:
    world = deployed()
    serving_now = world.status["stable"]["revision"]
    world.edit(server={"image": "server:other"})
    world.run_until(lambda w: canary_weight(w) == 25)
    taking_over = world.status["canary"]["revision"]
    assert f"(revision {taking_over}, image server:other) gets 25 %" in message(world)

    world.edit(server={})
    world.run_pass()
    assert f"(revision {serving_now}, image server:1) is asked for" in message(world)


def test_a_release_that_makes_other_pods_moves_no_running_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = deployed()
    stable = world.status["stable"]["revision"]
    key = ("apps/v1", "Deployment", f"iris-{stable}")
    before = world.objects[key]["spec"]["template"]

    monkeypatch.setattr(serving_manifests, "STARTUP_SECONDS", 7)
    world.edit(replicas=2)
    world.settle()
    assert world.objects[key]["spec"]["template"] == before

    world.ask_for(2)
    world.settle()
    key = ("apps/v1", "Deployment", f"iris-{world.status['stable']['revision']}")
    [container] = world.objects[key]["spec"]["template"]["spec"]["containers"]
    assert container["startupProbe"]["failureThreshold"] == 7


@pytest.mark.parametrize("damage", ["", "{", "[]", "{}"])
def test_a_damaged_record_of_the_pods_is_written_anew(damage: str) -> None:
    world = deployed()
    stable = world.status["stable"]["revision"]
    before = world.objects["apps/v1", "Deployment", f"iris-{stable}"]["spec"]["template"]
    for kind in (("apps/v1", "Deployment"), ("v1", "Service")):
        world.objects[*kind, f"iris-{stable}"]["metadata"]["annotations"][TEMPLATE] = damage

    world.settle()

    assert world.objects["apps/v1", "Deployment", f"iris-{stable}"]["spec"]["template"] == before


def test_the_stable_revision_is_repaired_after_the_spec_has_moved_on() -> None:
    world = at_weight(25)
    world.edit(server={"resources": {"limits": {"memory": "2Gi"}}})
    world.run_pass()
    stable = world.status["stable"]["revision"]
    key = ("apps/v1", "Deployment", f"iris-{stable}")
    before = world.objects[key]["spec"]
    world.delete(key)
    world.run_pass()
    assert world.objects[key]["spec"] == before


def test_a_weight_edited_by_hand_is_put_right_and_not_believed() -> None:
    world = at_weight(5)
    assert world.route is not None
    for backend, weight in zip(
        world.route["spec"]["rules"][-1]["backendRefs"], (0, 100), strict=True
    ):
        backend["weight"] = weight
    world.run_pass()
    assert sorted(world.written.values()) in ([5, 95], [25, 75])


@pytest.mark.parametrize("field", ["backendRefs", "parentRefs", "rules", "hostnames"])
def test_what_somebody_adds_to_the_route_is_taken_out_and_told(field: str) -> None:
    world = at_weight(5)
    assert world.route is not None
    before = copy.deepcopy(world.route["spec"])
    spec = world.route["spec"]
    lists = {
        "backendRefs": (spec["rules"][-1]["backendRefs"], {"name": "other", "weight": 95}),
        "parentRefs": (spec["parentRefs"], {"name": "other"}),
        "rules": (spec["rules"], {"backendRefs": [{"name": "other", "weight": 95}]}),
        "hostnames": (spec.setdefault("hostnames", []), "other.example.com"),
    }
    there, added = lists[field]
    there.append(added)
    assert "HTTPRoute team/iris is not as asked for" in message_of_next_pass(world)
    world.run_pass()
    assert world.route["spec"] == before


def test_no_pod_is_no_proof_so_a_new_version_waits_for_replicas() -> None:
    world = deployed()
    world.edit(replicas=0)
    world.settle()
    assert conditions(world)["Ready"] == ("True", "NotServing")
    assert message(world) == "scaled to 0: nothing serves"
    assert conditions(world)["Available"] == ("False", "NotServing")
    world.ask_for(2)
    world.rest()
    assert conditions(world)["Ready"] == ("Unknown", "WaitingForReplicas")
    world.edit(replicas=2)
    world.settle()
    assert serving(world) == {2: 100}


def test_a_first_version_without_replicas_starts_when_there_are_some() -> None:
    world = ServingWorld(owner=model_deployment(replicas=0, rollout=ROLLOUT))
    world.rest()
    world.tick(3600)
    world.edit(replicas=1)
    world.settle()
    assert conditions(world) == STABLE
    assert world.now - START < timedelta(seconds=3700)


def test_scaling_is_told_and_changes_no_revision() -> None:
    world = deployed()
    world.edit(replicas=3)
    world.run_pass()
    world.tick(1)
    world.run_pass()
    assert conditions(world)["Ready"][1] in {"Scaling", "WaitingForReplicas"}
    world.settle()
    assert world.status["replicas"] == 3
    assert world.status["stable"]["readyReplicas"] == 3


def test_an_object_being_deleted_is_left_to_the_garbage_collector() -> None:
    world = at_weight(25)
    world.owner["metadata"]["deletionTimestamp"] = "2026-11-23T12:00:00Z"
    decided = world.planned()
    assert (decided.children, decided.prune, decided.status) == ((), (), None)


def test_children_of_another_owner_are_not_seen() -> None:
    world = deployed()
    world.owner["metadata"]["uid"] = "uid-of-the-next-iris"
    world.owner.pop("status")
    decided = world.planned()
    assert decided.prune == ()
    assert decided.status is not None
    assert decided.status["canary"]["readyReplicas"] == 0
