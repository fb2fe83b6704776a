"""An S3-compatible store by boto3: one whose certificate is of authorities of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's, with names that do not resolve
    HTTPClientError,
    IncompleteReadError,
)

from checkrail_server import store_answers
from checkrail_server.errors import LoadError, StoreUnavailableError
from checkrail_server.store import bounded

if TYPE_CHECKING:
    from checkrail_server.settings import Settings

CONNECT_SECONDS = 3
READ_SECONDS = 10


class BotoStore:
    """A prefix in a bucket, opened by the AWS variables or the pod's own identity."""

    def __init__(self, settings: Settings, *, bucket: str, prefix: str) -> None:
        """Make a client; nothing is sent yet."""
        self._bucket = bucket
        self._prefix = prefix
        self._client = s3_client(settings.endpoint, settings.region, settings.addressing_style)

    def read(self, name: str, max_bytes: int) -> bytes:
        """Return an object, see ``Store``."""
        key = f"{self._prefix}/{name}"
        where = f"s3://{self._bucket}/{key}"
        try:
            body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"]
            with body:
                return bounded(body, where, max_bytes)
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            raise store_answers.refusal(where, status, error.response["Error"]["Code"]) from error
        except (ConnectionError, HTTPClientError, IncompleteReadError) as error:
            raise StoreUnavailableError(f"{where}: {error}") from error
        except BotoCoreError as error:
            raise LoadError(f"{where} cannot be read: {error}") from error


def s3_client(endpoint: str | None, region: str | None, addressing_style: str) -> Any:
    """Return a client of boto3; nothing is sent yet."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=region,
        config=Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": 2},
            s3={"addressing_style": addressing_style},
            # botocore's newer checksum headers are refused by S3-compatible stores; every file of
            # an artifact is verified against its digest anyway
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
