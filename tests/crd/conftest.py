from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from checkrail_api.kind import API_VERSION
from crd.client import OURS, Answer, Client
from harness.control_plane import ControlPlane

if TYPE_CHECKING:
    from collections.abc import Iterator

CRDS = Path(__file__).parents[2] / "crds"
PUBLISHED_SECONDS = 30


@pytest.fixture(scope="session")
def bare_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """An API server that knows nothing of ours yet."""
    with ControlPlane(tmp_path_factory.mktemp("crd")) as plane, Client(plane) as client:
        yield client


@pytest.fixture(scope="session")
def installed(bare_client: Client) -> dict[str, Answer]:
    """What the API server said to each of ``crds/``, once it serves them all."""
    answers = {
        path.name: bare_client.create(yaml.safe_load(path.read_text()))
        for path in sorted(CRDS.glob("*.yaml"))
    }
    assert all(answer.code == 201 for answer in answers.values()), {
        name: answer.refusal for name, answer in answers.items()
    }
    deadline = time.monotonic() + PUBLISHED_SECONDS
    while not _is_published(bare_client):
        assert time.monotonic() < deadline, "the kinds were not published"
        time.sleep(0.05)  # a poll: the API server tells nobody when it has published a schema
    return answers


def _is_published(client: Client) -> bool:
    """Answer whether kubectl finds the kinds and their schemas: later than Established."""
    names = client.plane.kubectl("api-resources", "--categories=checkrail", "--output=name")
    return len(names.split()) == len(OURS) and f"apis/{API_VERSION}" in client.schemas()


@pytest.fixture
def client(bare_client: Client, installed: dict[str, Answer]) -> Iterator[Client]:  # noqa: ARG001
    """An API server with our kinds and none of their objects."""
    yield bare_client
    bare_client.delete_all()
