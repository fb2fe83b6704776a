"""Runs that are suspended, queued or past their time, with the real Job controller.

There is no Kueue here: where a test says Kueue, it patches the Job as Kueue would.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from wiring import flows
from wiring.admin import OURS, Namespace, wait_until

if TYPE_CHECKING:
    from wiring.world import Site

pytestmark = pytest.mark.wiring

SHORT = 10
"""The shortest activeDeadlineSeconds, seconds."""
QUEUE = "kueue.x-k8s.io/queue-name"


def run(namespace: Namespace) -> dict[str, Any]:
    return namespace.get("TrainingJob", "run") or {}


def ready(namespace: Namespace) -> tuple[str, str]:
    condition = namespace.condition("TrainingJob", "run", "Ready")
    return condition.get("status", ""), condition.get("reason", "")


def jobs(namespace: Namespace) -> list[dict[str, Any]]:
    return namespace.list("Job", **OURS)


def is_ready(namespace: Namespace, *wanted: str) -> None:
    wait_until(lambda: ready(namespace) == wanted, otherwise=lambda: str(run(namespace)))


def suspend(namespace: Namespace, *, on: bool) -> None:
    assert namespace.patch("TrainingJob", "run", {"spec": {"suspend": on}}).is_success


def kueue_says(namespace: Namespace, *, suspended: bool) -> None:
    (job,) = jobs(namespace)
    change = {"spec": {"suspend": suspended}}
    assert namespace.patch("Job", job["metadata"]["name"], change).is_success


def owned_by(job: dict[str, Any], manager: str) -> list[str]:
    (fields,) = (m for m in job["metadata"]["managedFields"] if m["manager"] == manager)
    return sorted(fields["fieldsV1"]["f:spec"])


def test_a_suspended_run_has_no_pod_and_its_attempt_trains_again_when_it_is_resumed(
    site: Site,
) -> None:
    namespace, trainers = site.namespace, site.world.pods.trainers
    trainers[namespace.name] = "hold"
    site.start()
    flows.train(namespace)
    is_ready(namespace, "Unknown", "Training")
    first = run(namespace)["status"]

    suspend(namespace, on=True)
    is_ready(namespace, "Unknown", "Suspended")
    wait_until(lambda: not namespace.list("Pod", **OURS))
    held, (job,) = run(namespace)["status"], jobs(namespace)

    trainers[namespace.name] = "publish"
    suspend(namespace, on=False)
    flows.trained(namespace)
    end = run(namespace)["status"]

    assert flows.conditions({"status": held}) == {"Ready": "Unknown", "Suspended": "True"}
    assert (held["attempts"], "startTime" in held, "progress" in held) == (
        first["attempts"],
        False,
        False,
    )
    assert (job["spec"]["suspend"], job["status"].get("failed", 0)) == (True, 0)
    assert owned_by(job, "checkrail-overlay") == ["f:activeDeadlineSeconds", "f:suspend"]
    assert [a["outcome"] for a in end["attempts"]] == ["Succeeded"]
    assert end["startTime"] >= first["startTime"]
    assert [j["metadata"]["uid"] for j in jobs(namespace)] == [job["metadata"]["uid"]]


def test_a_run_may_be_held_for_longer_than_its_time(site: Site) -> None:
    """The Job controller compares its deadline with the old start before it notes the new one."""
    namespace, trainers = site.namespace, site.world.pods.trainers
    trainers[namespace.name] = "hold"
    site.start()
    namespace.create(flows.training_job(activeDeadlineSeconds=SHORT))
    is_ready(namespace, "Unknown", "Training")
    suspend(namespace, on=True)
    wait_until(lambda: not namespace.list("Pod", **OURS))
    (held,) = jobs(namespace)
    start = datetime.fromisoformat(held["status"]["startTime"])
    wait_until(lambda: datetime.now(UTC) - start > timedelta(seconds=SHORT + 1))

    suspend(namespace, on=False)
    is_ready(namespace, "Unknown", "Training")
    wait_until(lambda: jobs(namespace)[0]["spec"]["activeDeadlineSeconds"] == SHORT)
    trainers[namespace.name] = "publish"
    site.world.pods.again(namespace.name)

    flows.trained(namespace)


def test_a_run_created_suspended_makes_nothing_until_it_is_let_go(site: Site) -> None:
    namespace = site.namespace
    site.start()
    namespace.create(flows.training_job(suspend=True))
    is_ready(namespace, "Unknown", "Suspended")
    held = run(namespace)["status"]
    made = jobs(namespace) + namespace.list("ConfigMap", **OURS)

    suspend(namespace, on=False)
    flows.trained(namespace)

    assert (held["attempts"], "startTime" in held, made) == ([], False, [])
    assert [a["number"] for a in run(namespace)["status"]["attempts"]] == [1]


def test_a_queued_run_waits_for_kueue_whenever_kueue_says_so(site: Site) -> None:
    """The test plays Kueue: it admits the Job, preempts it, and admits it again."""
    namespace, trainers = site.namespace, site.world.pods.trainers
    trainers[namespace.name] = "hold"
    operator = site.start()
    namespace.create(flows.training_job(queueName="batch"))
    is_ready(namespace, "Unknown", "Queued")
    (queued,) = jobs(namespace)

    kueue_says(namespace, suspended=False)
    is_ready(namespace, "Unknown", "Training")
    kueue_says(namespace, suspended=True)
    is_ready(namespace, "Unknown", "Queued")
    wait_until(lambda: not namespace.list("Pod", **OURS))
    operator.kill()
    site.start("operator-2")
    trainers[namespace.name] = "publish"
    kueue_says(namespace, suspended=False)
    flows.trained(namespace)

    (job,) = jobs(namespace)
    assert (queued["metadata"]["labels"][QUEUE], queued["spec"]["suspend"]) == ("batch", True)
    assert job["metadata"]["uid"] == queued["metadata"]["uid"]
    assert "checkrail-overlay" not in {m["manager"] for m in job["metadata"]["managedFields"]}
    assert [a["outcome"] for a in run(namespace)["status"]["attempts"]] == ["Succeeded"]


def test_a_queued_run_that_is_suspended_gives_its_place_back_and_queues_anew(site: Site) -> None:
    namespace, trainers = site.namespace, site.world.pods.trainers
    trainers[namespace.name] = "hold"
    site.start()
    namespace.create(flows.training_job(queueName="batch"))
    is_ready(namespace, "Unknown", "Queued")
    kueue_says(namespace, suspended=False)
    is_ready(namespace, "Unknown", "Training")

    suspend(namespace, on=True)
    is_ready(namespace, "Unknown", "Suspended")
    wait_until(lambda: not jobs(namespace) and not namespace.list("Pod", **OURS))
    suspend(namespace, on=False)
    is_ready(namespace, "Unknown", "Queued")
    (again,) = jobs(namespace)
    trainers[namespace.name] = "publish"
    kueue_says(namespace, suspended=False)
    flows.trained(namespace)

    assert again["spec"]["suspend"] is True
    assert [a["number"] for a in run(namespace)["status"]["attempts"]] == [1]


def test_what_an_ended_run_left_goes_when_its_time_is_over_and_never_comes_back(
    site: Site,
) -> None:
    """The time is set, and found, only after the end, by an operator that was not there."""
    namespace = site.namespace
    operator = site.start()
    flows.train(namespace)
    flows.trained(namespace)
    status = run(namespace)["status"]
    operator.kill()
    change = {"spec": {"ttlSecondsAfterFinished": 1}}
    assert namespace.patch("TrainingJob", "run", change).is_success

    operator = site.start("operator-2")
    kinds = ("Job", "Pod", "ConfigMap")
    wait_until(lambda: not any(namespace.list(kind, **OURS) for kind in kinds))
    operator.kill()
    site.start("operator-3")
    assert namespace.patch("TrainingJob", "run", {"spec": {"suspend": True}}).is_success
    generation = run(namespace)["metadata"]["generation"]
    wait_until(lambda: run(namespace)["status"]["observedGeneration"] == generation)

    kept = ("attempts", "completionTime", "modelVersion", "artifact")
    end = run(namespace)["status"]
    assert {field: end[field] for field in kept} == {field: status[field] for field in kept}
    assert ready(namespace) == ("True", "Published")
    assert [namespace.list(kind, **OURS) for kind in kinds] == [[], [], []]
    assert [v["metadata"]["name"] for v in namespace.list("ModelVersion")] == [end["modelVersion"]]
