"""Where the files go: an S3-compatible store, or a directory in tests."""

from __future__ import annotations

from base64 import b64encode
from hashlib import md5
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote

from checkrail_server.store import s3_client

if TYPE_CHECKING:
    from checkrail_api.decision_log import DecisionLogSettings


class Destination(Protocol):
    """A prefix under which files are written."""

    def write(self, name: str, content: bytes) -> None:
        """Write a file, in place of one of its name; whatever it raises, it may work later."""


def open_destination(settings: DecisionLogSettings) -> Destination:
    """Return the destination that ``settings.uri`` names."""
    scheme, _, rest = settings.uri.rstrip("/").partition("://")
    if scheme == "file":
        return Directory(Path(unquote(rest)))
    return Bucket(settings, *rest.partition("/")[::2])


class Directory:
    """A directory of this machine."""

    def __init__(self, directory: Path) -> None:
        """Write below ``directory``."""
        self._directory = directory

    def write(self, name: str, content: bytes) -> None:
        """Write a file, see ``Destination``."""
        path = self._directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".part")
        beside.write_bytes(content)
        beside.replace(path)


class Bucket:
    """A prefix in a bucket."""

    def __init__(self, settings: DecisionLogSettings, bucket: str, prefix: str) -> None:
        """Make a client; nothing is sent yet."""
        style = (settings.addressing_style or "Path").lower()
        self._client = s3_client(settings.endpoint, settings.region, style)
        self._bucket = bucket
        self._prefix = prefix

    def write(self, name: str, content: bytes) -> None:
        """Write an object, see ``Destination``."""
        key = f"{self._prefix}/{name}" if self._prefix else name
        # without it AWS refuses objects in a bucket with Object Lock
        digest = b64encode(md5(content, usedforsecurity=False).digest()).decode()
        self._client.put_object(Bucket=self._bucket, Key=key, Body=content, ContentMD5=digest)
