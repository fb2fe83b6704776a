"""The passes of an operator over a `ServingCluster`: observe, plan, execute, and let time pass."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from checkrail_operator.observe.model_deployment import see
from checkrail_operator.observe.raw import Raw, awaited_authorities, related_queries
from checkrail_operator.observe.rollout_reads import Fetched, rollout_reads
from checkrail_operator.plan.deployment.difference import (
    Change,
    change_needed,
    identity,
    same_status,
)
from checkrail_operator.plan.deployment.model_deployment import plan
from checkrail_operator.plan.types import Defaults, Plan
from harness.fake_cluster import OperatorDiedError
from harness.serving_bodies import DEFAULTS
from harness.serving_cluster import ServingCluster, number_of, uid_of


def _fetched(text: str | None) -> Fetched:
    return Fetched(text, "" if text else "connection refused")


@dataclass
class ServingWorld(ServingCluster):
    """A `ServingCluster` with an operator.

    Attributes:
        defaults: The operator's values.
        calls: How often it has written.
        dies_after: How many calls it lives for; None: it does not die.
    """

    defaults: Defaults = DEFAULTS
    calls: int = 0
    dies_after: int | None = None

    def raw(self) -> Raw:
        """Return what a pass reads."""
        bodies = {v["metadata"]["name"]: v for v in self.versions.values()}
        related = [
            body
            for query in related_queries(self.owner)
            for name, body in sorted(bodies.items())
            if query.name in {None, name}
        ]
        children = (*self.objects.values(), *self.pods.values())
        reads = rollout_reads(self.owner, children, self.now)
        names = awaited_authorities(children)
        lacking = {name: self.lacking[name] for name in names if name in self.lacking}
        raw = Raw(self.owner, children, tuple(related), lacking=lacking)
        if reads.shadow:
            return replace(raw, shadows=self._shadows(reads.pods))
        return replace(raw, metrics=self._metrics(reads.pods))

    def _metrics(self, pods: Iterable[str]) -> dict[str, Fetched]:
        return {
            pod: _fetched(self.servers.metrics(uid_of(self.pods[pod]), number_of(self.pods[pod])))
            for pod in pods
        }

    def _shadows(self, pods: Iterable[str]) -> dict[str, Fetched]:
        uids = {pod: uid_of(self.pods[pod]) for pod in pods}
        answered = self.servers.answered
        return {
            pod: _fetched(self.shadowing.report(uid, answered.get(uid, 0.0)))
            for pod, uid in uids.items()
        }

    def planned(self) -> Plan:
        """Return the plan for the world as it is."""
        return plan(see(self.raw(), self.now, self.defaults))

    def run_pass(self) -> Plan:
        """Observe, plan, execute, in the order of the executor: children, prunes, status."""
        decided = self.planned()
        for write in self._writes(decided):
            if self.dies_after is not None and self.calls >= self.dies_after:
                raise OperatorDiedError
            self.calls += 1
            write()
        return decided

    def _writes(self, decided: Plan) -> Iterator[Callable[[], None]]:
        for manifest in decided.children:
            live = self.objects.get(identity(manifest))
            if change_needed(manifest, live) is not Change.NONE:
                yield partial(self.apply, manifest)
        for ref in decided.prune:
            found = self.objects.get((ref.api_version, ref.kind, ref.name))
            if found and found["metadata"]["uid"] == ref.uid:
                yield partial(self.delete, identity(found))
        if decided.status is not None and not same_status(decided.status, self.owner.get("status")):
            status = dict(decided.status)
            yield lambda: self.owner.update(status=status)

    def run_until(self, done: Callable[["ServingWorld"], bool], seconds: int = 900) -> None:
        """Pass and tick, a second at a time, until ``done``."""
        for _ in range(seconds):
            self.run_pass()
            if done(self):
                return
            self.tick()
        raise AssertionError(f"not within {seconds} s; status: {self.status}")

    def settle(self, seconds: int = 900) -> None:
        """Run until a pass writes nothing and waits for nothing."""
        for _ in range(seconds):
            before = self.calls
            if self.run_pass().requeue_after_seconds is None and self.calls == before:
                return
            self.tick()
        raise AssertionError(f"not settled within {seconds} s; status: {self.status}")

    def rest(self, quiet_seconds: int = 15, at_most: int = 900) -> None:
        """Run until no pass has written anything for ``quiet_seconds``."""
        quiet = 0
        for _ in range(at_most):
            before = self.calls
            self.run_pass()
            quiet = 0 if self.calls > before else quiet + 1
            if quiet >= quiet_seconds:
                return
            self.tick()
        raise AssertionError(f"no rest within {at_most} s; status: {self.status}")

    def is_quiet(self) -> bool:
        """Answer whether the next pass would write nothing and waits for nothing."""
        decided = self.planned()
        return decided.requeue_after_seconds is None and not list(self._writes(decided))
