"""The manifests that Helm makes of the chart."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from checkrail_api.object_store import ObjectStore, Store
from checkrail_operator.settings import from_environ
from local_cluster.build import build
from local_cluster.modules import binary, chosen

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

CHART = Path(__file__).parents[3] / "charts" / "checkrail"
STORE = {
    "uri": "s3://models",
    "endpoint": "http://s3.default.svc:9000",
    "addressingStyle": "Path",
    "credentialsSecretRef": {"name": "s3"},
    "caConfigMapRef": {"name": "ca"},
}
EVERYTHING = {
    "images": {"pullSecrets": [{"name": "registry"}]},
    "replicas": 3,
    "watchNamespaces": ["team-a", "team-b"],
    "rollouts": {"prometheusAddresses": ["http://prometheus.monitoring:9090"]},
    "defaults": {"store": STORE, "objectStore": {"region": "us-east-1"}},
    "logLevel": "DEBUG",
    "env": [{"name": "CHECKRAIL_WORKERS", "value": "16"}],
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "system", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "priorityClassName": "system-cluster-critical",
    "serviceAccount": {"name": "operator", "annotations": {"team": "platform"}},
    "serving": {"networkPolicy": False},
    "networkPolicy": True,
}


@pytest.fixture(scope="session")
def helm() -> str:
    build(chosen(("helm",)))
    return str(binary("helm"))


def test_defaults_render_as_reviewed(helm: str, snapshot: SnapshotAssertion) -> None:
    assert _render(helm, {}).stdout == snapshot


def test_every_value_renders_as_reviewed(helm: str, snapshot: SnapshotAssertion) -> None:
    assert _render(helm, EVERYTHING).stdout == snapshot


def test_what_is_switched_off_is_not_there(helm: str) -> None:
    values = {
        "replicas": 1,
        "metrics": {"service": False},
        "userRoles": False,
        "watchNamespaces": ["team-a"],
    }

    assert [(m["kind"], m["metadata"]["name"]) for m in _manifests(helm, values)] == [
        ("ServiceAccount", "checkrail"),
        ("ClusterRole", "checkrail-operator"),
        ("Role", "checkrail-lease"),
        ("RoleBinding", "checkrail-lease"),
        ("RoleBinding", "checkrail-operator"),
        ("Deployment", "checkrail"),
    ]


@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["defaults", "every value"])
def test_no_rule_mentions_secrets_or_anything_by_wildcard(
    helm: str, values: dict[str, Any]
) -> None:
    rules = [rule for m in _manifests(helm, values) for rule in m.get("rules", [])]

    named = {name for rule in rules for part in rule.values() for name in part}

    assert rules
    assert not [name for name in named if "secret" in name or "*" in name]


def test_the_operator_reads_its_settings_from_the_deployment(helm: str) -> None:
    [deployment] = [m for m in _manifests(helm, EVERYTHING) if m["kind"] == "Deployment"]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    by_downward_api = {"POD_NAME": "checkrail-0", "CHECKRAIL_LEASE_NAMESPACE": "system"}
    environ = {
        variable["name"]: variable.get("value", by_downward_api.get(variable["name"], ""))
        for variable in container["env"]
    }

    told = from_environ(environ)

    assert (told.lease.namespace, told.lease.name) == ("system", "checkrail-operator")
    assert (told.log_level, told.workers) == ("DEBUG", 16)
    assert told.watch_namespaces == ("team-a", "team-b")
    assert not told.defaults.network_policy
    assert Store.model_validate(told.defaults.store) == Store.model_validate(STORE)
    assert ObjectStore.model_validate(told.defaults.object_store) == ObjectStore(region="us-east-1")
    assert {port["name"]: port["containerPort"] for port in container["ports"]} == {
        "metrics": told.metrics_port,
        "health": told.health_port,
    }


@pytest.mark.parametrize(
    ("values", "message"),
    [
        pytest.param(
            {"replica": 2}, "additional properties 'replica' not allowed", id="unknown value"
        ),
        pytest.param(
            {"defaults": {"store": {"region": "eu"}}},
            "at '/defaults/store': missing property 'uri'",
            id="store without a uri",
        ),
        pytest.param(
            {"logLevel": "debug"},
            "at '/logLevel': value must be one of 'DEBUG', 'INFO', 'WARNING', 'ERROR'",
            id="log level in small letters",
        ),
    ],
)
def test_wrong_values_are_refused_before_anything_is_installed(
    helm: str, values: dict[str, Any], message: str
) -> None:
    answer = _render(helm, values, check=False)

    assert answer.returncode != 0
    assert message in answer.stderr


def _manifests(helm: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    return [m for m in yaml.safe_load_all(_render(helm, values).stdout) if m]


def _render(
    helm: str, values: dict[str, Any], *, check: bool = True
) -> subprocess.CompletedProcess[str]:
    command = [helm, "template", "checkrail", str(CHART), "--namespace=system", "--values=-"]
    text = yaml.safe_dump(values)
    return subprocess.run(command, input=text, capture_output=True, text=True, check=check)
