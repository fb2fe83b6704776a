"""Where the artifact's files are read from: an S3-compatible store, or a directory."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol
from urllib.parse import unquote

from checkrail_api.serving import ENV_STORE_CA
from checkrail_server.errors import LoadError

if TYPE_CHECKING:
    from checkrail_server.settings import Settings


class Store(Protocol):
    """One artifact's files."""

    def read(self, name: str, max_bytes: int) -> bytes:
        """Return a file.

        Raises:
            LoadError: It is missing, refused or larger than ``max_bytes``.
            StoreUnavailableError: The store does not answer.
        """


def open_store(settings: Settings) -> Store:
    """Return the store that ``settings.artifact_uri`` points into."""
    scheme, _, rest = settings.artifact_uri.partition("://")
    if scheme == "file":
        return DirectoryStore(Path(unquote(rest)))
    # not as a URL: in a key, "#" and "?" are characters like any other, as the trainer has them
    bucket, _, prefix = rest.partition("/")
    if os.environ.get(ENV_STORE_CA):
        from checkrail_server.boto_store import BotoStore  # noqa: PLC0415 - 0.3 s and 40 MB

        return BotoStore(settings, bucket=bucket, prefix=prefix)
    from checkrail_server.s3_store import S3Store  # noqa: PLC0415 - 0.04 s and 13 MB

    return S3Store(settings, bucket=bucket, prefix=prefix)


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
                return bounded(file, str(path), max_bytes)
        except OSError as error:
            raise LoadError(f"{path} cannot be read: {error.strerror}") from error


def bounded(file: IO[bytes], where: str, max_bytes: int) -> bytes:
    """Return what is in ``file``; LoadError where that is more than ``max_bytes``."""
    content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise too_large(where, max_bytes)
    return content


def too_large(where: str, max_bytes: int) -> LoadError:
    """Return the refusal of a file of more than ``max_bytes``."""
    return LoadError(f"{where} is larger than the {max_bytes} bytes it may have")
