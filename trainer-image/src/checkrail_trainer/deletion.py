"""Deleting an artifact: the manifest first, so that it stops existing at once.

manifest.json   deletion.json   files   the artifact
yes             no              all     exists
yes             yes             all     exists; its deletion has just begun
no              yes             some    is being deleted; a repeated deletion goes on from here
no              no              none    does not exist
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pydantic import ValidationError

from checkrail_api.artifact import DELETION_FILE, MANIFEST_FILE, Manifest
from checkrail_api.reasons import Reason
from checkrail_api.reports import ArtifactDeleted
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.s3 import s3_errors

if TYPE_CHECKING:
    from checkrail_trainer.s3 import Bucketeer

log = logging.getLogger(__name__)


def delete_artifact(uri: str, sha256: str, store: Bucketeer) -> ArtifactDeleted:
    """Remove what the manifest at ``uri`` lists, and nothing else below it.

    It may be repeated, also after it was cut short. While it is under way no run publishes the same
    artifact: such a run is retried.

    Args:
        uri: Prefix of the artifact.
        sha256: Digest of its model.onnx.
        store: The service that holds it.

    Raises:
        RunFailedError: ArtifactConflict where the manifest is of another digest or is none,
            BucketNotFound, AccessDenied or StoreUnavailable.
    """
    bucket, _, folder = uri.removeprefix("s3://").rstrip("/").partition("/")
    manifest_key, deletion_key = (f"{folder}/{each}" for each in (MANIFEST_FILE, DELETION_FILE))
    with s3_errors(store, bucket):
        standing = store.get(bucket, manifest_key)
        body = standing or store.get(bucket, deletion_key)
        if body is None:
            log.info("artifact does not exist", extra={"uri": uri})
            return ArtifactDeleted(uri=uri, sha256=sha256, files=0)
        names = _names(body, uri, sha256)
        if standing is not None:
            store.client.put_object(Bucket=bucket, Key=deletion_key, Body=body)
            store.client.delete_object(Bucket=bucket, Key=manifest_key)
        for name in names:
            store.client.delete_object(Bucket=bucket, Key=f"{folder}/{name}")
        store.client.delete_object(Bucket=bucket, Key=deletion_key)
    log.info("artifact deleted", extra={"uri": uri})
    return ArtifactDeleted(uri=uri, sha256=sha256, files=len(names) + (standing is not None))


def _names(body: bytes, uri: str, sha256: str) -> list[str]:
    """Return the files that a manifest lists, if it is the one that is meant."""
    try:
        manifest = Manifest.model_validate_json(body)
    except ValidationError as error:
        raise _refusal(uri, "holds no manifest that this release understands") from error
    if manifest.sha256 != sha256:
        raise _refusal(uri, f"is of model digest {manifest.sha256}; expected {sha256}")
    names = [each.name for each in manifest.components]
    if strange := [each for each in names if not _is_below(each)]:
        raise _refusal(uri, f"lists {len(strange)} files that do not lie below it")
    return names


def _is_below(name: str) -> bool:
    """Answer whether every reader of keys finds this name below the artifact's prefix."""
    return not {"", ".", ".."} & set(name.split("/"))


def _refusal(uri: str, found: str) -> RunFailedError:
    return RunFailedError(
        Reason.ARTIFACT_CONFLICT,
        f"{uri}/{MANIFEST_FILE} {found}. Nothing was deleted: look at who wrote it, and delete the "
        "files by hand",
    )
