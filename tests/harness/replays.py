"""A run that is replayed: the table it reads, and what its artifact claims."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from checkrail_api.artifact import Manifest
from checkrail_api.kind import API_VERSION
from checkrail_api.names import model_version_name

if TYPE_CHECKING:
    from harness import trainer
    from harness.object_store import ObjectStoreServer

ROWS = 1200


def measurements(seed: int) -> bytes:
    """Return a table of two numbers and a text that decide a label, with noise."""
    random = np.random.default_rng(seed)
    first, second = random.normal(size=ROWS), random.normal(size=ROWS)
    group = random.choice(["a", "b", "c"], ROWS)
    late = first + 0.5 * second + (group == "a") + random.normal(size=ROWS) > 0
    table = pa.table(
        {"id": np.arange(ROWS), "first": first, "second": second, "group": group, "late": late}
    )
    body = io.BytesIO()
    pq.write_table(table, body)
    return body.getvalue()


def uri(published: trainer.Ended) -> str:
    """Return where its artifact is."""
    return str(published.report["artifact"]["uri"])


def model_version(published: trainer.Ended) -> dict[str, Any]:
    """Return the ModelVersion of a run, as the operator would write it."""
    artifact, record = published.report["artifact"], published.record
    assert record is not None
    return {
        "apiVersion": API_VERSION,
        "kind": "ModelVersion",
        "metadata": {"name": model_version_name("model", artifact["sha256"])},
        "spec": {
            "model": "model",
            "artifact": artifact,
            "components": [each.dump() for each in record.components],
            "store": {"credentialsSecretRef": {"name": "s3"}},
        },
    }


def swapped(lake: ObjectStoreServer, model: str, statement: bytes) -> str:
    """Publish the model of an artifact with another provenance."""
    manifest = Manifest.model_validate_json(lake.get(f"{model}/manifest.json"))
    claimed = f"s3://models/claimed/{manifest.sha256}"
    components = [
        each.model_copy(
            update={"sha256": hashlib.sha256(statement).hexdigest(), "size_bytes": len(statement)}
        )
        if each.name == "provenance.intoto.jsonl"
        else each
        for each in manifest.components
    ]
    body = manifest.model_copy(update={"components": components}).model_dump_json(by_alias=True)
    lake.put(f"{claimed}/manifest.json", body.encode())
    lake.put(f"{claimed}/model.onnx", lake.get(f"{model}/model.onnx"))
    lake.put(f"{claimed}/provenance.intoto.jsonl", statement)
    return claimed
