"""Calls of gRPC for the flight model."""

from __future__ import annotations

import struct
from typing import Any

from checkrail_server import open_inference_pb2 as pb
from harness.grpc_client import SERVICE
from harness.scoring_server import MODEL

CHECK = "/grpc.health.v1.Health/Check"
INFER = f"{SERVICE}ModelInfer"
RAW = [struct.pack("<f", 500), struct.pack("<f", 7), struct.pack("<I", 2) + b"UA"]


def flight(rows: int = 1, *, raw: bool = True, **fields: Any) -> Any:
    """Return a request of ``rows`` rows; its fields may be others."""
    kinds = {"distance": "FP32", "dep_hour": "FP32", "carrier": "BYTES"}
    values = {
        "distance": {"fp32_contents": [500] * rows},
        "dep_hour": {"fp32_contents": [7] * rows},
        "carrier": {"bytes_contents": [b"UA"] * rows},
    }
    inputs = [
        {"name": n, "datatype": k, "shape": [rows, 1], **({} if raw else {"contents": values[n]})}
        for n, k in kinds.items()
    ]
    contents = [part * rows for part in RAW] if raw else []
    default = {"model_name": MODEL, "inputs": inputs, "raw_input_contents": contents}
    return pb.ModelInferRequest(**{**default, **fields})
