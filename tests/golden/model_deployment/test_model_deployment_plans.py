"""Whole plans, one for each situation; each is idempotent, and repaired after any crash."""

import copy
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest
import yaml
from syrupy.assertion import SnapshotAssertion

from checkrail_api.names import hash8
from harness.fake_cluster import OperatorDiedError
from harness.serving_bodies import model_deployment, model_version, version_name
from harness.serving_world import ServingWorld
from harness.shadowing_servers import ShadowBehaviour

ROLLOUT = {
    "steps": [{"weight": 10, "holdSeconds": 3}, {"weight": 50, "holdSeconds": 3}],
    "progressDeadlineSeconds": 12,
}
EVERY_FIELD: dict[str, Any] = {
    "model": {"follow": {"model": "iris"}},
    "replicas": 2,
    "autoscaling": {"minReplicas": 2, "maxReplicas": 6, "targetCPUUtilizationPercent": 70},
    "server": {
        "image": "registry.example.com/server:2",
        "resources": {
            "requests": {"cpu": "1000m", "memory": "1Gi"},
            "limits": {"memory": 2147483648},
        },
        "decisionLog": {
            "store": {
                "uri": "s3://audit/decisions",
                "credentialsSecretRef": {"name": "audit"},
                "caConfigMapRef": {"name": "authorities"},
            },
            "sampleRatio": "0.5",
            "maxDelaySeconds": 30,
            "columns": ["sepal_length"],
        },
    },
    "pod": {
        "serviceAccountName": "scorer",
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "team", "operator": "Equal", "value": "a", "effect": "NoSchedule"}],
        "affinity": {
            "podAntiAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {
                        "weight": 100,
                        "podAffinityTerm": {
                            "topologyKey": "kubernetes.io/hostname",
                            "labelSelector": {},
                        },
                    }
                ]
            }
        },
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "topology.kubernetes.io/zone",
                "whenUnsatisfiable": "DoNotSchedule",
                "minDomains": 2,
            },
            {
                "maxSkew": 2,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": {"team": "a"}},
            },
        ],
        "priorityClassName": "serving",
        "env": [{"name": "OMP_WAIT_POLICY", "value": "PASSIVE"}],
    },
    "rollout": ROLLOUT,
    "traffic": {
        "gateway": {
            "parentRefs": [
                {"name": "public", "namespace": "infra", "sectionName": "http"},
                {"name": "inside"},
            ],
            "hostnames": ["iris.example.com", "*.models.example.com"],
            "path": "/iris",
        }
    },
}


def fresh(**spec: Any) -> ServingWorld:
    return ServingWorld(owner=model_deployment(rollout=ROLLOUT, **spec))


def deployed() -> ServingWorld:
    world = fresh()
    world.settle()
    return world


def pods_split() -> ServingWorld:
    """Return a world in which version 1 serves, without a gateway."""
    world = fresh(replicas=3)
    del world.owner["spec"]["traffic"]
    world.settle()
    return world


def canary_at(weight: int, beside: Callable[[], ServingWorld] = deployed) -> ServingWorld:
    """Return a world at the moment before the canary gets ``weight``."""
    world = beside()
    world.ask_for(2)
    for _ in range(60):
        canary = world.planned().status or {}
        if canary.get("canary", {}).get("weight") == weight:
            return world
        world.run_pass()
        world.tick()
    raise AssertionError(f"the canary never got {weight} %")


def canary_under_way() -> ServingWorld:
    world = canary_at(10)
    world.run_pass()
    world.tick(2)
    return world


def canary_of_compared_scores() -> ServingWorld:
    """Return a world in which a canary is about to be made beside a version with scores."""
    world = fresh()
    world.versions[1] = model_version(1, scores={"output": "probabilities", "edges": ["0.5"]})
    world.settle()
    world.ask_for(2)
    world.run_until(lambda w: any(w.version_of(r) == 2 for r in w.revisions))
    return world


def about_to_be_stable() -> ServingWorld:
    world = canary_at(100)
    world.run_until(lambda w: "canary" not in (w.planned().status or {}))
    return world


def compared_in_shadow(**shadow: Any) -> ServingWorld:
    """Return a world in which version 2 is about to be compared with version 1."""
    world = ServingWorld(owner=model_deployment(rollout={**ROLLOUT, "shadow": shadow}))
    world.settle()
    world.ask_for(2)
    return world


def shadow_begins() -> ServingWorld:
    world = compared_in_shadow()
    world.servers.load = 0.0
    return world


def shadow_under_way() -> ServingWorld:
    world = compared_in_shadow(seconds=3600, minRequests=10**9)
    world.run_until(lambda w: w.status.get("shadow", {}).get("compared", 0) > 1000)
    world.servers.load = 0.0  # one that goes on counting never rests
    world.tick()
    return world


def shadow_passes() -> ServingWorld:
    world = compared_in_shadow(seconds=10)
    world.run_until(lambda w: "canary" in (w.planned().status or {}))
    return world


def shadow_disagrees() -> ServingWorld:
    world = compared_in_shadow()
    world.shadowing.behaviour = ShadowBehaviour(flips=0.5)
    world.run_until(lambda w: bool((w.planned().status or {}).get("rejected")))
    return world


def old_revision_may_go() -> ServingWorld:
    world = about_to_be_stable()
    while not world.planned().prune:
        world.run_pass()
        world.tick()
    return world


def canary_crashes() -> ServingWorld:
    world = canary_under_way()
    world.behaviour[2] = "crashing"
    world.tick()
    return world


def pods_of_the_next_share_come_up() -> ServingWorld:
    world = canary_at(10, pods_split)
    world.run_until(lambda w: len(w.pods) > 4)
    return world


def pod_of_a_share_not_ready() -> ServingWorld:
    world = canary_at(50, pods_split)
    world.run_pass()
    world.room[2] = 2
    world.servers.load = 0.0  # a rollout that waits under load goes on counting, and never rests
    world.tick()
    return world


def share_of_pods_taken_back() -> ServingWorld:
    world = canary_at(50, pods_split)
    world.run_pass()
    world.tick(2)
    world.ask_for(1)
    return world


def gateway_taken_away() -> ServingWorld:
    world = canary_under_way()
    world.edit(traffic={})
    return world


def rolled_back() -> ServingWorld:
    world = canary_crashes()
    world.settle()
    return world


def canary_too_late() -> ServingWorld:
    world = deployed()
    world.behaviour[2] = "silent"
    world.ask_for(2)
    world.run_pass()
    world.tick(12)
    return world


def canary_superseded() -> ServingWorld:
    world = canary_under_way()
    world.ask_for(3)
    return world


def spec_reverted() -> ServingWorld:
    world = canary_under_way()
    world.ask_for(1)
    return world


def version_missing() -> ServingWorld:
    return ServingWorld(versions={}, owner=model_deployment(rollout=ROLLOUT))


def version_missing_while_serving() -> ServingWorld:
    world = deployed()
    world.edit(model={"versionRef": {"name": version_name(9)}})
    return world


def first_version_crashes() -> ServingWorld:
    world = fresh()
    world.behaviour[1] = "crashing"
    world.run_pass()
    world.tick(6)
    return world


def first_version_lacks_its_secret() -> ServingWorld:
    world = fresh()
    world.behaviour[1] = "unconfigured"
    world.run_pass()
    world.tick()
    return world


def canary_lacks_its_image() -> ServingWorld:
    world = deployed()
    world.behaviour[2] = "unpulled"
    world.ask_for(2)
    world.run_until(lambda w: any(w.version_of(r) == 2 for r in w.revisions))
    world.tick()
    return world


def route_refused() -> ServingWorld:
    world = fresh()
    world.gateway = "refuses"
    world.run_until(lambda w: (w.condition("Ready") or ("", ""))[1] == "RouteNotAccepted")
    return world


def no_pod_answers() -> ServingWorld:
    world = deployed()
    world.behaviour[1] = "crashing"
    world.tick()
    return world


def record_deleted() -> ServingWorld:
    world = deployed()
    del world.versions[1]
    return world


SITUATIONS: dict[str, Callable[[], ServingWorld]] = {
    "just created": fresh,
    "just created with every field": lambda: ServingWorld(owner=model_deployment(**EVERY_FIELD)),
    "version does not exist": version_missing,
    "version does not exist while another serves": version_missing_while_serving,
    "first version crashes": first_version_crashes,
    "a Secret of the first version is missing": first_version_lacks_its_secret,
    "serving": deployed,
    "no stable pod answers": no_pod_answers,
    "record of the serving version deleted": record_deleted,
    "gateway refuses the route": route_refused,
    "canary gets its first share": lambda: canary_at(10),
    "canary under way": canary_under_way,
    "canary beside a version with scores": canary_of_compared_scores,
    "candidate is to be compared in shadow": shadow_begins,
    "candidate is compared in shadow": shadow_under_way,
    "candidate passes in shadow": shadow_passes,
    "candidate disagrees in shadow": shadow_disagrees,
    "canary gets everything": lambda: canary_at(100),
    "canary becomes stable": about_to_be_stable,
    "old revision may go": old_revision_may_go,
    "image of the canary is missing": canary_lacks_its_image,
    "canary crashes": canary_crashes,
    "canary not ready in time": canary_too_late,
    "rolled back": rolled_back,
    "canary superseded": canary_superseded,
    "spec reverted during the canary": spec_reverted,
    "without a gateway: serving": pods_split,
    "without a gateway: canary gets its first share": lambda: canary_at(10, pods_split),
    "without a gateway: pods of the next share come up": pods_of_the_next_share_come_up,
    "without a gateway: canary gets its next share": lambda: canary_at(50, pods_split),
    "without a gateway: a pod is not ready": pod_of_a_share_not_ready,
    "without a gateway: canary gets everything": lambda: canary_at(100, pods_split),
    "without a gateway: canary is taken back": share_of_pods_taken_back,
    "without a gateway: it was taken away": gateway_taken_away,
}

situations = pytest.mark.parametrize("situation", SITUATIONS)


@situations
def test_the_whole_plan(situation: str, snapshot: SnapshotAssertion) -> None:
    whole = situation.startswith("just created")
    assert readable(SITUATIONS[situation](), whole=whole) == snapshot


@situations
def test_a_plan_carried_out_and_seen_again_writes_nothing(situation: str) -> None:
    world = SITUATIONS[situation]()
    for _ in range(3):
        world.run_pass()
    calls, first = world.calls, world.planned()
    world.run_pass()
    assert (world.calls, world.planned()) == (calls, first)


@situations
def test_at_rest_later_plans_are_the_same_plan(situation: str) -> None:
    world = SITUATIONS[situation]()
    world.rest()
    first = world.planned()
    world.tick(3600)
    assert world.planned() == first


@situations
def test_a_crash_before_any_call_ends_in_the_same_rest(situation: str) -> None:
    start = SITUATIONS[situation]()
    undisturbed = copy.deepcopy(start)
    undisturbed.rest()
    for calls in range(calls_of(start)):
        world = copy.deepcopy(start)
        world.dies_after = world.calls + calls
        with pytest.raises(OperatorDiedError):
            world.run_pass()
        world.dies_after = None
        world.tick()
        world.rest()
        assert what_rests(world) == what_rests(undisturbed), f"after {calls} calls"


def calls_of(start: ServingWorld) -> int:
    world = copy.deepcopy(start)
    world.run_pass()
    return world.calls - start.calls


def what_rests(world: ServingWorld) -> dict[str, Any]:
    """Return everything but names, times and counts: a rollout that was held up counts more."""
    status = without_times(world.status)
    children = {key: what_it_says(body) for key, body in sorted(world.objects.items())}
    return {"children": children, "status": status, "routed": world.routed}


def what_it_says(child: Any) -> Any:
    """Return a child's spec, or what it says of a candidate but for the time of the attempt."""
    if child["kind"] != "ConfigMap":
        return child["spec"]
    candidate: dict[str, Any] = json.loads(child["data"]["candidate.json"])
    return {k: v for k, v in candidate.items() if k != "attempt"}


def without_times(value: Any) -> Any:
    match value:
        case dict():
            timeless = {"since", "time", "lastTransitionTime", "from", "to", "started", "checks"}
            timeless |= {"comparingSince"}
            return {k: without_times(v) for k, v in value.items() if k not in timeless}
        case list():
            return [without_times(item) for item in value]
        case _:
            return value


def readable(world: ServingWorld, *, whole: bool) -> str:
    """Return the plan as YAML; unless ``whole``, pod templates are shown by their hash."""
    plan = asdict(copy.deepcopy(world.planned()))
    for child in plan["children"]:
        if child["kind"] == "Deployment" and not whole:
            child["spec"]["template"] = hash8(child["spec"]["template"])
    return yaml.dump(plain(plan), Dumper=NoAliases, sort_keys=False, width=120)


def plain(value: Any) -> Any:
    match value:
        case dict():
            return {k: plain(v) for k, v in value.items() if v not in (None, (), [])}
        case list() | tuple():
            return [plain(item) for item in value]
        case _:
            return value


class NoAliases(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True
