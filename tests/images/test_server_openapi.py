"""The OpenAPI document against the server: schemathesis asks what the document allows, and more.

Requests that the document allows must be answered, others refused, and every answer must be one
that the document has.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from attack.run import NOT_FINITE
from harness.client_environments import ENVIRONMENTS, client_environment
from harness.json_requests import INFER
from harness.scoring_server import ScoringServer, artifact_files, serving, written
from harness.tree_model import tree_model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.images

CONFIGURATION = ENVIRONMENTS / "schemathesis" / "schemathesis.toml"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScoringServer]:
    """A server whose model answers a finite score to everything."""
    folder = tmp_path_factory.mktemp("tree")
    with serving(written(artifact_files(tree_model()), folder / "artifact"), folder) as running:
        yield running


def schemathesis(server: ScoringServer, folder: Path, *options: str) -> None:
    """Ask ``server`` by its document, and fail with what schemathesis says of its answers."""
    program = client_environment("schemathesis") / "schemathesis"
    url = f"http://127.0.0.1:{server.port}/openapi.json"
    always = ["--generation-deterministic", "--continue-on-failure", "--no-color"]
    asked = subprocess.run(
        [program, "--config-file", CONFIGURATION, "run", url, *always, *options],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
    )
    assert asked.returncode == 0, asked.stdout + asked.stderr


def test_every_answer_is_as_the_document_says(server: ScoringServer, tmp_path: Path) -> None:
    schemathesis(server, tmp_path, "--phases=examples,coverage,fuzzing", "--max-examples=8")


def test_answers_of_every_datatype_are_as_the_document_says(
    typed: ScoringServer, tmp_path: Path
) -> None:
    """Its model answers what it is given: 500 to what is missing, as is told, never for a bug."""
    schemathesis(
        typed,
        tmp_path,
        "--phases=examples,fuzzing",
        "--exclude-checks=not_a_server_error",
        f"--include-path={INFER}",
        "--max-examples=4",
    )

    errors = [event for event in typed.events() if event["level"] == "ERROR"]
    assert [event for event in errors if event["message"] != NOT_FINITE] == []


def test_the_document_is_one_of_openapi(
    server: ScoringServer, typed: ScoringServer, tmp_path: Path
) -> None:
    files = {name: tmp_path / f"{name}.json" for name in ("tree", "typed")}
    for file, asked in zip(files.values(), (server, typed), strict=True):
        file.write_bytes(asked.http.get("/openapi.json").content)

    validator = client_environment("schemathesis") / "openapi-spec-validator"
    checked = subprocess.run(
        [validator, *files.values()], check=False, capture_output=True, text=True
    )

    assert checked.returncode == 0, checked.stdout


def test_every_path_has_the_methods_that_are_documented(server: ScoringServer) -> None:
    for path, methods in server.http.get("/openapi.json").json()["paths"].items():
        answer = server.http.request("DELETE", path)
        told = set(answer.headers["allow"].lower().split(", "))

        assert (answer.status_code, told) == (405, set(methods)), path
