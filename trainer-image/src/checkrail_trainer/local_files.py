"""Sources in the trainer's own file system, ``file:///path``: for tests and images with data."""

from __future__ import annotations

import hashlib
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path

from checkrail_api.reasons import Reason
from checkrail_trainer.failures import RunFailedError, nearest
from checkrail_trainer.globs import GLOB, glob_pattern

SCHEME = "file://"


@dataclass(frozen=True)
class LocalFile:
    """One file."""

    key: str
    """Its path, without the first slash."""
    etag: str
    bytes: int

    @property
    def uri(self) -> str:
        """What DuckDB reads."""
        return f"/{self.key}"


def find(uri: str) -> list[LocalFile]:
    """List the files that a path or glob names, sorted by path; at least one.

    Raises:
        RunFailedError: SourceNotFound.
    """
    wanted = uri.removeprefix(f"{SCHEME}/")
    glob = GLOB.search(wanted)
    folder = Path("/", posixpath.dirname(wanted[: glob.start()] if glob else wanted))
    pattern = glob_pattern(wanted) if glob else re.compile(re.escape(wanted))
    near = {str(each).removeprefix("/"): each for each in folder.rglob("*") if each.is_file()}
    found = [_read(key, path) for key, path in sorted(near.items()) if pattern.fullmatch(key)]
    if found:
        return found
    raise RunFailedError(
        Reason.SOURCE_NOT_FOUND,
        f"{uri} matches no file of the trainer's container; expected at least one. Correct "
        f"spec.data.sources; of the files beside it, {nearest(wanted, list(near))}",
    )


def _read(key: str, path: Path) -> LocalFile:
    with path.open("rb") as body:
        digest = hashlib.file_digest(body, "sha256").hexdigest()
    return LocalFile(key, digest, path.stat().st_size)
