"""The door to S3: clients, credentials, listings; botocore's errors end here."""

from __future__ import annotations

import posixpath
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
)

from checkrail_api.reasons import Reason
from checkrail_api.run import ENV_DATA_PREFIX, ENV_STORE_PREFIX
from checkrail_trainer.authorities import bundle
from checkrail_trainer.failures import RunFailedError, first_lines, nearest, unavailable
from checkrail_trainer.globs import GLOB, glob_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from checkrail_api.object_store import ObjectStore

DEFAULT_REGION = "us-east-1"
"""What S3-compatible servers expect when nobody configured another one."""
AMAZON = "https://s3.amazonaws.com"
DENIED = {
    "AccessDenied",
    "AllAccessDisabled",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "401",
    "403",
}
MISSING_BUCKET = {"NoSuchBucket", "InvalidBucketName"}
SERVER_ERROR = 500
_NUMBERED = re.compile(r"CHECKRAIL_(?P<kind>SOURCE|BASELINE)_(?P<number>\d+)_")


@dataclass(frozen=True)
class Keys:
    """Credentials of one service."""

    access_key: str
    secret_key: str
    token: str | None


@dataclass(frozen=True)
class S3Object:
    """One object of a listing."""

    bucket: str
    key: str
    etag: str
    bytes: int

    @property
    def uri(self) -> str:
        """Its address."""
        return f"s3://{self.bucket}/{self.key}"


class Bucketeer:
    """One S3 service as one identity."""

    def __init__(self, store: ObjectStore, variables: Mapping[str, str], prefix: str) -> None:
        """Open a service.

        Args:
            store: Where it is.
            variables: Environment; ``<prefix>AWS_ACCESS_KEY_ID`` and its siblings are the keys.
                Without them boto3 finds the pod's own identity. See `authorities.trusting`.
            prefix: Which of the keys are meant.
        """
        self.store = store
        self.prefix = prefix
        self.region = store.region or variables.get("AWS_REGION") or DEFAULT_REGION
        self._session = boto3.Session(
            aws_access_key_id=variables.get(f"{prefix}AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=variables.get(f"{prefix}AWS_SECRET_ACCESS_KEY"),
            aws_session_token=variables.get(f"{prefix}AWS_SESSION_TOKEN"),
            region_name=self.region,
        )
        style = {"Path": "path", "Virtual": "virtual", None: "auto"}[store.addressing_style]
        self._config = Config(
            connect_timeout=5,
            read_timeout=60,
            retries={"mode": "standard", "max_attempts": 3},
            s3={"addressing_style": style},
            # S3-compatible servers may refuse the checksums that boto3 adds since 1.36.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        self.client: Any = self._session.client(
            "s3",
            endpoint_url=store.endpoint,
            config=self._config,
            verify=str(bundle(variables)),
        )

    def path_style(self, buckets: Iterable[str]) -> bool:
        """Answer whether the bucket goes into the URL's path, as botocore decides it.

        Where nobody chose, it does at every endpoint, and at Amazon S3 for a bucket with a dot,
        which no certificate covers as a host. For such a one over HTTPS, and at an address that
        has no names below it, it does even where Virtual is chosen.
        """
        dotted = any("." in each for each in buckets)
        url = urlsplit(self.store.endpoint or AMAZON)
        match self.store.addressing_style:
            case "Path":
                return True
            case "Virtual":
                numeric = re.fullmatch(r"[0-9.]+|.*:.*", url.hostname or "") is not None
                return numeric or (dotted and url.scheme == "https")
            case None:
                return dotted or self.store.endpoint is not None

    @property
    def where(self) -> str:
        """The service's name in messages."""
        return self.store.endpoint or f"Amazon S3 in {self.region}"

    @property
    def field(self) -> str:
        """The field of a spec that names the credentials, in messages: a variable tells nobody."""
        numbered = _NUMBERED.fullmatch(self.prefix)
        if numbered and numbered["kind"] == "SOURCE":
            return f"spec.data.sources[{numbered['number']}].objectStore"
        if numbered:
            return "spec.store of the ModelVersion that a gate compares with"
        named = {ENV_DATA_PREFIX: "spec.data.objectStore", ENV_STORE_PREFIX: "spec.store"}
        return named.get(self.prefix, "the environment")

    def keys(self) -> Keys:
        """Answer the credentials themselves, for DuckDB, which signs its own requests."""
        found = self._session.get_credentials()
        if found is None:
            raise RunFailedError(Reason.ACCESS_DENIED, _no_keys(self))
        frozen = found.get_frozen_credentials()
        return Keys(frozen.access_key, frozen.secret_key, frozen.token)

    def check_bucket(self, bucket: str) -> None:
        """Make sure that the bucket exists and the credentials open it.

        Raises:
            RunFailedError: BucketNotFound, AccessDenied or StoreUnavailable.
        """
        with s3_errors(self, bucket):
            self.client.list_objects_v2(Bucket=bucket, MaxKeys=1)

    def get(self, bucket: str, key: str) -> bytes | None:
        """Answer an object's bytes, or None where there is no such object.

        Raises:
            RunFailedError: BucketNotFound, AccessDenied or StoreUnavailable.
        """
        with s3_errors(self, bucket):
            try:
                body: bytes = self.client.get_object(Bucket=bucket, Key=key)["Body"].read()
            except ClientError as error:
                if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
                    return None
                raise
        return body

    def find(self, uri: str) -> list[S3Object]:
        """List the objects that a key or glob names, sorted by key; at least one.

        Raises:
            RunFailedError: SourceNotFound, BucketNotFound, AccessDenied or StoreUnavailable.
        """
        bucket, _, wanted = uri.removeprefix("s3://").partition("/")
        glob = GLOB.search(wanted)
        listed = self._list(bucket, wanted[: glob.start()] if glob else wanted, exact=glob is None)
        pattern = glob_pattern(wanted) if glob else re.compile(re.escape(wanted))
        found = [each for each in listed if pattern.fullmatch(each.key)]
        if found:
            return found
        folder = posixpath.dirname(wanted[: glob.start()] if glob else wanted)
        near = self._list(bucket, f"{folder}/" if folder else "", exact=True)
        raise RunFailedError(
            Reason.SOURCE_NOT_FOUND,
            f"{uri} matches no object at {self.where}; expected at least one. Correct "
            "spec.data.sources, or upload the data; of the keys beside it, "
            f"{nearest(wanted, [each.key for each in near])}",
        )

    def _list(self, bucket: str, prefix: str, *, exact: bool) -> list[S3Object]:
        """List keys below ``prefix``; with ``exact`` the first page, where the key itself is."""
        found: list[S3Object] = []
        with s3_errors(self, bucket):
            pages = self.client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=bucket, Prefix=prefix):
                found += [
                    S3Object(bucket, each["Key"], each["ETag"].strip('"'), each["Size"])
                    for each in page.get("Contents", [])
                ]
                if exact:
                    break
        return sorted(found, key=lambda each: each.key)


@contextmanager
def s3_errors(bucketeer: Bucketeer, bucket: str) -> Iterator[None]:
    """Translate what botocore raises about ``bucket``."""
    try:
        yield
    except ClientError as error:
        raise _from_answer(error, bucketeer, bucket) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise RunFailedError(Reason.ACCESS_DENIED, _no_keys(bucketeer)) from error
    except BotoCoreError as error:
        raise unavailable(
            f"{bucketeer.where} did not answer for bucket `{bucket}`: {first_lines(error)}. "
            "The run is retried; if that does not help, check the endpoint"
        ) from error


def is_denial(error: ClientError) -> bool:
    """Answer whether S3 refused the credentials."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return error.response.get("Error", {}).get("Code", "") in DENIED or status in (401, 403)


def _from_answer(error: ClientError, bucketeer: Bucketeer, bucket: str) -> RunFailedError:
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in MISSING_BUCKET:
        return RunFailedError(
            Reason.BUCKET_NOT_FOUND,
            f"bucket `{bucket}` does not exist at {bucketeer.where}: create it, or correct the uri",
        )
    if is_denial(error):
        return RunFailedError(
            Reason.ACCESS_DENIED,
            f"{bucketeer.where} refused the credentials of {bucketeer.field} for bucket "
            f"`{bucket}` ({code}): they must be allowed to list, read and, in the store, write. "
            "Correct the Secret, or the bucket's policy",
        )
    if status >= SERVER_ERROR or code in ("SlowDown", "RequestTimeout", "429"):
        return unavailable(
            f"{bucketeer.where} answered {status} {code} for bucket `{bucket}`. "
            "The run is retried; if that does not help, look at the store"
        )
    return RunFailedError(
        Reason.INVALID_SPEC,
        f"{bucketeer.where} refused a request for bucket `{bucket}`: {first_lines(error)}. "
        "Check endpoint, region and addressingStyle",
    )


def _no_keys(bucketeer: Bucketeer) -> str:
    return (
        f"no credentials for {bucketeer.where}: neither keys of {bucketeer.field} "
        f"({bucketeer.prefix}AWS_ACCESS_KEY_ID) nor an identity of the pod. Name a Secret in its "
        "credentialsSecretRef, or give the service account a role"
    )
