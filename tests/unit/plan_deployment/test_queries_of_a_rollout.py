"""Canaries beside a query to Prometheus, in virtual time: what its last answer is worth."""

from dataclasses import dataclass, replace
from typing import Any

from checkrail_operator.observe.raw import Raw
from checkrail_operator.observe.rollout_reads import Fetched, rollout_reads
from harness.serving_bodies import model_deployment, version_name
from harness.serving_world import ServingWorld

STEPS = [{"weight": w, "holdSeconds": 20} for w in (5, 50)]
QUERY = {"name": "own", "prometheus": {"address": "http://prometheus:9090", "query": "errors"}}


@dataclass
class AskedWorld(ServingWorld):
    """A world with a Prometheus.

    Attributes:
        value: What it answers to every query.
    """

    value: float = 0.0

    def raw(self) -> Raw:
        """Return what a pass reads: a query only when it is time to make it."""
        raw = super().raw()
        due = rollout_reads(self.owner, raw.children, self.now).queries
        body = (
            '{"status": "success", "data": {"resultType": "scalar",'
            f' "result": [0, "{self.value}"]}}}}'
        )
        return replace(raw, answers=dict.fromkeys(due, Fetched(body)))


def checked(most: str) -> dict[str, Any]:
    """Return a rollout that is held while the query answers more than ``most``."""
    return {"steps": STEPS, "onFailure": "Pause", "checks": [{**QUERY, "max": most}]}


def held() -> AskedWorld:
    """Return a world in which version 2 is held at 5 %: the query answers 5, allowed is 1."""
    world = AskedWorld(owner=model_deployment(rollout=checked("1")), value=5.0)
    world.settle()
    world.ask_for(2)
    world.run_until(lambda w: w.condition("Ready") == ("Unknown", "QueryOutOfBounds"))
    world.tick()
    return world


def own(world: ServingWorld) -> tuple[str, str]:
    (check,) = world.status["checks"]
    return check["verdict"], check["message"]


def promoted(world: ServingWorld) -> bool:
    return "canary" not in world.status and world.status["stable"]["version"] == version_name(2)


def test_the_last_answer_is_judged_by_the_bounds_that_the_spec_has_now() -> None:
    world = held()
    assert own(world) == ("Fail", "the query answers 5; at most 1 is allowed")
    assert not world.raw().answers, "the query must not be made in this pass"
    world.edit(rollout=checked("9"))
    world.run_pass()
    assert own(world) == ("Pass", "the query answers 5; at most 9 is allowed")


def test_an_answer_from_before_says_nothing_of_a_canary_that_begins_again_without_a_share() -> None:
    """No query is made at weight 0: an answer that held the canary there would for ever."""
    world = held()
    world.behaviour[2] = "silent"
    world.run_until(lambda w: w.status["canary"]["weight"] == 0)
    world.run_pass()
    assert own(world) == ("Inconclusive", "the query is made once the new version has a share")
    world.behaviour[2], world.value = "healthy", 0.0
    world.run_until(promoted)
