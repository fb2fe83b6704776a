"""The benchmark's model, an XGBoost classifier as our trainer writes it, and requests of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xgboost
from onnx import TensorProto, helper

from checkrail_api.artifact import FeatureProfile, Profile
from checkrail_trainer.workflows.xgboost_trees import FittedXGBoost
from harness.scoring_server import EDGES, MODEL

if TYPE_CHECKING:
    from pathlib import Path

TREES, DEPTH, FEATURES = 500, 6, 30
TRAINING_ROWS = 10_000
SEED = 7
INFER_PATH = f"/v2/models/{MODEL}/infer"
GRPC_PATH = "/inference.GRPCInferenceService/ModelInfer"
COLUMNS = [f"f{number}" for number in range(FEATURES)]


def trained() -> Any:
    """Return the ONNX model of one matrix, trained on rows made here; always the same one."""
    random = np.random.default_rng(SEED)
    rows = _training_rows(random)
    noisy = rows[:, :5].sum(axis=1) + rows[:, 5] * rows[:, 6] + random.normal(size=len(rows))
    params = {"objective": "binary:logistic", "max_depth": DEPTH, "tree_method": "hist", "seed": 7}
    booster = xgboost.train(params, xgboost.QuantileDMatrix(rows, noisy > 0), TREES)
    return FittedXGBoost(booster, 2).onnx()


def profile() -> Profile:
    """Return what training saw: of a model with an input for each feature all are looked at."""
    rows = _training_rows(np.random.default_rng(SEED))
    features = [
        FeatureProfile(name=name, datatype="FP32", null_rate="0", min=str(low), max=str(high))
        for name, low, high in zip(COLUMNS, rows.min(axis=0), rows.max(axis=0), strict=True)
    ]
    return Profile(features=features, score_output="probabilities", score_edges=EDGES)


def _training_rows(random: np.random.Generator) -> np.ndarray[Any, Any]:
    return random.normal(size=(TRAINING_ROWS, FEATURES)).astype(np.float32)


def with_columns(model: Any) -> bytes:
    """Return ``model`` with an input for each feature in the place of the matrix."""
    made = type(model).FromString(model.SerializeToString())
    made.graph.node.insert(0, helper.make_node("Concat", COLUMNS, ["matrix"], axis=1))
    del made.graph.input[:]
    made.graph.input.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", 1]) for name in COLUMNS
    )
    return bytes(made.SerializeToString())


@dataclass(frozen=True)
class Body:
    """What is posted, and what the header says of it."""

    file: Path
    json_size: int | None = None
    """Bytes of JSON before the binary tensors; None: there are none."""

    @property
    def content(self) -> bytes:
        """All bytes."""
        return self.file.read_bytes()

    def request(self, path: str) -> bytes:
        """Return the whole request, as it goes over the wire."""
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        return f"{head}Content-Length: {len(self.content)}\r\n\r\n".encode() + self.content


def values(rows: int) -> np.ndarray[Any, Any]:
    """Return ``rows`` rows of plain decimals."""
    return np.random.default_rng(8).normal(size=(rows, FEATURES)).round(4).astype(np.float32)


def json_body(folder: Path, rows: int, *, columns: bool = False) -> Body:
    """Return a request of one matrix of ``rows`` rows, or of an input for each feature."""
    matrix = values(rows)

    def tensor(name: str, part: np.ndarray[Any, Any]) -> dict[str, Any]:
        data = [round(value, 4) for value in part.ravel().tolist()]
        return {"name": name, "shape": list(part.shape), "datatype": "FP32", "data": data}

    inputs = (
        [tensor(name, matrix[:, [at]]) for at, name in enumerate(COLUMNS)]
        if columns
        else [tensor("matrix", matrix)]
    )
    return _written(folder / f"rows-{rows}-{columns}.json", json.dumps({"inputs": inputs}).encode())


def binary_body(folder: Path, rows: int) -> Body:
    """Return a request of ``rows`` rows as bytes, which wants bytes."""
    content = values(rows).tobytes()
    tensor = {
        "name": "matrix",
        "shape": [rows, FEATURES],
        "datatype": "FP32",
        "parameters": {"binary_data_size": len(content)},
    }
    document = {"inputs": [tensor], "parameters": {"binary_data_output": True}}
    head = json.dumps(document).encode()
    return _written(folder / f"rows-{rows}.bin", head + content, len(head))


def grpc_body(folder: Path) -> Body:
    """Return a call of one row, its tensor raw."""
    from checkrail_server import open_inference_pb2 as protocol  # noqa: PLC0415 - protobuf

    message = protocol.ModelInferRequest(model_name=MODEL)
    message.inputs.add(name="matrix", datatype="FP32", shape=[1, FEATURES])
    message.raw_input_contents.append(values(1).tobytes())
    content = message.SerializeToString()
    return _written(folder / "call.bin", b"\0" + len(content).to_bytes(4, "big") + content)


def _written(file: Path, content: bytes, json_size: int | None = None) -> Body:
    file.write_bytes(content)
    return Body(file, json_size)
