"""One namespace with its own Secret and host name, on whichever cluster runs."""

import json
from collections.abc import Iterator

import pytest
from demo import cluster, system
from demo.cluster import kubectl
from demo.team import Team
from filelock import FileLock


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests of this folder."""
    for item in items:
        if "tests/e2e" in str(item.path):
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory, testrun_uid: str) -> None:
    """Install the operator from its chart and put the real data into the S3 server, once a run."""
    mine = tmp_path_factory.getbasetemp()
    done = mine.parent / f"lake-{testrun_uid}"
    with FileLock(done.with_suffix(".lock")):
        if not done.exists():
            system.install_chart()
            system.fill_lake()
            done.touch()


@pytest.fixture(scope="session")
def team(lake: None, worker_id: str) -> Iterator[Team]:  # noqa: ARG001 - the lake comes first
    """Give the tests a namespace that enforces restricted pods, and take it away."""
    namespace = f"checkrail-e2e-{worker_id}"
    kubectl("delete", "namespace", namespace, "--ignore-not-found", "--wait=true")
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    metadata = {"name": namespace, "labels": labels}
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    kubectl("apply", "-f", "-", stdin=json.dumps(body))
    secret = cluster.get("secret", "s3")
    team = Team(namespace, "e2e.example.com")
    team.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "s3"},
            "data": secret["data"],
        }
    )
    yield team
    kubectl("delete", "namespace", namespace, "--wait=true")
