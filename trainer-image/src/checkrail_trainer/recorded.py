"""What an artifact says of the run that made it: enough to run it again.

    s3://.../<sha256>/manifest.json -> model.onnx, provenance.intoto.jsonl -> Run

Every file is checked against the manifest, the manifest against the digest that was asked for and,
where there is a ModelVersion, against that.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from checkrail_api.artifact import MANIFEST_FILE, MODEL_FILE, PROVENANCE_FILE, Manifest
from checkrail_api.reasons import Reason
from checkrail_api.reports import DataUsed, LibraryVersion
from checkrail_api.run import Run
from checkrail_trainer.failures import RunFailedError, first_lines, nearest
from checkrail_trainer.provenance import BUILD_TYPE, IMAGE, LIBRARY, READ, Reading, may_set

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from checkrail_api.artifact import Component
    from checkrail_api.object_store import ObjectStore
    from checkrail_trainer.s3 import Bucketeer


@dataclass(frozen=True)
class Recorded:
    """A published model and its provenance."""

    uri: str
    sha256: str
    """Digest of model.onnx."""
    model: bytes
    run: Run
    """The run as it was, but for its name and for where its data is."""
    used: list[DataUsed]
    components: list[Component]
    libraries: list[LibraryVersion]
    reading: Reading

    def read_from(self, service: ObjectStore, named: Mapping[str, str]) -> Recorded:
        """Return it with the services that hold the data now: no address is in the provenance.

        Args:
            service: Of all sources.
            named: Endpoints of single sources, by their names.

        Raises:
            RunFailedError: InvalidSpec; the run has no source of such a name.
        """
        data = self.run.data
        known = [each.name for each in data.sources]
        if unknown := sorted(named.keys() - set(known)):
            raise RunFailedError(
                Reason.INVALID_SPEC,
                f"the run has no source `{unknown[0]}`: {nearest(unknown[0], known)}",
            )
        sources = [
            each.model_copy(
                update={"object_store": service.model_copy(update={"endpoint": named[each.name]})}
            )
            if each.name in named
            else each
            for each in data.sources
        ]
        data = data.model_copy(update={"object_store": service, "sources": sources})
        return replace(self, run=self.run.model_copy(update={"data": data}))


def read_artifact(
    uri: str, sha256: str | None, components: Sequence[Component], store: Bucketeer
) -> Recorded:
    """Read an artifact's model and provenance.

    Args:
        uri: Its prefix.
        sha256: Digest of its model.onnx; absent: the last part of ``uri``.
        components: Its files as a ModelVersion has them; empty: the manifest alone is believed.
        store: The service that holds it.

    Raises:
        RunFailedError: ArtifactConflict; it is not there, or not what it says. Or
            BucketNotFound, AccessDenied or StoreUnavailable.
    """
    bucket, _, folder = uri.removeprefix("s3://").rstrip("/").partition("/")
    body = store.get(bucket, f"{folder}/{MANIFEST_FILE}")
    if body is None:
        raise _refusal(uri, f"holds no {MANIFEST_FILE}, so no artifact is published there")
    try:
        manifest = Manifest.model_validate_json(body)
    except ValidationError as error:
        raise _refusal(uri, f"has a manifest that cannot be read: {first_lines(error)}") from error
    wanted = sha256 or folder.rpartition("/")[2]
    if manifest.sha256 != wanted:
        raise _refusal(uri, f"is of model digest {manifest.sha256}; expected {wanted}")
    if components and list(components) != manifest.components:
        raise _refusal(uri, "has another manifest than its ModelVersion: it was replaced")
    digests = {each.name: each.sha256 for each in manifest.components} | {MODEL_FILE: wanted}
    files = {}
    for name in (MODEL_FILE, PROVENANCE_FILE):
        found = store.get(bucket, f"{folder}/{name}")
        if found is None or hashlib.sha256(found).hexdigest() != digests.get(name):
            raise _refusal(uri, f"has no {name} of the digest that its manifest states")
        files[name] = found
    return _recorded(uri, manifest, files[MODEL_FILE], files[PROVENANCE_FILE])


def _recorded(uri: str, manifest: Manifest, model: bytes, statement: bytes) -> Recorded:
    try:
        predicate = json.loads(statement)["predicate"]
        definition = predicate["buildDefinition"]
        if definition["buildType"] != BUILD_TYPE:
            raise _refusal(uri, f"was built by {definition['buildType']}; expected {BUILD_TYPE}")
        dependencies = definition["resolvedDependencies"]
        return Recorded(
            uri=uri,
            sha256=manifest.sha256,
            model=model,
            run=_run(uri, definition),
            components=manifest.components,
            used=[
                DataUsed.model_validate(each["annotations"])
                for each in dependencies
                if "annotations" in each
            ],
            libraries=[_library(each) for each in dependencies if each["uri"].startswith(LIBRARY)],
            reading=Reading.model_validate(predicate["runDetails"][READ]),
        )
    except (KeyError, ValueError) as error:  # pydantic's and json's errors are ValueErrors
        raise _refusal(
            uri,
            "has a provenance that this release cannot carry out: "
            f"{type(error).__name__} {first_lines(error)}. Replay in the image that it names",
        ) from error


def _run(uri: str, definition: dict[str, Any]) -> Run:
    """Return the run that a build definition describes; it publishes nothing."""
    image = next(each for each in definition["resolvedDependencies"] if each["name"] == IMAGE)
    run = Run.model_validate(
        {
            **definition["externalParameters"],
            "threads": definition["internalParameters"]["threads"],
            "image": image["uri"],
            "job": {"namespace": "", "name": "replay", "uid": "", "generation": 0},
            "attempt": 1,
            "store": {"uri": uri},
        }
    )
    if foreign := sorted(name for name in run.env or () if not may_set(name)):
        raise _refusal(
            uri,
            f"has a provenance with the variable {foreign[0]}, which no run may set: it was not "
            "written by a trainer, and is not repeated",
        )
    return run


def _library(dependency: dict[str, Any]) -> LibraryVersion:
    return LibraryVersion(name=dependency["name"], version=dependency["uri"].rpartition("@")[2])


def _refusal(uri: str, found: str) -> RunFailedError:
    return RunFailedError(Reason.ARTIFACT_CONFLICT, f"{uri} {found}")
