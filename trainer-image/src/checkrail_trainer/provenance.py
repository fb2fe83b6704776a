"""Where an artifact comes from: an in-toto Statement v1 with SLSA provenance v1.

It holds inputs only. No time, host, attempt or job is in it, so that a repeated run writes the same
bytes; who ran it when is in the ModelVersion.
"""

from __future__ import annotations

import hashlib
import json
import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from checkrail_api.reports import DataUsed, LibraryVersion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from checkrail_api.run import Run

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "https://checkrail.dev/training/v1"
BUILDER = "https://checkrail.dev/trainer"
COMMON_LIBRARIES = ("duckdb", "numpy", "onnx", "onnxruntime")


def inputs_digest(run: Run, data: Sequence[DataUsed], libraries: Sequence[LibraryVersion]) -> str:
    """Return the SHA-256 of all that the result depends on: spec, data, threads and programs."""
    return hashlib.sha256(_json(_definition(run, data, libraries))).hexdigest()


def libraries(names: Iterable[str]) -> list[LibraryVersion]:
    """Return Python's version and those of ``names`` and of what every run uses, sorted."""
    found = {name: version(name) for name in {*names, *COMMON_LIBRARIES}}
    found["python"] = platform.python_version()
    return [LibraryVersion(name=name, version=found[name]) for name in sorted(found)]


def statement(
    run: Run,
    data: Sequence[DataUsed],
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
                    "buildDefinition": _definition(run, data, versions),
                    "runDetails": {"builder": {"id": BUILDER}},
                },
            }
        )
        + b"\n"
    )


def _definition(
    run: Run, data: Sequence[DataUsed], versions: Sequence[LibraryVersion]
) -> dict[str, Any]:
    return {
        "buildType": BUILD_TYPE,
        "externalParameters": {
            "model": run.model,
            # The address and the keys of the service say nothing about the data; ETags do.
            "data": run.data.model_copy(update={"object_store": None}).dump(),
            "train": run.train.dump(),
            "evaluation": run.evaluation.dump(),
        },
        "internalParameters": {"threads": run.threads, "workers": 1, "shardRule": "all"},
        "resolvedDependencies": [
            *({"name": each.source, "uri": each.uri, "annotations": each.dump()} for each in data),
            {"name": "trainer-image", "uri": run.image},
            *(
                {"name": each.name, "uri": f"pkg:pypi/{each.name}@{each.version}"}
                for each in versions
            ),
        ],
    }


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
