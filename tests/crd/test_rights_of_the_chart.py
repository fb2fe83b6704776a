"""What the chart lets the operator and its users do, by the API server's own authorizer."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from harness.control_plane import kubectl
from local_cluster.build import build
from local_cluster.modules import binary, chosen

if TYPE_CHECKING:
    from crd.client import Answer, Client

pytestmark = pytest.mark.crd

CHART = Path(__file__).parents[2] / "charts" / "checkrail"
RULES = {"ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"}
LEASES = "/apis/coordination.k8s.io/v1/leases?fieldSelector=metadata.name%3D"


@pytest.fixture(scope="session")
def operator(bare_client: Client, installed: dict[str, Answer]) -> Path:  # noqa: ARG001
    """A kubeconfig of the operator's service account, installed in namespace system."""
    build(chosen(("helm",)))
    rendered = subprocess.run(
        [binary("helm"), "template", "checkrail", CHART, "--namespace=system"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    rules = [m for m in yaml.safe_load_all(rendered) if m and m["kind"] in RULES]
    plane = bare_client.plane
    plane.kubectl("create", "namespace", "system")
    plane.kubectl("apply", "-n", "system", "-f", "-", input=yaml.safe_dump_all(rules))
    return plane.kubeconfig_for("system", "checkrail")


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        pytest.param("get secrets -n team", "no", id="no Secret of a team"),
        pytest.param("list secrets -n system", "no", id="no Secret of its own namespace"),
        pytest.param("create jobs.batch -n team", "yes", id="makes Jobs anywhere"),
        pytest.param(
            "delete networkpolicies.networking.k8s.io -n team", "yes", id="takes its policies away"
        ),
        pytest.param("patch trainingjobs.checkrail.dev -n team", "no", id="changes no spec"),
        pytest.param(
            "patch trainingjobs.checkrail.dev --subresource=status -n team",
            "yes",
            id="writes the status",
        ),
        pytest.param("create modelversions.checkrail.dev -n team", "yes", id="records versions"),
        pytest.param("patch modelversions.checkrail.dev -n team", "yes", id="holds a version"),
        pytest.param("patch modeldeployments.checkrail.dev -n team", "no", id="changes no rollout"),
        pytest.param("delete modelversions.checkrail.dev -n team", "no", id="deletes no record"),
        pytest.param("get pods --subresource=log -n team", "yes", id="reads progress"),
        pytest.param("create pods --subresource=exec -n team", "no", id="enters no pod"),
        pytest.param("create pods -n team", "no", id="makes no pod by itself"),
        pytest.param(
            "update leases.coordination.k8s.io/checkrail-operator -n system",
            "yes",
            id="renews its Lease",
        ),
        pytest.param(
            "update leases.coordination.k8s.io/other -n system", "no", id="no other's Lease"
        ),
        pytest.param(
            "update leases.coordination.k8s.io/checkrail-operator -n team",
            "no",
            id="no Lease in other namespaces",
        ),
    ],
)
def test_the_operator_may(operator: Path, request_: str, answer: str) -> None:
    assert kubectl(operator, "auth", "can-i", *request_.split(), check=False).split()[-1] == answer


def test_the_operator_watches_its_own_lease_and_no_other(operator: Path) -> None:
    own = kubectl(operator, "get", "--raw", f"{LEASES}checkrail-operator", check=False)
    other = kubectl(operator, "get", "--raw", f"{LEASES}other", check=False)

    assert '"kind":"LeaseList"' in own
    assert "Forbidden" in other


@pytest.mark.parametrize(
    ("role", "verb", "answer"),
    [
        pytest.param("view", "list", "yes", id="viewers see"),
        pytest.param("view", "create", "no", id="viewers make nothing"),
        pytest.param("edit", "create", "yes", id="editors make"),
        pytest.param("edit", "delete", "yes", id="editors delete"),
    ],
)
def test_the_rules_for_users_carry_what_their_roles_say(
    operator: Path, bare_client: Client, role: str, verb: str, answer: str
) -> None:
    plane = bare_client.plane
    assert operator.exists()  # the chart is installed
    binding = f"{role}-{verb}"
    plane.kubectl(
        "create", "rolebinding", binding, f"--clusterrole=checkrail-{role}", f"--user={binding}"
    )

    said = plane.kubectl(
        "auth", "can-i", verb, "trainingjobs.checkrail.dev", f"--as={binding}", check=False
    )

    assert said.split()[-1] == answer
