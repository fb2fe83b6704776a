"""On the real API server: versions that go with their artifact, runs that wait for a version."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from wiring import flows
from wiring.admin import OURS, Namespace, wait_until

if TYPE_CHECKING:
    from wiring.world import Site, World

pytestmark = pytest.mark.wiring

NAME = f"{flows.SERVED}-{flows.OLD[:8]}"
WITHIN = 20.0
"""Less than a version that waits goes without a look, seconds: events wake it, not time."""


def reasons(namespace: Namespace) -> list[str]:
    events = namespace.list("Event")
    return sorted(e["reason"] for e in events if e["regarding"]["kind"] == "ModelVersion")


def is_gone(namespace: Namespace, name: str = NAME) -> bool:
    return namespace.get("ModelVersion", name) is None


def held(site: Site) -> None:
    flows.keep_removable(site.namespace)
    wait_until(lambda: flows.finalizers(site.namespace, NAME) != [])


def test_a_version_goes_once_its_job_has_deleted_the_artifact(site: Site) -> None:
    site.world.pods.trainers[site.namespace.name] = "hold"
    site.start()
    held(site)

    site.namespace.delete("ModelVersion", NAME)
    site.namespace.wait_for_pods("Running")
    (job,) = site.namespace.list("Job", **OURS)
    command = job["spec"]["template"]["spec"]["containers"][0]["command"]
    uri = f"s3://models/default/{flows.SERVED}/{flows.OLD}"
    assert command == ["checkrail", "delete-artifact", uri, "--sha256", flows.OLD]
    assert not is_gone(site.namespace)

    site.world.pods.trainers[site.namespace.name] = "publish"
    site.world.pods.again(site.namespace.name)
    wait_until(lambda: is_gone(site.namespace), seconds=WITHIN)
    assert reasons(site.namespace) == ["ArtifactRemoved"]


def test_the_finalizer_follows_the_policy_and_retain_lets_go_at_any_time(site: Site) -> None:
    site.world.pods.trainers[site.namespace.name] = "hold"
    site.start()
    held(site)
    retain, delete = ({"spec": {"deletionPolicy": each}} for each in ("Retain", "Delete"))

    site.namespace.patch("ModelVersion", NAME, retain)
    wait_until(lambda: flows.finalizers(site.namespace, NAME) == [])
    site.namespace.patch("ModelVersion", NAME, delete)
    wait_until(lambda: flows.finalizers(site.namespace, NAME) != [])
    site.namespace.delete("ModelVersion", NAME)
    site.namespace.wait_for_pods("Running")
    site.namespace.patch("ModelVersion", NAME, retain)

    wait_until(lambda: is_gone(site.namespace))
    assert reasons(site.namespace) == []


def test_a_version_waits_while_it_is_served_and_goes_with_its_deployment(site: Site) -> None:
    site.start()
    held(site)
    site.namespace.create(flows.model_deployment())
    wait_until(lambda: stable(site.namespace) == NAME, seconds=60)

    site.namespace.delete("ModelVersion", NAME)
    wait_until(lambda: reasons(site.namespace) == ["ArtifactInUse"])
    assert site.namespace.list("Job", **OURS) == []

    site.namespace.delete("ModelDeployment", "serve")
    wait_until(lambda: is_gone(site.namespace), seconds=WITHIN)
    assert reasons(site.namespace) == ["ArtifactInUse", "ArtifactRemoved"]


def test_a_version_goes_once_another_one_serves(site: Site) -> None:
    site.start()
    held(site)
    site.namespace.create(flows.model_deployment())
    wait_until(lambda: stable(site.namespace) == NAME, seconds=60)
    site.namespace.delete("ModelVersion", NAME)
    wait_until(lambda: reasons(site.namespace) == ["ArtifactInUse"])

    site.namespace.create(flows.model_version(flows.NEW))

    wait_until(lambda: stable(site.namespace) == f"{flows.SERVED}-{flows.NEW[:8]}", seconds=60)
    wait_until(lambda: is_gone(site.namespace), seconds=WITHIN)


def stable(namespace: Namespace) -> str:
    found = namespace.get("ModelDeployment", "serve") or {}
    version: str = found.get("status", {}).get("stable", {}).get("version", "")
    return version


def test_an_artifact_that_another_namespace_names_is_left(world: World, site: Site) -> None:
    with world.site() as other:
        both = f"{site.namespace.name},{other.namespace.name}"
        site.start(CHECKRAIL_WATCH_NAMESPACES=both)
        held(site)
        other.namespace.create(flows.model_version(flows.OLD))

        site.namespace.delete("ModelVersion", NAME)

        wait_until(lambda: is_gone(site.namespace), seconds=WITHIN)
        assert reasons(site.namespace) == ["ArtifactShared"]
        assert site.namespace.list("Job", **OURS) == []
        assert not is_gone(other.namespace)


def test_a_namespace_that_ends_is_not_held_up(world: World, site: Site) -> None:
    with world.site() as ending:
        both = f"{site.namespace.name},{ending.namespace.name}"
        operator = site.start(CHECKRAIL_WATCH_NAMESPACES=both)
        held(ending)
        path = f"/api/v1/namespaces/{ending.namespace.name}"

        world.client.delete(path)

        wait_until(
            lambda: world.client.get(path).status_code == 404, seconds=60, otherwise=operator.tail
        )
        said = operator.lines("artifact is left, its namespace is being deleted")
        assert [line["name"] for line in said] == [NAME]


def test_a_version_whose_job_a_quota_refuses_says_so_and_goes_once_there_is_room(
    site: Site,
) -> None:
    site.start()
    held(site)
    flows.quota(site.namespace, "count/jobs.batch", 0)

    site.namespace.delete("ModelVersion", NAME)
    wait_until(lambda: reasons(site.namespace) == ["ArtifactNotRemoved"])
    (event,) = (e for e in site.namespace.list("Event") if e["reason"] == "ArtifactNotRemoved")
    assert "is forbidden: exceeded quota: few" in event["note"]
    assert "set spec.deletionPolicy to Retain" in event["note"]
    going = site.namespace.get("ModelVersion", NAME)
    assert going is not None
    assert "checkrail.dev/removal-refused-since" in going["metadata"]["annotations"]

    site.namespace.delete("ResourceQuota", "few")

    wait_until(lambda: is_gone(site.namespace), seconds=60)
    assert reasons(site.namespace) == ["ArtifactNotRemoved", "ArtifactRemoved"]


def gate(version: str) -> dict[str, Any]:
    return {"gates": [{"metric": "roc_auc", "notWorseThan": version}]}


def test_a_run_that_waits_for_a_version_goes_on_when_it_appears(site: Site) -> None:
    site.start()
    site.namespace.create(flows.training_job(evaluation=gate(NAME)))
    wait_until(lambda: waits_for(site.namespace) == NAME)
    assert site.namespace.list("Job", **OURS) == []

    began = time.monotonic()
    site.namespace.create(flows.model_version(flows.OLD))

    flows.trained(site.namespace)
    assert time.monotonic() - began < WITHIN


def waits_for(namespace: Namespace) -> str:
    status = (namespace.get("TrainingJob", "run") or {}).get("status", {})
    version: str = status.get("waitingFor", "")
    return version
