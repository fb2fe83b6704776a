"""What a scoring pod is given to trust its store by."""

from dataclasses import replace
from typing import Any

from harness.serving_bodies import DEFAULTS, model_deployment, model_version
from harness.serving_world import ServingWorld


def pod_spec(world: ServingWorld) -> Any:
    (deployment,) = (child for child in world.planned().children if child["kind"] == "Deployment")
    return deployment["spec"]["template"]["spec"]


def bundle(spec: Any) -> str | None:
    values = {each["name"]: each.get("value") for each in spec["containers"][0]["env"]}
    return values.get("AWS_CA_BUNDLE")


def test_the_authorities_that_a_version_names_are_mounted_and_trusted() -> None:
    version = model_version(1)
    version["spec"]["store"] = {"caConfigMapRef": {"name": "store-ca"}}
    spec = pod_spec(ServingWorld(owner=model_deployment(), versions={1: version}))

    items = [{"key": "ca.crt", "path": "store-ca/ca.crt"}]
    sources = [{"configMap": {"name": "store-ca", "items": items}}]
    assert spec["volumes"][2:] == [{"name": "authorities", "projected": {"sources": sources}}]
    assert spec["containers"][0]["volumeMounts"][2:] == [
        {"name": "authorities", "mountPath": "/etc/checkrail/ca", "readOnly": True}
    ]
    assert bundle(spec) == "/etc/checkrail/ca/store-ca/ca.crt"


def test_the_operators_own_authorities_stand_in_where_a_version_names_none() -> None:
    store = {**DEFAULTS.object_store, "caConfigMapRef": {"name": "internal-ca"}}
    defaults = replace(DEFAULTS, object_store=store)

    spec = pod_spec(ServingWorld(owner=model_deployment(), defaults=defaults))

    assert bundle(spec) == "/etc/checkrail/ca/internal-ca/ca.crt"


def test_without_authorities_nothing_is_mounted_and_the_public_ones_hold() -> None:
    spec = pod_spec(ServingWorld(owner=model_deployment()))

    assert ([volume["name"] for volume in spec["volumes"]], bundle(spec)) == (
        ["tmp", "shadow"],
        None,
    )
