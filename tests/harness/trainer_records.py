"""What a trainer that published leaves behind: its record in the log, its termination message."""

import json
from typing import Any

from checkrail_api.artifact import Component
from checkrail_api.record import FeatureRecord, Origin, Record, record_lines
from checkrail_api.reports import DataUsed, FilterUsed, LibraryVersion, Metric, Signature, Tensor
from checkrail_api.score_bins import ScoreBins

ROC_AUC = Metric(name="roc_auc", value="0.743112")
JFK = Metric(name="roc_auc", value="0.71", slice="origin=JFK", rows=7_000)
LOG_LOSS = Metric(name="log_loss", value="0.41")
GATE = {
    "metric": "roc_auc",
    "bound": "min 0.70",
    "passed": True,
    "value": "0.743112",
}


def record(features: int = 2, categories: tuple[str, ...] = ("AA", "UA"), **more: Any) -> Record:
    """Return the record of a run with so many text features of these categories."""
    names = [f"f{number}" for number in range(features)]
    parts: dict[str, Any] = {
        "signature": Signature(
            inputs=[Tensor(name=name, datatype="BYTES", shape=[-1, 1]) for name in names],
            outputs=[Tensor(name="probabilities", datatype="FP32", shape=[-1, 2])],
        ),
        "components": [
            Component(
                name="model.onnx",
                media_type="application/vnd.onnx.model",
                sha256="3f9a1c20" + "0" * 56,
                size_bytes=123_456,
            )
        ],
        "features": [
            FeatureRecord(
                name=name,
                datatype="BYTES",
                origin=Origin(source="flights", column=name),
                null_rate="0.01",
                categories=list(categories),
                category_count=len(categories),
            )
            for name in names
        ],
        "scores": ScoreBins(output="probabilities", edges=["0.1", "0.5"]),
        "metrics": [ROC_AUC, JFK, LOG_LOSS],
        "data": [
            DataUsed(
                source="flights",
                uri="s3://lake/flights.parquet",
                etag="abc",
                bytes=1_000_000,
                rows=100_000,
            )
        ],
        "filters": [FilterUsed(column="month", op="LtEq", rows=90_000)],
        "versions": [LibraryVersion(name="xgboost", version="3.2.0")],
    }
    return Record(**{**parts, **more})


def left_behind(success: dict[str, Any], kept: Record) -> tuple[str, str]:
    """Return the log and the termination message of a trainer that published ``success``."""
    digest, lines = record_lines(kept)
    progress = json.dumps({"event": "progress", "phase": "Publishing", "percent": 99})
    log = "\n".join((progress, *lines, "done"))
    return log, json.dumps({**success, "gates": [GATE], "recordSha256": digest})
