"""``checkrail replay`` of what it cannot say anything about, and why."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from harness.control_plane import free_ports
from harness.replays import model_version, swapped, uri

if TYPE_CHECKING:
    from pathlib import Path

    from harness import trainer
    from harness.object_store import ObjectStoreServer

pytestmark = pytest.mark.images


def test_variables_that_no_run_may_set_are_not_set_for_a_claim(
    published: trainer.Ended, replay: Any, lake: ObjectStoreServer
) -> None:
    statement = json.loads(lake.get(f"{uri(published)}/provenance.intoto.jsonl"))
    parameters = statement["predicate"]["buildDefinition"]["externalParameters"]
    parameters["env"] = {"A": "1", "https_proxy": "http://elsewhere"}

    code, answer = replay(swapped(lake, uri(published), json.dumps(statement).encode()))

    assert (code, answer["reason"]) == (10, "ArtifactConflict")
    assert "the variable https_proxy, which no run may set" in answer["message"]
    assert "A" not in os.environ


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        pytest.param({"kind": "TrainingJob"}, "holds TrainingJob; expected one", id="kind"),
        pytest.param({"spec": {"model": "m"}}, "that this release cannot read", id="spec"),
        pytest.param(
            {"components": [{"name": "model.onnx", "sha256": "0" * 64}]},
            "another manifest than its ModelVersion: it was replaced",
            id="components",
        ),
    ],
)
def test_what_is_not_the_model_version_that_was_published_is_refused(
    published: trainer.Ended, replay: Any, tmp_path: Path, changed: dict[str, Any], said: str
) -> None:
    version = model_version(published)
    if components := changed.pop("components", None):
        version["spec"]["components"] = [version["spec"]["components"][0] | components[0]]
    path = tmp_path / "version.json"
    path.write_text(json.dumps(version | changed))

    code, answer = replay(str(path))

    assert (code, answer["outcome"]) == (10, "Failed")
    assert said in answer["message"]


def test_an_artifact_that_is_none_is_refused(replay: Any) -> None:
    code, answer = replay(f"s3://models/replay/model/{'0' * 64}")

    assert (code, answer["reason"]) == (10, "ArtifactConflict")
    assert "holds no manifest.json, so no artifact is published there" in answer["message"]


def test_a_file_that_was_replaced_is_refused(
    published: trainer.Ended, replay: Any, lake: ObjectStoreServer
) -> None:
    """The model of another run, with that run's manifest, under the digest of this one."""
    replaced = f"s3://models/replaced/{published.report['artifact']['sha256']}"
    lake.put(f"{replaced}/manifest.json", lake.get(f"{uri(published)}/manifest.json"))
    lake.put(f"{replaced}/model.onnx", b"another model")

    code, answer = replay(replaced)

    assert (code, answer["reason"]) == (10, "ArtifactConflict")
    assert "no model.onnx of the digest that its manifest states" in answer["message"]


def test_a_store_that_is_away_says_nothing_about_the_model(
    published: trainer.Ended, replay: Any
) -> None:
    nobody = f"http://127.0.0.1:{free_ports(1)[0]}"

    code, answer = replay(uri(published), f"--source-endpoint=kept={nobody}")

    assert (code, answer["reason"]) == (20, "StoreUnavailable")
    assert "verdict" not in answer


def test_a_source_that_the_run_does_not_have_is_refused(
    published: trainer.Ended, replay: Any
) -> None:
    code, answer = replay(uri(published), "--source-endpoint=keep=http://elsewhere:9000")

    assert (code, answer["reason"]) == (10, "InvalidSpec")
    assert "has no source `keep`: did you mean `kept`?" in answer["message"]
