"""The flows of the crash tests: what is applied, when it is over, what must be there then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wiring.admin import OURS, wait_until

if TYPE_CHECKING:
    from wiring.admin import Namespace
    from wiring.world import Site

TRAINED, SERVED = "flights", "fares"
"""Two models, so that both flows may share a namespace."""


def training_job(name: str = "run", **spec: Any) -> dict[str, Any]:
    """Return a small TrainingJob, with ``spec`` over its own."""
    return {
        "apiVersion": "checkrail.dev/v1alpha1",
        "kind": "TrainingJob",
        "metadata": {"name": name},
        "spec": {
            "model": TRAINED,
            "data": {
                "sources": [{"name": "flights", "uri": "s3://lake/flights.parquet"}],
                "label": "late",
                "holdout": {"strategy": "Fraction", "fraction": "0.2"},
            },
            "train": {"workflow": "logistic-regression"},
            "resources": {"ladder": [{"requests": {"cpu": "1000m", "memory": "1024Mi"}}]},
            **spec,
        },
    }


def model_version(digest: str) -> dict[str, Any]:
    """Return a published version as a person would import it."""
    return {
        "apiVersion": "checkrail.dev/v1alpha1",
        "kind": "ModelVersion",
        "metadata": {"name": f"{SERVED}-{digest[:8]}"},
        "spec": {
            "model": SERVED,
            "artifact": {
                "uri": f"s3://models/default/{SERVED}/{digest}",
                "sha256": digest,
                "sizeBytes": 1000,
                "format": "ONNX",
            },
        },
    }


def model_deployment(name: str = "serve", **spec: Any) -> dict[str, Any]:
    """Return a ModelDeployment that follows the model, with steps that do not wait."""
    return {
        "apiVersion": "checkrail.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": name},
        "spec": {
            "model": {"follow": {"model": SERVED}},
            # no pod answers here: there is no node
            "rollout": {"steps": [{"weight": 50, "holdSeconds": 0}], "minRequests": 0},
            "traffic": {"gateway": {"parentRefs": [{"name": "gate"}]}},
            **spec,
        },
    }


def train(namespace: Namespace) -> None:
    """Apply a TrainingJob."""
    namespace.create(training_job())


def trained(namespace: Namespace) -> None:
    """Wait until it is complete."""
    namespace.wait_for("TrainingJob", "run", "Complete")


def trained_end(namespace: Namespace) -> dict[str, Any]:
    """Return all that must be the same after any crash."""
    job = namespace.get("TrainingJob", "run") or {}
    return {
        "jobs": [
            j["metadata"]["labels"]["checkrail.dev/attempt"] for j in namespace.list("Job", **OURS)
        ],
        "pods": len(namespace.list("Pod", **OURS)),
        "config maps": len(namespace.list("ConfigMap", **OURS)),
        "versions": [v["metadata"]["name"] for v in namespace.list("ModelVersion")],
        "attempts": [(a["number"], a["outcome"]) for a in job["status"]["attempts"]],
        "version": job["status"]["modelVersion"],
        "conditions": conditions(job),
    }


def conditions(body: dict[str, Any]) -> dict[str, str]:
    """Return the conditions' statuses by type."""
    return {c["type"]: c["status"] for c in body["status"]["conditions"]}


def hold_and_let_go(site: Site) -> None:
    """Wait until the trainer runs, suspend it, resume it, and let it publish."""
    namespace, trainers = site.namespace, site.world.pods.trainers
    namespace.wait_for_pods("Running")
    assert namespace.patch("TrainingJob", "run", {"spec": {"suspend": True}}).is_success
    namespace.wait_for("TrainingJob", "run", "Suspended")
    wait_until(lambda: not namespace.list("Pod", **OURS))
    trainers[namespace.name] = "publish"
    assert namespace.patch("TrainingJob", "run", {"spec": {"suspend": False}}).is_success
    trained(namespace)


OLD, NEW = "11" * 32, "22" * 32


def serve(namespace: Namespace) -> None:
    """Apply a version and a ModelDeployment that follows its model."""
    namespace.create(model_version(OLD))
    namespace.create(model_deployment())


def serve_without_gateway(namespace: Namespace) -> None:
    """Do the same where numbers of pods split the requests."""
    namespace.create(model_version(OLD))
    namespace.create(model_deployment(replicas=2, traffic={}))


FRONT_AND_REVISION = 2
"""Services of a ModelDeployment at rest; that of the old revision goes after its pods."""


def climbed(namespace: Namespace) -> None:
    """Wait for the first rollout, publish the next version, wait until it has everything."""
    _stable_is(namespace, OLD)
    if namespace.get("ModelVersion", f"{SERVED}-{NEW[:8]}") is None:
        # versions are ordered by the second of their creation
        first = namespace.get("ModelVersion", f"{SERVED}-{OLD[:8]}") or {}
        wait_until(lambda: _second(namespace) > first["metadata"]["creationTimestamp"])
        namespace.create(model_version(NEW))
    _stable_is(namespace, NEW)
    wait_until(lambda: len(namespace.list("Deployment", **OURS)) == 1)
    wait_until(lambda: len(namespace.list("Service", **OURS)) == FRONT_AND_REVISION)


def climbed_end(namespace: Namespace) -> dict[str, Any]:
    """Return all that must be the same after any crash."""
    deployment = namespace.get("ModelDeployment", "serve") or {}
    rules = [route["spec"]["rules"][-1] for route in namespace.list("HTTPRoute", **OURS)]
    services = {s["metadata"]["name"]: s["spec"] for s in namespace.list("Service", **OURS)}
    return {
        "deployments": [d["metadata"]["name"] for d in namespace.list("Deployment", **OURS)],
        "services": sorted(services),
        "selects": f"serve-{services['serve']['selector'].get('checkrail.dev/revision')}",
        "route": [(b["name"], b["weight"]) for rule in rules for b in rule["backendRefs"]],
        "stable": deployment["status"]["stable"]["version"],
        "canary": deployment["status"].get("canary"),
        "rejected": deployment["status"].get("rejected", []),
        "conditions": conditions(deployment),
    }


def _stable_is(namespace: Namespace, digest: str) -> None:
    def ready() -> bool:
        found = namespace.get("ModelDeployment", "serve") or {}
        stable = found.get("status", {}).get("stable", {}).get("sha256")
        return stable == digest and conditions(found).get("Ready") == "True"

    wait_until(ready, seconds=60, otherwise=lambda: str(namespace.get("ModelDeployment", "serve")))


def _second(namespace: Namespace) -> str:
    probe = namespace.create({"kind": "ConfigMap", "metadata": {"generateName": "time-"}})
    namespace.delete("ConfigMap", probe["metadata"]["name"])
    return str(probe["metadata"]["creationTimestamp"])


def keep_removable(namespace: Namespace) -> None:
    """Import a version whose artifact is to go with it."""
    body = model_version(OLD)
    namespace.create({**body, "spec": {**body["spec"], "deletionPolicy": "Delete"}})


def remove(site: Site) -> None:
    """Delete the version once it is held, and wait until it and its Job are gone."""
    namespace, name = site.namespace, f"{SERVED}-{OLD[:8]}"
    wait_until(lambda: finalizers(namespace, name) == ["checkrail.dev/artifact"])
    namespace.delete("ModelVersion", name)
    wait_until(lambda: namespace.get("ModelVersion", name) is None, seconds=40)
    wait_until(lambda: namespace.list("Job", **OURS) == [])


def removed_end(namespace: Namespace) -> dict[str, Any]:
    """Return all that must be the same after any crash."""
    events = namespace.list("Event")
    return {"told": [(e["reason"], e.get("series")) for e in events if _is_about_a_version(e)]}


def finalizers(namespace: Namespace, name: str) -> list[str]:
    """Return who holds a version."""
    found = namespace.get("ModelVersion", name) or {"metadata": {}}
    held: list[str] = found["metadata"].get("finalizers", [])
    return held


def _is_about_a_version(event: dict[str, Any]) -> bool:
    return bool(event.get("regarding", {}).get("kind") == "ModelVersion")


def quota(namespace: Namespace, resource: str, amount: int) -> None:
    """Allow so many; the status is the quota controller's, who does not run here."""
    hard = {resource: str(amount)}
    namespace.create({"kind": "ResourceQuota", "metadata": {"name": "few"}, "spec": {"hard": hard}})
    status = {"hard": hard, "used": {resource: "0"}}
    assert namespace.patch("ResourceQuota", "few", {"status": status}, "status").is_success
