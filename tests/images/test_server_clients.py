"""Real clients of other makers against the real server: one table of requests for all of them.

Each answer is what ONNX Runtime answers here, to the bit.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime as ort
import pytest

from checkrail_server.binary_tensors import encoded
from harness.client_environments import ask
from harness.one_matrix import tree_model
from harness.scoring_server import (
    MODEL,
    ScoringServer,
    artifact_files,
    flight_model,
    serving,
    written,
)
from harness.typed_model import datatype_of, extremes, typed_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    Array = np.ndarray[Any, Any]

pytestmark = pytest.mark.images

CLIENTS = [
    pytest.param(("tritonclient", "triton_http"), id="tritonclient-http"),
    pytest.param(("tritonclient", "triton_grpc"), id="tritonclient-grpc"),
    pytest.param(("kserve", "kserve_rest"), id="kserve-rest"),
    pytest.param(("kserve", "kserve_grpc"), id="kserve-grpc"),
]
FEATURES = 30
MODELS = {
    "flights": flight_model(),
    "typed": typed_model(),
    "matrix": tree_model(features=FEATURES),
}
PARAMETERS: dict[str, Any] = {"tenant": "Zürich", "trace": -7, "sampled": False}
"""The answer repeats them."""


def flights(rows: int) -> dict[str, tuple[str, Array]]:
    """Random flights: datatype and values of each input."""
    random = np.random.default_rng(rows)
    return {
        "distance": ("FP32", random.uniform(50, 3000, (rows, 1)).astype(np.float32)),
        "dep_hour": ("FP32", random.integers(0, 24, (rows, 1)).astype(np.float32)),
        "carrier": ("BYTES", random.choice(["AA", "UA", "", "Ü"], (rows, 1)).astype(object)),
    }


def matrix(rows: int) -> dict[str, tuple[str, Array]]:
    """Random rows of a packed matrix."""
    values = np.random.default_rng(rows).normal(size=(rows, FEATURES))
    return {"matrix": ("FP32", values.astype(np.float32))}


def of_every_type() -> dict[str, tuple[str, Array]]:
    return {f"in_{name}": (datatype_of(name), values) for name, values in extremes().items()}


@dataclass(frozen=True)
class Row:
    """A request of the table."""

    model: str
    inputs: dict[str, tuple[str, Array]]
    binary: bool = True
    outputs: list[str] | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    refused: str = ""
    """What the client hears of the refusal; empty: it is answered."""
    feeds: dict[str, Array] = field(default_factory=dict)
    """What the model is given, where it is not what is sent."""


TABLE = {
    "one row": Row("flights", flights(1)),
    "one row as JSON": Row("flights", flights(1), binary=False),
    "64 rows": Row("flights", flights(64)),
    "500 rows as JSON": Row("flights", flights(500), binary=False),
    "8,000 rows": Row("flights", flights(8000)),
    "one output of two": Row("flights", flights(3), outputs=["probabilities"]),
    "one output as JSON": Row("flights", flights(3), outputs=["label"], binary=False),
    "every datatype": Row("typed", of_every_type()),
    "every datatype as JSON": Row("typed", of_every_type(), binary=False),
    "outputs of every datatype": Row(
        "typed", of_every_type(), outputs=[f"out_{name}" for name in extremes()]
    ),
    "a matrix of one row": Row("matrix", matrix(1)),
    "a matrix of one row as JSON": Row("matrix", matrix(1), binary=False),
    "a matrix of 64 rows": Row("matrix", matrix(64)),
    "a matrix of 64 rows as JSON": Row("matrix", matrix(64), binary=False),
    "an output of a matrix as JSON": Row("matrix", matrix(64), outputs=["score"], binary=False),
    "parameters": Row("flights", flights(1), parameters=PARAMETERS),
    "parameters as JSON": Row("matrix", matrix(1), parameters=PARAMETERS, binary=False),
    "doubles for floats": Row(
        "flights",
        {**flights(1), "distance": ("FP64", np.array([[1.5]]))},
        feeds={"distance": np.array([[1.5]], np.float32)},
    ),
    "no such input": Row(
        "flights", {"distances": flights(1)["distance"]}, refused="did you mean 'distance'?"
    ),
    "no such output": Row(
        "flights", flights(1), outputs=["labels"], refused="did you mean 'label'?"
    ),
    "a lossy double": Row(
        "flights",
        {**flights(1), "distance": ("FP64", np.array([[0.1]]))},
        refused="no exact FP32 form",
    ),
}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, ScoringServer]]:
    folders = {name: tmp_path_factory.mktemp(name) for name in MODELS}
    ready = {name: written(artifact_files(MODELS[name]), folders[name] / "a") for name in MODELS}
    with contextlib.ExitStack() as stack:
        yield {name: stack.enter_context(serving(ready[name], folders[name])) for name in MODELS}


@pytest.fixture(scope="module", params=CLIENTS)
def answers(
    request: pytest.FixtureRequest, servers: dict[str, ScoringServer]
) -> dict[str, dict[str, Any]]:
    """What one client heard, by the rows of the table."""
    asked = [
        {
            "url": f"http://127.0.0.1:{servers[row.model].port}",
            "model": MODEL,
            "id": name,
            "binary": row.binary,
            "outputs": row.outputs,
            "parameters": row.parameters,
            "inputs": [
                {
                    "name": tensor,
                    "datatype": datatype,
                    "shape": list(values.shape),
                    "content": encoded(values, datatype).hex(),
                }
                for tensor, (datatype, values) in row.inputs.items()
            ],
        }
        for name, row in TABLE.items()
    ]
    environment, client = request.param
    return dict(zip(TABLE, ask(environment, client, asked), strict=True))


def wanted(row: Row) -> dict[str, str]:
    """Return what ONNX Runtime answers, each output as hex."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1  # as the server: threads add up trees in another order
    session = ort.InferenceSession(MODELS[row.model], options)
    kinds = {"tensor(string)": "BYTES"}
    feeds = {name: values for name, (_, values) in row.inputs.items()} | row.feeds
    names = row.outputs or [output.name for output in session.get_outputs()]
    datatypes = {output.name: kinds.get(output.type, "") for output in session.get_outputs()}
    outputs = session.run(names, feeds)
    return {
        name: encoded(values, datatypes[name]).hex()
        for name, values in zip(names, outputs, strict=True)
    }


@pytest.mark.parametrize("name", TABLE)
def test_every_client_hears_what_onnxruntime_answers(
    answers: dict[str, dict[str, Any]], name: str
) -> None:
    row, answer = TABLE[name], answers[name]

    if row.refused:
        assert row.refused in answer["error"]
    else:
        assert answer == {"id": name, "parameters": row.parameters, "outputs": wanted(row)}
