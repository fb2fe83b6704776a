"""What a replay is asked to repeat: a ModelVersion, or an artifact's address."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from checkrail_api.model_version import ModelVersion, ModelVersionSpec
from checkrail_api.object_store import ObjectStore
from checkrail_api.reasons import Reason
from checkrail_trainer.failures import RunFailedError, first_lines

if TYPE_CHECKING:
    from checkrail_api.artifact import Component

ADDRESS = re.compile(r"s3://[a-z0-9][a-z0-9.-]+/(.+/)?[0-9a-f]{64}/?")
STDIN = "-"
KIND = ModelVersion.crd.kind


@dataclass(frozen=True)
class ReplaySource:
    """Where the artifact is, and what it must be."""

    uri: str
    sha256: str
    components: list[Component]
    """Its files; empty where nobody says."""
    store: ObjectStore
    """As far as it is known."""


def read_source(text: str) -> ReplaySource:
    """Read what the command line names.

    Args:
        text: An artifact's address, s3://.../<sha256>; a file with a ModelVersion in YAML or
            JSON; or ``-`` for such a file on standard input.

    Raises:
        RunFailedError: InvalidSpec; it is neither.
    """
    if ADDRESS.fullmatch(text):
        uri = text.rstrip("/")
        return ReplaySource(uri, uri.rpartition("/")[2], [], ObjectStore())
    try:
        body = sys.stdin.read() if text == STDIN else Path(text).read_text()
        found = yaml.safe_load(body)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise _refusal(text, f"cannot be read as YAML: {first_lines(error)}") from error
    spec = _spec(text, found)
    return ReplaySource(
        spec.artifact.uri.rstrip("/"),
        spec.artifact.sha256,
        spec.components,
        (spec.store or ObjectStore()).model_copy(
            update={"credentials_secret_ref": None, "ca_config_map_ref": None}
        ),
    )


def _spec(text: str, found: Any) -> ModelVersionSpec:
    kind = found.get("kind") if isinstance(found, dict) else None
    if kind != KIND:
        raise _refusal(text, f"holds {kind or 'no object with a kind'}")
    try:
        return ModelVersionSpec.model_validate(found.get("spec"))
    except ValidationError as error:
        raise _refusal(
            text, f"holds a ModelVersion that this release cannot read: {first_lines(error)}"
        ) from error


def _refusal(text: str, what: str) -> RunFailedError:
    return RunFailedError(
        Reason.INVALID_SPEC,
        f"{text} {what}; expected one ModelVersion in YAML or JSON, or the address of an artifact, "
        "s3://bucket/.../<sha256 of model.onnx>",
    )
