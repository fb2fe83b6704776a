"""How small models are imported: put into the store, and recorded as versions."""

import hashlib
from functools import cache

from demo.team import FIRST_QUARTER, Body, Team, example

from checkrail_api.artifact import MANIFEST_FILE, MODEL_FILE, FeatureProfile, Profile
from checkrail_api.reports import Signature, Tensor
from e2e.bucket import write_objects
from harness.scoring_server import artifact_files

LINE = "steady"
EDGES = [round(0.1 * n, 1) for n in range(1, 10)]
SIGNATURE = Signature(
    inputs=[Tensor(name="x", datatype="FP32", shape=[-1, 1])],
    outputs=[Tensor(name="score", datatype="FP32", shape=[-1, 1])],
)


def import_version(team: Team, model: bytes, *, line: str = LINE) -> str:
    """Put a model and its profile into the store, record it, and return its version's name."""
    digest = hashlib.sha256(model).hexdigest()
    return record_version(team, line, publish(model), digest, size_bytes=len(model))


def record_version(
    team: Team, line: str, uri: str, sha256: str, *, size_bytes: int, **store: str
) -> str:
    """Record a version of what ``uri`` holds or not; ``store`` changes where that is."""
    name = f"{line}-{sha256[:8]}"
    known: Body = example(FIRST_QUARTER)["spec"]["store"]
    spec = {
        "model": line,
        "artifact": {"uri": uri, "sha256": sha256, "sizeBytes": size_bytes, "format": "ONNX"},
        "signature": SIGNATURE.dump(),
        "scores": {"output": "score", "edges": [str(edge) for edge in EDGES]},
        "store": {key: value for key, value in known.items() if key != "uri"} | store,
    }
    team.apply(version(name, spec))
    return name


def version(name: str, spec: Body) -> Body:
    """Return a ModelVersion."""
    return {
        "apiVersion": "checkrail.dev/v1alpha1",
        "kind": "ModelVersion",
        "metadata": {"name": name},
        "spec": spec,
    }


@cache
def publish(model: bytes) -> str:
    """Put a model and its profile into the store, the manifest last; return where."""
    profile = Profile(
        features=[FeatureProfile(name="x", datatype="FP32", null_rate="0", min="0", max="1")],
        score_output="score",
        score_edges=EDGES,
    )
    files = artifact_files(model, SIGNATURE, profile)
    order = sorted(files, key=lambda each: (each == MANIFEST_FILE, each != MODEL_FILE))
    uri = f"s3://models/imported/{hashlib.sha256(model).hexdigest()}"
    write_objects(uri, {name: files[name] for name in order})
    return uri
