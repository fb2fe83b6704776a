"""Random histories: whatever people, pods, gateways and crashes do, no step is unsafe."""

import contextlib
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from checkrail_api.names import LABEL_REVISION
from harness.fake_cluster import OperatorDiedError
from harness.serving_bodies import DEFAULTS, model_deployment
from harness.serving_world import ServingWorld
from harness.shadowing_servers import ShadowBehaviour

STEPS = [{"weight": w, "holdSeconds": 2} for w in (10, 40, 70)]
WEIGHTS = [0, 10, 40, 70, 100]
ROLLOUT: dict[str, Any] = {"steps": STEPS, "progressDeadlineSeconds": 15}
SHADOW = {"seconds": 5, "minRequests": 500}

versions = st.integers(1, 4)
seconds = st.integers(1, 4)


class RandomRollout(RuleBasedStateMachine):
    """One ModelDeployment through a random history; every pass is checked as it happens."""

    def __init__(self) -> None:
        super().__init__()
        self.world = ServingWorld(owner=model_deployment(rollout=ROLLOUT))
        self.world.servers.load = 100.0
        self.rollout = ROLLOUT
        self.retries = 0

    @initialize(serving=st.booleans())
    def begin(self, *, serving: bool) -> None:
        if serving:
            self.world.settle()

    @rule(passes=st.integers(1, 12), seconds=seconds)
    def let_time_pass(self, passes: int, seconds: int) -> None:
        for _ in range(passes):
            self.checked_pass()
            self.world.tick(seconds)

    @rule(seconds=seconds)
    def only_the_cluster_moves(self, seconds: int) -> None:
        self.world.tick(seconds)

    @rule(calls=st.integers(0, 4))
    def the_operator_dies(self, calls: int) -> None:
        self.world.dies_after = self.world.calls + calls
        self.checked_pass()
        self.world.dies_after = None

    @rule(number=versions)
    def another_version_is_asked_for(self, number: int) -> None:
        self.world.ask_for(number)

    @rule(number=versions)
    def newest_is_followed(self, number: int) -> None:
        self.world.publish(number)
        self.world.edit(model={"follow": {"model": "iris"}})

    @rule(number=versions)
    def a_version_is_deleted(self, number: int) -> None:
        self.world.versions.pop(number, None)

    @rule(number=versions, behaviour=st.sampled_from(["healthy", "silent", "crashing"]))
    def pods_behave(self, number: int, behaviour: str) -> None:
        self.world.behaviour[number] = behaviour

    @rule(gateway=st.sampled_from(["accepts", "accepts", "away", "refuses"]))
    def the_gateway_changes(self, gateway: str) -> None:
        self.world.gateway = gateway

    @rule(replicas=st.integers(0, 3))
    def it_is_scaled(self, replicas: int) -> None:
        self.world.edit(replicas=replicas)

    @rule()
    def a_retry_is_asked_for(self) -> None:
        self.retries += 1
        self.rollout = {**self.rollout, "retry": str(self.retries)}
        self.world.edit(rollout=self.rollout)

    @rule(asked=st.booleans(), flips=st.sampled_from([0.0, 0.0, 0.5]))
    def it_is_to_be_compared_in_shadow(self, *, asked: bool, flips: float) -> None:
        self.world.shadowing.behaviour = ShadowBehaviour(flips=flips)
        self.rollout = {**self.rollout, "shadow": SHADOW if asked else None}
        self.world.edit(rollout=self.rollout)

    @rule(image=st.integers(1, 3))
    def the_operator_is_upgraded(self, image: int) -> None:
        self.world.defaults = replace(DEFAULTS, server_image=f"server:{image}")

    @rule(which=st.integers(0, 7))
    def a_child_is_deleted_by_hand(self, which: int) -> None:
        children = sorted(self.world.objects)
        if which < len(children):
            self.world.delete(children[which])

    def checked_rest(self) -> None:
        """Run checked passes until none has written anything for 40 seconds."""
        quiet = 0
        while quiet < 40:
            calls = self.world.calls
            self.checked_pass()
            quiet = 0 if self.world.calls > calls else quiet + 1
            assert self.world.calls < 2000, f"no rest; status: {self.world.status}"
            self.world.tick()

    def checked_pass(self) -> None:
        """Run a pass, possibly one that dies, and hold what it wrote against the rules."""
        world = self.world
        before = dict(world.written)
        ready = {r: world.ready_pods(r) for r in world.revisions}
        routed, refused = dict(world.routed), set(world.refused)
        had = set(world.revisions)
        stable = self.way_back()
        decided = None
        with contextlib.suppress(OperatorDiedError):
            decided = world.run_pass()
        after = world.written
        self.check_split(before, after, ready, stable)
        if stable is not None and before and before != routed:
            rising = {r for r in after if r != stable and after[r] > before.get(r, 0)}
            assert not rising, "a share grew before the gateway had taken up the last one"
        for pruned in had - set(world.revisions):
            assert not (routed.get(pruned) and ready[pruned]), f"{pruned} took requests, was pruned"
            assert pruned != stable, "the stable revision was pruned"
        if decided is not None:
            still = refused & set(world.refused)
            rising = {r for r in after if after[r] > before.get(r, 0)}
            assert not (rising - {stable}) & still, "a rejected revision got requests again"

    def way_back(self) -> str | None:
        """Return the stable revision, or None once nothing says any more what it was."""
        told = self.world.status.get("stable", {})
        labels = [body["metadata"]["labels"] for body in self.world.objects.values()]
        published = [v["metadata"]["name"] for v in self.world.versions.values()]
        known = any(of.get(LABEL_REVISION) == told.get("revision") for of in labels)
        return told.get("revision") if known or told.get("version") in published else None

    def check_split(
        self,
        before: dict[str, int],
        after: dict[str, int],
        ready: dict[str, int],
        stable: str | None,
    ) -> None:
        if not after:
            return
        assert sum(after.values()) == 100
        assert all(share in WEIGHTS or 100 - share in WEIGHTS for share in after.values())
        if stable is None or not before:
            return
        for revision, share in after.items():
            if share > before.get(revision, 0) and any(ready.values()):
                assert ready.get(revision), f"{revision} got {share} % without a ready pod"
            if revision != stable and share > before.get(revision, 0):
                step = WEIGHTS.index(before.get(revision, 0)) + 1
                assert share == WEIGHTS[step], "a step was skipped"
                needed = -(-self.world.owner["spec"].get("replicas", 1) * share // 100)
                assert ready.get(revision, 0) >= needed, f"{share} % need {needed} pods"

    def teardown(self) -> None:
        """Whatever happened: once everything is well, what is asked for serves, or is refused."""
        world = self.world
        world.gateway = "accepts"
        world.behaviour = {}
        world.shadowing.behaviour = ShadowBehaviour()
        for number in range(1, 5):
            world.publish(number)
        world.edit(replicas=1)
        self.checked_rest()
        ready = world.condition("Ready")
        assert ready in {("True", "Stable"), ("False", "RolledBack")}
        stable = world.status["stable"]
        assert world.routed == {stable["revision"]: 100}
        assert set(world.revisions) == {stable["revision"]}
        choice = world.owner["spec"]["model"]
        if ready == ("True", "Stable"):
            newest = max(
                world.versions.values(),
                key=lambda v: (v["metadata"]["creationTimestamp"], v["metadata"]["name"]),
            )
            named = choice.get("versionRef", newest["metadata"])["name"]
            assert stable["version"] == named


TestRandomRollout = RandomRollout.TestCase
TestRandomRollout.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
