"""``checkrail delete-artifact`` on a real S3 server: whole, cut short, contradicted, repeated."""

from __future__ import annotations

import hashlib
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from checkrail_api.artifact import Manifest
from checkrail_trainer.commands import carry_out, parser
from checkrail_trainer.deletion import delete_artifact
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.publish import publish
from harness.control_plane import free_ports
from harness.small_artifact import ARTIFACT, CutError, open_store

if TYPE_CHECKING:
    from pathlib import Path

    from harness.object_store import ObjectStoreServer

pytestmark = pytest.mark.images

CALLS = len(ARTIFACT.files) + 3
"""Writes and deletions of a whole deletion."""


@pytest.fixture
def command(lake: ObjectStoreServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Answer a function that runs the command on a uri and returns code and last word."""
    for key, value in lake.credentials.items():
        monkeypatch.setenv(f"CHECKRAIL_STORE_{key}", value)
    word = tmp_path / "termination-log"
    monkeypatch.setenv("CHECKRAIL_TERMINATION_LOG", str(word))

    def run(uri: str, **options: str) -> tuple[int, dict[str, Any]]:
        given = {
            "sha256": ARTIFACT.sha256,
            "endpoint": lake.endpoint,
            "region": lake.region,
            "addressing-style": "Path",
        } | options
        arguments = ["delete-artifact", uri, *(f"--{key}={each}" for key, each in given.items())]
        code = carry_out(parser().parse_args(arguments), io.StringIO())
        return code, json.loads(word.read_bytes())

    return run


def test_an_artifact_is_deleted_and_what_lies_beside_it_is_not(
    lake: ObjectStoreServer, command: Any
) -> None:
    uri = publish(ARTIFACT, "s3://models/deleted", open_store(lake))
    lake.put(f"{uri}/notes.txt", b"somebody's own")

    deleted = {"outcome": "Deleted", "uri": uri, "sha256": ARTIFACT.sha256}
    assert command(uri) == (0, {**deleted, "files": 4})
    assert lake.keys("s3://models/deleted/") == [f"model/{ARTIFACT.sha256}/notes.txt"]
    assert command(uri) == (0, {**deleted, "files": 0})


@pytest.mark.parametrize("calls", range(CALLS))
def test_a_deletion_cut_after_any_call_is_finished_by_the_next(
    lake: ObjectStoreServer, calls: int
) -> None:
    store = f"s3://models/cut-deletion-{calls}"
    uri = publish(ARTIFACT, store, open_store(lake))
    dying = open_store(lake)
    left = iter(range(calls))

    def cut(**_: Any) -> None:
        if next(left, None) is None:
            raise CutError

    for call in ("PutObject", "DeleteObject"):
        dying.client.meta.events.register(f"before-call.s3.{call}", cut)
    with pytest.raises(CutError):
        delete_artifact(uri, ARTIFACT.sha256, dying)
    between = lake.keys(f"{uri}/")

    delete_artifact(uri, ARTIFACT.sha256, open_store(lake))
    whole = {*ARTIFACT.files, "manifest.json"}
    assert ("manifest.json" not in between) or whole <= set(between)
    assert between
    assert lake.keys(f"{store}/") == []


def test_a_run_waits_for_the_deletion_of_its_artifact_and_publishes_it_again(
    lake: ObjectStoreServer,
) -> None:
    store = "s3://models/deleted-and-published"
    uri = publish(ARTIFACT, store, open_store(lake))
    deleting = open_store(lake)

    def publish_between(**_: Any) -> None:
        with pytest.raises(RunFailedError) as caught:
            publish(ARTIFACT, store, open_store(lake))
        assert (caught.value.reason.value, caught.value.exit_code) == ("StoreUnavailable", 20)
        assert f"{uri} is being deleted; the run is retried" in caught.value.message

    deleting.client.meta.events.register("before-call.s3.DeleteObject", publish_between)
    delete_artifact(uri, ARTIFACT.sha256, deleting)

    assert publish(ARTIFACT, store, open_store(lake)) == uri
    assert "manifest.json" in lake.keys(f"{uri}/")


OTHER = Manifest(model="model", sha256=hashlib.sha256(b"other").hexdigest(), opset=1, components=[])
ASTRAY = {
    "model": "model",
    "sha256": ARTIFACT.sha256,
    "opset": 1,
    "components": [
        {"name": "../victim", "mediaType": "x", "sha256": ARTIFACT.sha256, "sizeBytes": 1}
    ],
}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(OTHER.model_dump_json(by_alias=True), OTHER.sha256, id="another digest"),
        pytest.param("{}", "no manifest that this release understands", id="no manifest"),
        pytest.param(json.dumps(ASTRAY), "lists 1 files that do not lie below it", id="astray"),
    ],
)
def test_what_is_not_the_artifact_that_is_meant_is_left_alone(
    lake: ObjectStoreServer, command: Any, body: str, said: str
) -> None:
    lake.put("s3://models/refused/a/manifest.json", body.encode())
    lake.put("s3://models/refused/victim", b"somebody's own")

    code, word = command("s3://models/refused/a")

    assert (code, word["outcome"], word["reason"]) == (10, "Failed", "ArtifactConflict")
    assert said in word["message"]
    assert lake.keys("s3://models/refused/") == ["a/manifest.json", "victim"]


def test_a_store_that_is_away_is_worth_a_retry(command: Any) -> None:
    nobody = f"http://127.0.0.1:{free_ports(1)[0]}"

    code, word = command("s3://models/away/a", endpoint=nobody)

    assert (code, word["reason"]) == (20, "StoreUnavailable")
    assert nobody in word["message"]
