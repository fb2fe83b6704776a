"""Where an artifact comes from: an in-toto Statement v1 with SLSA provenance v1.

It holds inputs, and what reading them gave. No time, host, attempt or job is in it, and no gate,
which may compare with another version tomorrow: so a repeated run writes the same bytes. Who ran it
when, and past which gates, is in the ModelVersion.
"""

from __future__ import annotations

import hashlib
import json
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from checkrail_api.model import Report
from checkrail_api.pod import is_reserved
from checkrail_api.record import Origin
from checkrail_api.reports import DataUsed, FilterUsed, LibraryVersion, Rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from checkrail_api.data import Data
    from checkrail_api.run import Run
    from checkrail_trainer.prepared import Prepared

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "https://checkrail.dev/training/v1"
BUILDER = "https://checkrail.dev/trainer"
READ = "checkrail_read"
"""Key of a ``Reading`` in runDetails; SLSA asks for a vendor's prefix."""
IMAGE = "trainer-image"
"""Name of the image among the dependencies."""
LIBRARY = "pkg:pypi/"
"""What the uri of a library begins with; its version follows the last @."""
PROXIES = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"})
"""A way to the data, like addresses, so not recorded. Read in lower case as well."""
COMMON_LIBRARIES = ("duckdb", "numpy", "onnx", "onnxruntime")

PYTHON = "python"


class Reading(Report):
    """What reading, filtering and splitting the data gave."""

    rows: Rows
    filters: list[FilterUsed]
    """In the order of the spec."""
    origins: dict[str, Origin]
    """By feature: the one column that it is read or computed from."""


def inputs_digest(run: Run, data: Sequence[DataUsed], libraries: Sequence[LibraryVersion]) -> str:
    """Return the SHA-256 of all that the result depends on: spec, data, threads and programs."""
    return hashlib.sha256(_json(_definition(run, data, libraries))).hexdigest()


def libraries(names: Iterable[str]) -> list[LibraryVersion]:
    """Return Python's version and those of ``names`` and of what every run uses, sorted."""
    found = {name: version(name) for name in {*names, *COMMON_LIBRARIES}}
    found[PYTHON] = platform.python_version()
    return [LibraryVersion(name=name, version=found[name]) for name in sorted(found)]


def version_here(name: str) -> str | None:
    """Return the version of a library, or of Python itself, or None where there is none here."""
    try:
        return platform.python_version() if name == PYTHON else version(name)
    except PackageNotFoundError:
        return None


def statement(
    run: Run,
    prepared: Prepared,
    versions: Sequence[LibraryVersion],
    files: Mapping[str, bytes],
) -> bytes:
    """Return one line of JSON about ``files``, by name below the artifact's prefix."""
    subjects = [
        {"name": name, "digest": {"sha256": hashlib.sha256(body).hexdigest()}}
        for name, body in sorted(files.items())
    ]
    return (
        _json(
            {
                "_type": STATEMENT,
                "subject": subjects,
                "predicateType": PREDICATE,
                "predicate": {
                    "buildDefinition": _definition(run, prepared.used, versions),
                    "runDetails": {"builder": {"id": BUILDER}, READ: reading(prepared).dump()},
                },
            }
        )
        + b"\n"
    )


def reading(prepared: Prepared) -> Reading:
    """Return what reading the data gave."""
    return Reading(
        rows=Rows(train=prepared.train.rows, holdout=prepared.holdout.rows),
        filters=prepared.filters,
        origins=dict(sorted(prepared.origins.items())),
    )


def may_set(name: str) -> bool:
    """Answer whether a replay sets this variable: no proxy, and nothing that no run may set."""
    return name.upper() not in PROXIES and not is_reserved(name)


def addressless(data: Data) -> Data:
    """Return ``data`` without services: address and keys say nothing about it, ETags do."""
    sources = [each.model_copy(update={"object_store": None}) for each in data.sources]
    return data.model_copy(update={"object_store": None, "sources": sources})


def _definition(
    run: Run, data: Sequence[DataUsed], versions: Sequence[LibraryVersion]
) -> dict[str, Any]:
    env = {name: value for name, value in (run.env or {}).items() if may_set(name)}
    return {
        "buildType": BUILD_TYPE,
        "externalParameters": {
            "model": run.model,
            "data": addressless(run.data).dump(),
            "train": run.train.dump(),
            "evaluation": run.evaluation.dump(),
            **({"env": env} if env else {}),
        },
        "internalParameters": {"threads": run.threads, "workers": 1, "shardRule": "all"},
        "resolvedDependencies": [
            *({"name": each.source, "uri": each.uri, "annotations": each.dump()} for each in data),
            {"name": IMAGE, "uri": run.image},
            *(
                {"name": each.name, "uri": f"{LIBRARY}{each.name}@{each.version}"}
                for each in versions
            ),
        ],
    }


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
