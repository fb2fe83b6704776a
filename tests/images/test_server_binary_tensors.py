"""The binary tensor extension on a real server: bytes in, bytes out, and what is in them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime as ort
import pytest

from checkrail_api.serving import DIGEST_HEADER
from checkrail_server.binary_tensors import encoded
from harness.binary_requests import BINARY, SIZE, binary, post
from harness.json_requests import INFER
from harness.scoring_server import (
    MODEL,
    ScoringServer,
    flight_model,
)
from harness.typed_model import MATRIX, datatype_of, extremes

if TYPE_CHECKING:
    import httpx

pytestmark = pytest.mark.images


def tensors(answer: httpx.Response) -> dict[str, bytes | list[Any]]:
    """Return the outputs by name: their bytes, or their data."""
    text, content = answer.content, b""
    if size := answer.headers.get(SIZE):
        text, content = text[: int(size)], text[int(size) :]
    found: dict[str, bytes | list[Any]] = {}
    for output in json.loads(text)["outputs"]:
        if parameters := output.get("parameters"):
            size = parameters["binary_data_size"]
            found[output["name"]], content = content[:size], content[size:]
        else:
            found[output["name"]] = output["data"]
    assert content == b""
    return found


def inputs(values: dict[str, np.ndarray[Any, Any]], *in_json: str) -> tuple[list[Any], bytes]:
    """Return the inputs and the bytes after the JSON; those in ``in_json`` carry their data."""
    items, content = [], b""
    for name, array in values.items():
        datatype, shape = datatype_of(name), list(array.shape)
        if name in in_json:
            item = {"name": f"in_{name}", "datatype": datatype, "shape": shape}
            items.append({**item, "data": array.ravel().tolist()})
            continue
        part = encoded(array, datatype)
        items.append(binary(f"in_{name}", datatype, shape, len(part)))
        content += part
    return items, content


def test_every_datatype_and_a_matrix_come_back_to_the_bit(typed: ScoringServer) -> None:
    items, content = inputs(extremes())

    answer = post(typed, {"inputs": items, "parameters": BINARY}, content)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers[DIGEST_HEADER]
    assert tensors(answer) == {
        f"out_{name}": encoded(array, datatype_of(name)) for name, array in extremes().items()
    }


def test_each_tensor_chooses_its_form(typed: ScoringServer) -> None:
    items, content = inputs(extremes(), "BYTES", "INT8", MATRIX)
    asked = {
        "inputs": items,
        "id": "r-1",
        "parameters": {**BINARY, "trace": 7},
        "outputs": [
            {"name": "out_FP64"},
            {"name": "out_BYTES", "parameters": {"binary_data": True}},
            {"name": "out_INT16", "parameters": {"binary_data": False}},
        ],
    }

    answer = post(typed, asked, content, content_type="application/octet-stream")

    size = int(answer.headers[SIZE])
    assert json.loads(answer.content[:size]) == {
        "model_name": MODEL,
        "model_version": answer.headers["x-checkrail-model-version"],
        "id": "r-1",
        "parameters": {"trace": 7},
        "outputs": [
            {"name": "out_INT16", "datatype": "INT16", "shape": [3, 1], "data": [-32768, 1, 32767]},
            {
                "name": "out_FP64",
                "datatype": "FP64",
                "shape": [3, 1],
                "parameters": {"binary_data_size": 24},
            },
            {
                "name": "out_BYTES",
                "datatype": "BYTES",
                "shape": [3, 1],
                "parameters": {"binary_data_size": 22},
            },
        ],
    }
    want = extremes()
    assert answer.content[size:] == encoded(want["FP64"], "FP64") + encoded(want["BYTES"], "BYTES")


def test_bytes_in_and_json_out(typed: ScoringServer) -> None:
    items, content = inputs(extremes())

    answer = post(typed, {"inputs": items}, content)

    assert (answer.headers["content-type"], SIZE in answer.headers) == ("application/json", False)
    assert tensors(answer)["out_BYTES"] == ["", "Zürich", "a\x00b"]


@pytest.mark.parametrize("nested", [False, True], ids=["flat", "nested"])
def test_json_of_every_datatype_comes_back_as_its_bytes(
    typed: ScoringServer, *, nested: bool
) -> None:
    items, _ = inputs(extremes(), *extremes())
    if nested:
        for item, array in zip(items, extremes().values(), strict=True):
            item["data"] = array.tolist()

    answer = typed.http.post(INFER, json={"inputs": items, "parameters": BINARY})

    assert tensors(answer) == {
        f"out_{name}": encoded(array, datatype_of(name)) for name, array in extremes().items()
    }


def test_scores_of_bytes_are_onnxruntimes_to_the_bit(server: ScoringServer) -> None:
    random = np.random.default_rng(7)
    values = {
        "distance": random.uniform(50, 3000, (500, 1)).astype(np.float32),
        "dep_hour": random.integers(0, 24, (500, 1)).astype(np.float32),
        "carrier": random.choice(["AA", "UA", ""], (500, 1)).astype(object),
    }
    kinds = {"distance": "FP32", "dep_hour": "FP32", "carrier": "BYTES"}
    parts = {name: encoded(array, kinds[name]) for name, array in values.items()}
    items = [binary(name, kinds[name], [500, 1], len(part)) for name, part in parts.items()]

    answer = post(server, {"inputs": items, "parameters": BINARY}, b"".join(parts.values()))

    label, probabilities = ort.InferenceSession(flight_model()).run(None, values)
    assert tensors(answer) == {
        "label": label.tobytes(),
        "probabilities": probabilities.tobytes(),
    }
