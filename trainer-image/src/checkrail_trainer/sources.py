"""Which objects the sources of a run name, and who may open them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checkrail_api.reasons import Reason
from checkrail_api.run import ENV_DATA_PREFIX, source_prefix
from checkrail_trainer import local_files
from checkrail_trainer.failures import RunFailedError, unavailable
from checkrail_trainer.s3 import Bucketeer
from checkrail_trainer.source_keys import check_keys, check_uri

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from checkrail_api.data import Source
    from checkrail_api.run import Run
    from checkrail_trainer.source_object import SourceObject


@dataclass(frozen=True)
class Located:
    """A source, and the objects that its uri names now."""

    source: Source
    objects: Sequence[SourceObject]
    service: Bucketeer | None
    """Who opens them; nobody needs to for files."""

    @property
    def etag(self) -> str:
        """The ETag of one object, or the SHA-256 over the keys and ETags of several."""
        if len(self.objects) == 1:
            return self.objects[0].etag
        lines = "".join(f"{each.key}\n{each.etag}\n" for each in self.objects)
        return hashlib.sha256(lines.encode()).hexdigest()


def services(run: Run, variables: Mapping[str, str]) -> list[Bucketeer | None]:
    """Return who opens each source: its own service, the common one, or nobody for files.

    Args:
        run: The spec.
        variables: Environment with the keys.
    """
    common: Bucketeer | None = None
    found: list[Bucketeer | None] = []
    for number, source in enumerate(run.data.sources):
        if source.object_store:
            found.append(Bucketeer(source.object_store, variables, source_prefix(number)))
        elif source.uri.startswith(local_files.SCHEME):
            found.append(None)
        else:
            common = common or Bucketeer(run.object_store, variables, ENV_DATA_PREFIX)
            found.append(common)
    return found


def find(source: Source, service: Bucketeer | None) -> Located:
    """Find the objects that a source names now; at least one.

    Raises:
        RunFailedError: SourceNotFound, BucketNotFound, AccessDenied or StoreUnavailable;
            SourceUnreadable where a name would be read as more than a name.
    """
    check_uri(source)
    found = service.find(source.uri) if service else local_files.find(source.uri)
    check_keys(source, found)
    return Located(source, found, service)


def locate(run: Run, variables: Mapping[str, str]) -> list[Located]:
    """Find every object of every source before any of them is read.

    Raises:
        RunFailedError: As ``find``; or InvalidSpec.
    """
    for source in run.data.sources:
        check_uri(source)
    openers = services(run, variables)
    located = [find(*each) for each in zip(run.data.sources, openers, strict=True)]
    _check_one_service_each(located)
    return located


def check_unchanged(located: Sequence[Located]) -> None:
    """Make sure that no object was replaced while it was read.

    Raises:
        RunFailedError: SourceUnreadable, retried: what was read is a mixture.
    """
    for before in located:
        source = before.source
        if find(source, before.service).objects != before.objects:
            error = unavailable(
                f"objects of source `{source.name}` ({source.uri}) changed while they were read; "
                "the run is retried"
            )
            error.reason = Reason.SOURCE_UNREADABLE
            raise error


def _check_one_service_each(located: Sequence[Located]) -> None:
    """Refuse two objects of one address at two services: DuckDB chooses the keys by address."""
    owners: dict[str, Located] = {}
    for each in located:
        for found in each.objects:
            first = owners.setdefault(found.uri, each)
            if first.service is not each.service:
                raise RunFailedError(
                    Reason.INVALID_SPEC,
                    f"sources `{first.source.name}` and `{each.source.name}` name objects of one "
                    "address at two services, or by two credentials; expected different "
                    "buckets or keys: give them one objectStore, or copy one of them",
                )
