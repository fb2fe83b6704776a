"""Pods that do not start: who keeps them from it, in which words, and that these stay the same."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from checkrail_operator.plan.deployment.pod_health import (
    EXPECTED,
    WORDS,
    crash_words,
    waiting_words,
)
from checkrail_operator.plan.pod_seen import ContainerSeen, PodSeen, Terminated
from harness.serving_bodies import (
    UNCONFIGURED,
    UNPULLED,
    UNSCHEDULED,
    model_deployment,
    version_name,
)
from harness.serving_world import ServingWorld

DEADLINE = 60
ROLLOUT = {
    "steps": [{"weight": 50, "holdSeconds": 5}],
    "progressDeadlineSeconds": DEADLINE,
    "minRequests": 0,
}
STOPPED = pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        pytest.param(
            "unconfigured",
            f"waits, CreateContainerConfigError: {UNCONFIGURED}{EXPECTED}",
            id="a Secret is missing",
        ),
        pytest.param("unpulled", f"waits, ErrImagePull: {UNPULLED}", id="no image"),
        pytest.param("unscheduled", f"is not scheduled: {UNSCHEDULED}", id="no node"),
    ],
)


def deployed(**behaviour: str) -> ServingWorld:
    """Return a world of two pods; ``behaviour`` says how those of a version (``v1``) behave."""
    versions = {int(version[1:]): how for version, how in behaviour.items()}
    owner = model_deployment(rollout=ROLLOUT, replicas=2)
    return ServingWorld(owner=owner, behaviour=versions)


def told(world: ServingWorld, kind: str) -> str:
    """Return the message of a condition."""
    return next(str(c["message"]) for c in world.status["conditions"] if c["type"] == kind)


def pod_of(world: ServingWorld, number: int) -> str:
    """Return the first pod of a version."""
    return min(n for n, p in world.pods.items() if world.version_of(n.split("-")[1]) == number)


def run(world: ServingWorld, seconds: int) -> None:
    """Pass and tick for so long."""
    for _ in range(seconds):
        world.run_pass()
        world.tick()


def pod(name: str = "p", *, ready: bool = False, **container: Any) -> PodSeen:
    return PodSeen(name, "uid", ready=ready, containers=(ContainerSeen("server", **container),))


def waiting(reason: str, message: str = "", **more: Any) -> PodSeen:
    container = ContainerSeen("server", waiting_reason=reason, waiting_message=message)
    return replace(PodSeen("p", "uid", containers=(container,)), **more)


ENDED = Terminated(3, "Error", "digest differs\n")


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        pytest.param(pod(running=True), None, id="runs"),
        pytest.param(pod(restart_count=2, last_terminated=ENDED), None, id="ended twice"),
        pytest.param(
            pod(restart_count=3, last_terminated=ENDED),
            "pod p ends again and again: Error (exit code 3): digest differs",
            id="ended three times",
        ),
        pytest.param(
            pod(waiting_reason="CrashLoopBackOff", terminated=Terminated(137, "OOMKilled")),
            "pod p ends again and again: OOMKilled (exit code 137), it left no message",
            id="backs off",
        ),
        pytest.param(
            pod(waiting_reason="ImagePullBackOff"), None, id="an image that may still arrive"
        ),
    ],
)
def test_a_crash_loop_is_told_by_its_last_words(seen: PodSeen, words: str | None) -> None:
    assert crash_words([seen]) == words


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        pytest.param(pod(ready=True, waiting_reason="Odd"), "", id="ready"),
        pytest.param(pod(running=True), "", id="on its way"),
        pytest.param(pod(waiting_reason="ContainerCreating"), "", id="being created"),
        pytest.param(
            waiting("CreateContainerConfigError", 'secret "s3" not found'),
            f'pod p waits, CreateContainerConfigError: secret "s3" not found{EXPECTED}',
            id="a Secret is missing",
        ),
        pytest.param(
            waiting("CreateContainerConfigError", "couldn't find key K in Secret t/s"),
            f"pod p waits, CreateContainerConfigError: couldn't find key K in Secret t/s{EXPECTED}",
            id="a key of a Secret is missing",
        ),
        pytest.param(
            waiting("CreateContainerConfigError", "container has runAsNonRoot and image is root"),
            "pod p waits, CreateContainerConfigError: container has runAsNonRoot and image is root",
            id="another error of its configuration",
        ),
        pytest.param(
            waiting("ErrImagePull", "x: not found"),
            "pod p waits, ErrImagePull: x: not found",
            id="no image",
        ),
        pytest.param(
            waiting("ImagePullBackOff", 'Back-off pulling image "x": ErrImagePull: x: not found'),
            "pod p waits, ErrImagePull: x: not found",
            id="no image, between two pulls",
        ),
        pytest.param(
            waiting("ImagePullBackOff", 'Back-off pulling image "x"'),
            'pod p waits, ImagePullBackOff: Back-off pulling image "x"',
            id="no image, by an older kubelet",
        ),
        pytest.param(
            waiting("InvalidImageName", "couldn't parse image name"),
            "pod p waits, InvalidImageName: couldn't parse image name",
            id="an image that cannot be",
        ),
        pytest.param(
            waiting("CreateContainerError", "context deadline exceeded"),
            "pod p waits, CreateContainerError: context deadline exceeded",
            id="a runtime that fails",
        ),
        pytest.param(waiting("Odd"), "pod p waits, Odd", id="without a word"),
        pytest.param(
            waiting("Odd", 1000 * "x"),
            f"pod p waits, Odd: {'x' * (WORDS - len('Odd: '))}",
            id="with too many words",
        ),
        pytest.param(
            PodSeen("p", "uid", unschedulable="0/1 nodes are available"),
            "pod p is not scheduled: 0/1 nodes are available",
            id="no node",
        ),
        pytest.param(
            PodSeen("p", "uid", phase="Failed", reason="Evicted", message="low on memory"),
            "pod p Evicted: low on memory",
            id="evicted",
        ),
        pytest.param(
            waiting("ContainerCreating", lacking=("ConfigMap ca in namespace team",)),
            "pod p waits: not found: ConfigMap ca in namespace team. caConfigMapRef of an object"
            " store names it; the certificate authorities were expected there in PEM, under the key"
            " ca.crt: create it, or add the key",
            id="certificate authorities are missing",
        ),
        pytest.param(
            waiting("ErrImagePull", "x: not found", lacking=("ConfigMap ca in namespace team",)),
            "pod p waits, ErrImagePull: x: not found",
            id="no image, and authorities that went after they were mounted",
        ),
        pytest.param(
            PodSeen("p", "uid", unschedulable="no", lacking=("ConfigMap ca in namespace team",)),
            "pod p is not scheduled: no",
            id="no node, and no certificate authorities",
        ),
        pytest.param(
            pod(running=True, last_terminated=ENDED),
            "pod p restarted: Error (exit code 3): digest differs",
            id="restarted",
        ),
    ],
)
def test_why_a_pod_is_not_ready(seen: PodSeen, words: str) -> None:
    assert waiting_words([seen]) == words


def test_of_several_pods_the_oldest_that_says_why_is_told() -> None:
    hour = datetime(2026, 11, 23, 12, tzinfo=UTC)
    silent = PodSeen("c", "1", created=hour)
    oldest = waiting("Odd", name="d", created=hour + timedelta(minutes=1))
    newer = waiting("Odd", name="b", created=hour + timedelta(minutes=2))
    evicted = PodSeen("a", "4", phase="Failed", reason="Evicted", created=hour)
    for pods in permutations([silent, oldest, newer, evicted]):
        assert waiting_words(pods) == "pod d waits, Odd"
    assert waiting_words([silent, evicted]) == "pod a Evicted"


def test_of_several_pods_without_a_word_the_oldest_is_told() -> None:
    world = deployed(v1="silent")
    run(world, DEADLINE - 10)
    newer, older = sorted(world.pods)
    del world.pods[newer]
    run(world, 20)
    assert f"pod {older} runs, but its readiness probe" in told(world, "Stalled")


@STOPPED
def test_a_first_version_says_within_seconds_why_its_pods_do_not_start(
    behaviour: str, words: str
) -> None:
    world = deployed(v1=behaviour)
    run(world, 2)
    why = f"pod {pod_of(world, 1)} {words}"
    for kind in ("Ready", "Progressing", "Reconciling"):
        assert told(world, kind) == f"0 of 2 pods of {version_name(1)} are ready: {why}"
    assert told(world, "Available") == why
    assert world.condition("Ready") == ("False", "FirstRollout")


@STOPPED
def test_a_canary_says_within_seconds_why_its_pods_do_not_start(behaviour: str, words: str) -> None:
    world = deployed(v2=behaviour)
    world.settle()
    world.ask_for(2)
    run(world, 3)
    why = f"0 of 1 of its pods are ready: pod {pod_of(world, 2)} {words}"
    for kind in ("Ready", "Progressing", "Reconciling"):
        assert told(world, kind) == f"{version_name(2)} gets 0 % of the requests: {why}"
    assert world.condition("Available") == ("True", "Serving")
    world.run_until(lambda w: bool(w.refused), seconds=DEADLINE + 5)
    (rejected,) = world.status["rejected"]
    assert rejected["reason"] == "ProgressDeadlineExceeded"
    assert words in rejected["message"]


@STOPPED
def test_a_version_that_serves_says_why_its_new_pods_do_not_start(
    behaviour: str, words: str
) -> None:
    world = deployed()
    world.settle()
    world.behaviour[1] = behaviour
    run(world, 2)
    assert told(world, "Ready") == told(world, "Available") == f"pod {pod_of(world, 1)} {words}"
    assert world.condition("Ready") == ("False", "NotServing")


@STOPPED
def test_nothing_is_written_while_pods_do_not_start(behaviour: str, words: str) -> None:
    world = deployed(v1=behaviour)
    run(world, 5)
    calls = world.calls
    run(world, DEADLINE // 2)
    assert words in told(world, "Ready")
    assert world.calls == calls


def test_other_words_are_no_other_state() -> None:
    world = deployed(v1="unconfigured")
    run(world, 5)
    before = {c["type"]: c for c in world.status["conditions"]}
    world.behaviour[1] = "unpulled"
    run(world, 5)
    after = {c["type"]: c for c in world.status["conditions"]}
    assert UNPULLED in after["Ready"]["message"]
    assert {k: c | {"message": ""} for k, c in before.items()} == {
        k: c | {"message": ""} for k, c in after.items()
    }


def test_a_first_version_goes_on_by_itself_once_its_secret_is_there() -> None:
    world = deployed(v1="unconfigured")
    run(world, DEADLINE + 5)
    assert world.condition("Stalled") == ("True", "ProgressDeadlineExceeded")
    assert UNCONFIGURED in told(world, "Stalled")
    world.behaviour[1] = "healthy"
    world.tick(10)
    world.settle()
    assert world.condition("Ready") == ("True", "Stable")
