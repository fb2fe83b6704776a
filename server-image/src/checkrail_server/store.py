"""Where the artifact's files are read from: an S3-compatible store, or a directory."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote

from checkrail_server.errors import LoadError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from checkrail_server.settings import Settings

CONNECT_SECONDS = 3
READ_SECONDS = 10
PIECE_BYTES = 1 << 20
TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500
MISSING = {"NoSuchKey", "NoSuchBucket", "404"}


class Store(Protocol):
    """One artifact's files."""

    def read(self, name: str, max_bytes: int) -> bytes:
        """Return a file.

        Raises:
            LoadError: It is missing, refused or larger than ``max_bytes``.
            StoreUnavailableError: The store does not answer.
        """

    def close(self) -> None:
        """Let go of what asking takes; twice does no harm."""


def open_store(settings: Settings, s3: Callable[[Settings], Store] | None = None) -> Store:
    """Return the store that ``settings.artifact_uri`` points into.

    Args:
        settings: Where, and as whose.
        s3: What opens an S3 store; None: ``S3Store``, in this process.
    """
    scheme, _, rest = settings.artifact_uri.partition("://")
    if scheme == "file":
        return DirectoryStore(Path(unquote(rest)))
    return (s3 or S3Store)(settings)


class DirectoryStore:
    """A directory of this machine."""

    def __init__(self, directory: Path) -> None:
        """Read below ``directory``."""
        self._directory = directory

    def read(self, name: str, max_bytes: int) -> bytes:
        """Return a file, see ``Store``."""
        path = self._directory / name
        try:
            # a pipe would otherwise keep us waiting for somebody who writes
            with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123
                if not path.resolve().is_relative_to(self._directory.resolve()):
                    raise LoadError(f"{path} is a link that leads out of the artifact")
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise LoadError(f"{path} is not a file")
                content = file.read(max_bytes + 1)
                _check_size(len(content), str(path), max_bytes)
                return content
        except OSError as error:
            raise LoadError(f"{path} cannot be read: {error.strerror}") from error

    def close(self) -> None:
        """Nothing is held."""


class S3Store:
    """A prefix in a bucket, opened by the AWS variables or the pod's own identity."""

    def __init__(self, settings: Settings) -> None:
        """Make a client; nothing is sent yet."""
        # not as a URL: in a key, "#" and "?" are characters like any other, as the trainer has them
        place = settings.artifact_uri.removeprefix("s3://")
        self._bucket, _, self._prefix = place.partition("/")
        with _translated(settings.artifact_uri):
            self._client = s3_client(settings.endpoint, settings.region, settings.addressing_style)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def read(self, name: str, max_bytes: int) -> bytes:
        """Return an object, see ``Store``."""
        return b"".join(self.pieces(name, max_bytes))

    def pieces(self, name: str, max_bytes: int) -> Iterator[bytes]:
        """Yield an object as it comes, and raise what ``read`` does."""
        key = f"{self._prefix}/{name}"
        where = f"s3://{self._bucket}/{key}"
        with _translated(where):
            body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"]
            with body:  # not "as": botocore gives what it wraps, which checks no length
                size = 0
                while piece := body.read(PIECE_BYTES):
                    size += len(piece)
                    _check_size(size, where, max_bytes)
                    yield piece


@contextlib.contextmanager
def _translated(where: str) -> Iterator[None]:
    """Raise what ``Store.read`` does for what botocore raises; ``where`` is what was asked."""
    from botocore.exceptions import (  # noqa: PLC0415 - what a file:// artifact never needs
        BotoCoreError,
        ClientError,
        ConnectionError,  # noqa: A004 - botocore's, with names that do not resolve
        CredentialRetrievalError,
        HTTPClientError,
        IncompleteReadError,
    )

    unavailable = (ConnectionError, CredentialRetrievalError, HTTPClientError, IncompleteReadError)
    try:
        yield
    except ClientError as error:
        raise _from_answer(error.response, where) from error
    except unavailable as error:
        raise StoreUnavailableError(f"{where}: {error}") from error
    except (BotoCoreError, ValueError) as error:  # the latter of an endpoint, or of header fields
        raise LoadError(f"{where} cannot be read: {error}") from error


def s3_client(endpoint: str | None, region: str | None, addressing_style: str) -> Any:
    """Return a client with a session of its own; nothing is sent yet."""
    from botocore.config import Config  # noqa: PLC0415 - what a file:// artifact never needs
    from botocore.session import Session  # noqa: PLC0415 - the same

    # boto3 is this and what nobody here uses, and its session keeps descriptions of services for
    # as long as the process lives
    return Session().create_client(
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


def _from_answer(response: Any, where: str) -> LoadError | StoreUnavailableError:
    code = response["Error"]["Code"]
    status = response["ResponseMetadata"]["HTTPStatusCode"]
    if status >= SERVER_ERROR or status == TOO_MANY_REQUESTS:
        return StoreUnavailableError(f"{where}: the store answered {status} {code}")
    if code in MISSING:
        return LoadError(f"{where} does not exist: the store answered {code}")
    return LoadError(
        f"{where} cannot be read: the store answered {status} {code}; "
        "check the credentials Secret and the store's policy"
    )


def _check_size(size: int, where: str, max_bytes: int) -> None:
    if size > max_bytes:
        raise LoadError(f"{where} is larger than the {max_bytes} bytes it may have")
