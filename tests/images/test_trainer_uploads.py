"""Publishing on a real S3 server: cut at every write, raced, and contradicted."""

from __future__ import annotations

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.publish import publish
from harness.small_artifact import ARTIFACT, CutError, open_store

if TYPE_CHECKING:
    from harness.object_store import ObjectStoreServer

pytestmark = pytest.mark.images

WRITES = len(ARTIFACT.files) + 1


@pytest.mark.parametrize("writes", range(WRITES))
def test_an_upload_cut_after_any_write_is_finished_by_the_next(
    lake: ObjectStoreServer, writes: int
) -> None:
    store, uri = f"s3://models/cut-{writes}", f"s3://models/cut-{writes}/model/{ARTIFACT.sha256}"
    dying = open_store(lake)
    left = iter(range(writes))

    def cut(**_: Any) -> None:
        if next(left, None) is None:
            raise CutError

    dying.client.meta.events.register("before-call.s3.PutObject", cut)
    with pytest.raises(CutError):
        publish(ARTIFACT, store, dying)
    before = lake.keys(f"{uri}/")

    assert publish(ARTIFACT, store, open_store(lake)) == uri
    assert len(before) == writes
    assert "manifest.json" not in before
    assert lake.keys(f"{uri}/") == sorted([*ARTIFACT.files, "manifest.json"])
    assert lake.get(f"{uri}/manifest.json") == ARTIFACT.manifest


def test_two_that_publish_at_once_both_succeed(lake: ObjectStoreServer) -> None:
    stores = [open_store(lake) for _ in range(4)]

    with ThreadPoolExecutor(len(stores)) as pool:
        uris = list(pool.map(lambda each: publish(ARTIFACT, "s3://models/race", each), stores))

    assert set(uris) == {f"s3://models/race/model/{ARTIFACT.sha256}"}


def test_another_manifest_under_the_digest_is_never_replaced(lake: ObjectStoreServer) -> None:
    manifest = f"s3://models/taken/model/{ARTIFACT.sha256}/manifest.json"
    lake.put(manifest, b"{}")

    with pytest.raises(RunFailedError) as caught:
        publish(ARTIFACT, "s3://models/taken", open_store(lake))

    assert (caught.value.reason.value, caught.value.exit_code) == ("ArtifactConflict", 10)
    assert lake.get(manifest) == b"{}"
    assert lake.keys("s3://models/taken/") == [f"model/{ARTIFACT.sha256}/manifest.json"]


@pytest.mark.parametrize(
    "store",
    [
        pytest.param("s3://models", id="a bucket"),
        pytest.param("s3://models/", id="a bucket with a slash"),
    ],
)
def test_a_store_may_be_a_whole_bucket(lake: ObjectStoreServer, store: str) -> None:
    assert publish(ARTIFACT, store, open_store(lake)) == f"s3://models/model/{ARTIFACT.sha256}"


def test_an_artifact_is_checked_by_hand_as_the_documentation_says(
    lake: ObjectStoreServer, tmp_path: Path
) -> None:
    uri = publish(ARTIFACT, "s3://models/by-hand", open_store(lake))
    for name in [*ARTIFACT.files, "manifest.json"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(lake.get(f"{uri}/{name}"))

    whole = by_hand(tmp_path)
    (tmp_path / "metrics.json").write_bytes(b"{ }")
    changed = by_hand(tmp_path)

    assert whole.returncode == 0, whole.stderr
    assert whole.stdout.splitlines() == [
        f"{ARTIFACT.sha256}  model.onnx",
        *(f"{name}: OK" for name in sorted(ARTIFACT.files)),
    ]
    assert (changed.returncode, "metrics.json: FAILED" in changed.stdout) == (1, True)


def by_hand(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run what docs/provenance.md shows."""
    page = Path(__file__).parents[2] / "docs" / "provenance.md"
    (script,) = re.findall(r"```bash\n(.*?)```", page.read_text(), re.DOTALL)
    command = ["bash", "-eu", "-o", "pipefail", "-c", script]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
