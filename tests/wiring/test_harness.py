"""What the other tests rely on: a real API server that can be cut off and restarted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from harness.control_plane import ControlPlane, kubectl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.wiring


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    folder: Path = tmp_path_factory.mktemp("plane")
    with ControlPlane(folder, controllers=("garbage-collector-controller",)) as running:
        yield running


def test_the_api_server_says_the_version_it_was_built_from(plane: ControlPlane) -> None:
    version = json.loads(plane.kubectl("version", "--output=json"))["serverVersion"]

    assert (version["gitVersion"], version["major"], version["minor"]) == ("v1.34.4", "1", "34")


def test_a_service_account_may_do_only_what_rbac_allows(plane: ControlPlane) -> None:
    plane.kubectl("create", "serviceaccount", "reader")
    plane.kubectl("create", "role", "reader", "--verb=get", "--resource=configmaps")
    plane.kubectl(
        "create", "rolebinding", "reader", "--role=reader", "--serviceaccount=default:reader"
    )
    reader = plane.kubeconfig_for("default", "reader")

    allowed = kubectl(reader, "auth", "can-i", "get", "configmaps")
    refused = kubectl(reader, "get", "secrets", check=False)

    assert allowed.strip() == "yes"
    assert "secrets is forbidden" in refused


def test_objects_survive_a_restart_of_the_api_server(plane: ControlPlane) -> None:
    plane.kubectl("create", "configmap", "kept", "--from-literal=a=b")

    plane.stop_apiserver()
    away = plane.kubectl("get", "configmap", "kept", check=False)
    plane.start_apiserver()

    assert "refused" in away
    assert plane.get("configmap", "kept")["data"] == {"a": "b"}


def test_the_garbage_collector_takes_the_children_of_a_deleted_owner(plane: ControlPlane) -> None:
    plane.kubectl("create", "configmap", "owner")
    uid = plane.get("configmap", "owner")["metadata"]["uid"]
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid}
    child = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "child", "ownerReferences": [owner]},
    }
    plane.kubectl("apply", "-f", "-", input=json.dumps(child))

    plane.kubectl("delete", "configmap", "owner")

    plane.kubectl("wait", "--for=delete", "configmap/child", "--timeout=60s")
