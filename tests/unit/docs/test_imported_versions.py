"""What docs/versions.md tells people to write is what the programs read."""

import re
from pathlib import Path

import yaml

from checkrail_api.artifact import MODEL_FILE, Manifest
from checkrail_api.model_version import ModelVersionSpec
from checkrail_api.names import model_version_name

PAGE = (Path(__file__).parents[3] / "docs" / "versions.md").read_text()


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)
    return str(found)


def test_an_imported_version_names_the_artifact_that_its_manifest_describes() -> None:
    body = yaml.safe_load(block("yaml"))
    spec = ModelVersionSpec.model_validate(body["spec"])
    manifest = Manifest.model_validate_json(block("json"))
    (model,) = manifest.components

    assert body["metadata"]["name"] == model_version_name(spec.model, spec.artifact.sha256)
    assert (spec.model, spec.artifact.sha256) == (manifest.model, manifest.sha256)
    assert (model.name, model.sha256, model.size_bytes) == (
        MODEL_FILE,
        spec.artifact.sha256,
        spec.artifact.size_bytes,
    )
