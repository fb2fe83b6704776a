"""An S3-compatible store by obstore, which takes a tenth of boto3's time to start.

It refuses a certificate that is an authority's own, and trusts own authorities beside the public
ones only: a store that has its own is read by ``boto_store``.
"""

from __future__ import annotations

import os
from datetime import timedelta
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from checkrail_server import store_answers
from checkrail_server.errors import LoadError
from checkrail_server.store import too_large

if TYPE_CHECKING:
    from obstore.store import S3Config

    from checkrail_server.settings import Settings

CONNECT_SECONDS = timedelta(seconds=3)
READ_SECONDS = timedelta(seconds=10)
"""Between two parts of an object."""
WHOLE_SECONDS = timedelta(minutes=10)
"""For an object of 512 MiB."""
TRUSTED = "SSL_CERT_FILE"
"""The variable that names who is trusted, in place of the system's authorities."""


class S3Store:
    """A prefix in a bucket, opened by the AWS variables or the pod's own identity."""

    def __init__(self, settings: Settings, *, bucket: str, prefix: str) -> None:
        """Make a client; nothing is sent yet."""
        os.environ.setdefault("TOKIO_WORKER_THREADS", "1")  # not one for each core of the node
        os.environ[TRUSTED] = _authorities()
        from obstore.store import S3Store as Client  # noqa: PLC0415 - the first reads the variables

        self._bucket = bucket
        self._prefix = prefix
        self._client = Client(
            bucket,
            config=_config(settings, bucket),
            client_options={
                "allow_http": True,
                "connect_timeout": CONNECT_SECONDS,
                "read_timeout": READ_SECONDS,
                "timeout": WHOLE_SECONDS,
            },
            retry_config={"max_retries": 0},  # who reads asks again, and says so
        )

    def read(self, name: str, max_bytes: int) -> bytes:
        """Return an object, see ``Store``."""
        from obstore.exceptions import BaseError  # noqa: PLC0415 - as above

        key = f"{self._prefix}/{name}"
        where = f"s3://{self._bucket}/{key}"
        try:
            found = self._client.get(key)
            if found.meta["size"] > max_bytes:
                raise too_large(where, max_bytes)
            content = BytesIO()  # a list of chunks would take twice their size when it is joined
            for chunk in found.stream():
                content.write(chunk)
            return content.getvalue()
        except (FileNotFoundError, BaseError) as error:
            raise store_answers.failure(where, str(error)) from error
        except ValueError as error:  # a key that has no form of a path
            raise LoadError(f"{where} cannot be read: {error}") from error


def _config(settings: Settings, bucket: str) -> S3Config:
    virtual = settings.addressing_style == "virtual"
    config: S3Config = {"virtual_hosted_style_request": virtual}
    if settings.region:
        config["region"] = settings.region
    if settings.endpoint:
        scheme, _, host = settings.endpoint.partition("://")
        config["endpoint"] = f"{scheme}://{bucket}.{host}" if virtual else settings.endpoint
    return config


def _authorities() -> str:
    """Return the file of the authorities that are trusted: botocore's, as the trainer's are."""
    package = find_spec("botocore")  # which is not imported
    assert package  # noqa: S101 - the decision log is written with it
    assert package.origin  # noqa: S101 - it is a package of files
    return str(Path(package.origin).with_name("cacert.pem"))
