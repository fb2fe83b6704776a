"""What the operators of the wiring tests may do: what the chart grants, if there is one."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from local_cluster.modules import binary

if TYPE_CHECKING:
    from harness.control_plane import ControlPlane

CHART = Path(__file__).parents[2] / "charts" / "checkrail"
ACCOUNT = "operator"
SYSTEM = "default"
RULED = frozenset({"ClusterRole", "Role"})


def grant(plane: ControlPlane) -> str:
    """Make the operators' service account, give it its rights, and return a token of it."""
    plane.kubectl("create", "serviceaccount", ACCOUNT, f"--namespace={SYSTEM}")
    plane.kubectl("apply", "--filename", "-", input=yaml.safe_dump_all(_roles()))
    lifetime = "--duration=3h"
    return plane.kubectl("create", "token", ACCOUNT, f"--namespace={SYSTEM}", lifetime).strip()


def has_chart() -> bool:
    """Answer whether the chart says what the operator may do."""
    return (CHART / "Chart.yaml").exists()


def _roles() -> list[dict[str, Any]]:
    rules = (
        _chart_rules()
        if has_chart()
        else [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
    )
    meta = {"name": "wiring-operator"}
    group = "rbac.authorization.k8s.io"
    return [
        {"apiVersion": f"{group}/v1", "kind": "ClusterRole", "metadata": meta, "rules": rules},
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": meta,
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": meta["name"]},
            "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": SYSTEM}],
        },
    ]


def _chart_rules() -> list[dict[str, Any]]:
    """Return the rules of every role in the rendered chart.

    The chart's Role for the Lease holds in the operator's own namespace; here each test has its
    Lease in a namespace of its own, so its rules are granted in all of them.
    """
    rendered = subprocess.run(
        [str(binary("helm")), "template", "checkrail", str(CHART)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    documents = [d for d in yaml.safe_load_all(rendered) if d]
    return [rule for d in documents if d["kind"] in RULED for rule in d["rules"]]
