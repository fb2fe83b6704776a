"""Publishing: files under the model's digest, the manifest last.

files exist?   manifest exists?   the artifact
no             no                 does not exist
some or all    no                 does not exist; the next attempt writes the same bytes again
all            yes                exists, and nothing ever changes it; see deletion.py for its end
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from checkrail_api.artifact import (
    DELETION_FILE,
    MANIFEST_FILE,
    MEDIA_TYPES,
    MODEL_FILE,
    Component,
    Manifest,
)
from checkrail_api.reasons import Reason
from checkrail_trainer.failures import RunFailedError, unavailable
from checkrail_trainer.s3 import Bucketeer, is_denial, s3_errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checkrail_api.reports import ParityReport

log = logging.getLogger(__name__)

BINARY = "application/octet-stream"
JSON = "application/json"
WRITE_CHECK = "checkrail-write-check"
"""Key of an upload that is never completed."""


@dataclass(frozen=True)
class Artifact:
    """What is published: every file by its name below the prefix, and the manifest."""

    model: str
    opset: int
    files: Mapping[str, bytes]
    parity: ParityReport

    @property
    def sha256(self) -> str:
        """Digest of model.onnx, the artifact's name."""
        return hashlib.sha256(self.files[MODEL_FILE]).hexdigest()

    @property
    def model_bytes(self) -> int:
        """Size of model.onnx, bytes."""
        return len(self.files[MODEL_FILE])

    @property
    def components(self) -> list[Component]:
        """Every file but the manifest, sorted by name."""
        return [
            Component(
                name=name,
                media_type=media_type(name),
                sha256=hashlib.sha256(body).hexdigest(),
                size_bytes=len(body),
            )
            for name, body in sorted(self.files.items())
        ]

    @property
    def manifest(self) -> bytes:
        """The manifest's bytes, a function of the files alone."""
        manifest = Manifest(
            model=self.model,
            sha256=self.sha256,
            opset=self.opset,
            parity=self.parity,
            components=self.components,
        )
        return manifest.model_dump_json(by_alias=True, indent=1).encode()


def media_type(name: str) -> str:
    """Return what the file is."""
    return MEDIA_TYPES.get(name) or (JSON if name.endswith(".json") else BINARY)


def check_writable(store_uri: str, bucketeer: Bucketeer) -> None:
    """Make sure that the store may be written to, without writing: hours before it has to be.

    An upload in parts that is begun and given up needs the right to write, and leaves no object. A
    store that knows no such uploads is left to tell at the end.

    Raises:
        RunFailedError: BucketNotFound, AccessDenied or StoreUnavailable.
    """
    bucket, _, prefix = store_uri.removeprefix("s3://").rstrip("/").partition("/")
    key = "/".join(filter(None, (prefix, WRITE_CHECK)))
    bucketeer.check_bucket(bucket)
    with s3_errors(bucketeer, bucket):
        try:
            upload = bucketeer.client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
            bucketeer.client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)
        except ClientError as error:
            if is_denial(error):
                raise
            code = error.response["Error"]["Code"]
            log.info("store was not asked whether it may be written to", extra={"code": code})


def publish(artifact: Artifact, store_uri: str, bucketeer: Bucketeer) -> str:
    """Upload the artifact, unless it is there.

    Returns:
        Its uri: ``<store>/<model>/<sha256>``.

    Raises:
        RunFailedError: ArtifactConflict where another manifest stands under the digest,
            BucketNotFound, AccessDenied or StoreUnavailable.
    """
    bucket, _, prefix = store_uri.removeprefix("s3://").rstrip("/").partition("/")
    folder = "/".join(filter(None, (prefix, artifact.model, artifact.sha256)))
    uri = f"s3://{bucket}/{folder}"
    with s3_errors(bucketeer, bucket):
        if _stands(bucketeer, bucket, folder, artifact, uri):
            return uri
        for name, body in sorted(artifact.files.items()):
            bucketeer.client.put_object(
                Bucket=bucket, Key=f"{folder}/{name}", Body=body, ContentType=media_type(name)
            )
        try:
            bucketeer.client.put_object(
                Bucket=bucket,
                Key=f"{folder}/{MANIFEST_FILE}",
                Body=artifact.manifest,
                ContentType=JSON,
                IfNoneMatch="*",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in (
                "PreconditionFailed",
                "ConditionalRequestConflict",
            ):
                raise
            if not _stands(bucketeer, bucket, folder, artifact, uri):
                raise unavailable(f"another run is publishing {uri}; the run is retried") from error
    log.info("artifact published", extra={"uri": uri})
    return uri


def _stands(bucketeer: Bucketeer, bucket: str, folder: str, artifact: Artifact, uri: str) -> bool:
    """Answer whether this very artifact is published already.

    Raises:
        RunFailedError: ArtifactConflict; StoreUnavailable while it is being deleted.
    """
    found = bucketeer.get(bucket, f"{folder}/{MANIFEST_FILE}")
    # Read second: a deletion writes this file before it takes the manifest away.
    if bucketeer.get(bucket, f"{folder}/{DELETION_FILE}") is not None:
        raise unavailable(
            f"{uri} is being deleted; the run is retried. If nobody is deleting it any more, "
            "finish it: checkrail delete-artifact"
        )
    if found is None:
        return False
    if found != artifact.manifest:
        raise RunFailedError(
            Reason.ARTIFACT_CONFLICT,
            f"{uri}/{MANIFEST_FILE} exists with other content, although the model is the same; "
            "expected the same bytes from the same inputs. Nothing was changed: publish to "
            "another spec.store.uri, and report this",
        )
    log.info("artifact is published already", extra={"uri": uri})
    return True
