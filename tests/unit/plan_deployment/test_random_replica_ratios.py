"""Random histories without a gateway: whatever people, pods and crashes do, no step is unsafe."""

import contextlib
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from checkrail_api.names import LABEL_REVISION
from harness.fake_cluster import OperatorDiedError
from harness.serving_bodies import model_deployment
from harness.serving_cluster import FRONT
from harness.serving_world import ServingWorld

STEPS = [{"weight": w, "holdSeconds": 2} for w in (10, 40, 70)]
ROLLOUT: dict[str, Any] = {"steps": STEPS, "progressDeadlineSeconds": 15, "minRequests": 0}
BOTH = "both"

versions = st.integers(1, 3)
seconds = st.integers(1, 4)


class RandomRatio(RuleBasedStateMachine):
    """One ModelDeployment without a gateway; every pass is checked as it happens."""

    def __init__(self) -> None:
        super().__init__()
        owner = model_deployment(rollout=ROLLOUT, replicas=2)
        del owner["spec"]["traffic"]
        self.world = ServingWorld(owner=owner)

    @initialize(serving=st.booleans())
    def begin(self, *, serving: bool) -> None:
        if serving:
            self.world.settle()

    @rule(passes=st.integers(1, 12), seconds=seconds)
    def let_time_pass(self, passes: int, seconds: int) -> None:
        for _ in range(passes):
            self.checked_pass()
            self.world.tick(seconds)

    @rule(calls=st.integers(0, 4))
    def the_operator_dies(self, calls: int) -> None:
        self.world.dies_after = self.world.calls + calls
        self.checked_pass()
        self.world.dies_after = None

    @rule(number=versions)
    def another_version_is_asked_for(self, number: int) -> None:
        self.world.ask_for(number)

    @rule(number=versions, behaviour=st.sampled_from(["healthy", "silent", "crashing"]))
    def pods_behave(self, number: int, behaviour: str) -> None:
        self.world.behaviour[number] = behaviour

    @rule(number=versions, pods=st.integers(1, 4))
    def there_is_room(self, number: int, pods: int) -> None:
        self.world.room[number] = pods

    @rule(replicas=st.integers(0, 4))
    def it_is_scaled(self, replicas: int) -> None:
        self.world.edit(replicas=replicas)

    @rule(suspend=st.booleans())
    def it_is_held(self, *, suspend: bool) -> None:
        self.world.edit(suspend=suspend)

    @rule(which=st.integers(0, 6))
    def a_child_is_deleted_by_hand(self, which: int) -> None:
        children = sorted(self.world.objects)
        if which < len(children):
            self.world.delete(children[which])

    @property
    def selected(self) -> str | None:
        """The revision that the Service selects, or both; None without a Service."""
        service = self.world.objects.get(FRONT)
        return service["spec"]["selector"].get(LABEL_REVISION, BOTH) if service else None

    def asked(self, revision: str | None) -> int | None:
        """Return how many pods a revision's Deployment asks for; None without one."""
        found = self.world.objects.get(("apps/v1", "Deployment", f"iris-{revision}"))
        return found["spec"]["replicas"] if found else None

    def checked_pass(self) -> None:
        """Run a pass, possibly one that dies, and hold what it wrote against the rules."""
        world = self.world
        before, had = self.selected, set(world.revisions)
        ready = {r: world.ready_pods(r) for r in world.revisions}
        refused = set(world.refused)
        stable = world.status.get("stable", {}).get("revision")
        whole = self.asked(stable) is not None
        with contextlib.suppress(OperatorDiedError):
            world.run_pass()
        after = self.selected
        for pruned in had - set(world.revisions):
            assert pruned != stable, "the stable revision was pruned"
            assert before not in {pruned, BOTH} or not any(ready.values()), "pruned while selected"
        if not whole or before is None:
            return
        assert self.asked(stable) in {None, world.owner["spec"]["replicas"]} or world.dies_after
        if after is not None and after != before and any(ready.values()):
            reached = had if after == BOTH else {after}
            assert any(ready.get(r) for r in reached), "nobody answers behind the Service"
        if after == BOTH != before:
            assert before == stable, "a share was given otherwise than from 0"
            canary = next(r for r in had if r != stable)
            assert ready[canary], "a share was given to no pod"
            assert canary not in refused, "a rejected revision got requests"
            assert len({p["metadata"]["labels"][LABEL_REVISION] for p in world.pods.values()}) <= 2

    def teardown(self) -> None:
        """Whatever happened: once everything is well, what is asked for serves, or is refused."""
        world = self.world
        world.behaviour, world.room = {}, {}
        for number in range(1, 4):
            world.publish(number)
        world.edit(replicas=2, suspend=False)
        quiet = 0
        for _ in range(900):
            calls = world.calls
            self.checked_pass()
            quiet = 0 if world.calls > calls else quiet + 1
            if quiet == 40:
                break
            world.tick()
        assert quiet == 40, f"no rest; status: {world.status}"
        assert world.condition("Ready") in {("True", "Stable"), ("False", "RolledBack")}
        stable = world.status["stable"]["revision"]
        assert (world.routed, world.revisions, self.selected) == ({stable: 100}, [stable], stable)


TestRandomRatio = RandomRatio.TestCase
TestRandomRatio.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
